/** Inputs, outputs, events and state of the payee's side (`provider.ts`). */
import type { Millis } from '#base/clock.ts'
import type { Hash32 } from '#base/hex.ts'
import type { Result } from '#base/result.ts'
import type { TokenUnits } from '#base/units/money.ts'
import type { MeterDrop, PauseReason, Refusal } from '../meter/constants.ts'
import type { LossMark } from '../meter/loss.ts'
import type { VoucherMessage } from '../meter/messages.ts'
import type { Bucket, Rate } from '../meter/rate.ts'
import type { Reading } from '../meter/reading.ts'
import type { Parameters } from '../tariff/constants.ts'
import type { Agreement, ChannelFacts, ClosingStatement, VoucherRecord } from './session.ts'
import type { CryptoJob } from './signer.ts'

/** Counters of the tunnel, cumulative since the session began (`PeerCounters` of the provider's engine). */
export interface ProviderCounters {
  readonly sentBytes: bigint
  readonly receivedBytes: bigint
}

export interface ProviderOptions {
  readonly agreement: Agreement
  readonly facts: ChannelFacts
  /** Amount of the newest voucher that is held for the channel; 0 for a new one. What exceeds the base is credit. */
  readonly heldAmount: TokenUnits
  readonly rttMs: Millis
  readonly parameters: Parameters
}

export type ProviderInput =
  | { readonly kind: 'datagram'; readonly datagram: Uint8Array; readonly counters: ProviderCounters }
  | { readonly kind: 'tick'; readonly counters: ProviderCounters }
  | { readonly kind: 'verified'; readonly job: number; readonly valid: boolean; readonly counters: ProviderCounters }
  /** The chain showed something new: a top-up, a claim, a close that was started. */
  | { readonly kind: 'facts'; readonly facts: ChannelFacts; readonly counters: ProviderCounters }
  | { readonly kind: 'rtt'; readonly rttMs: Millis }
  /** The owner stops: service ends, the consumer is told. */
  | { readonly kind: 'stop'; readonly counters: ProviderCounters }
  /** A `close` request of session control; undefined: the consumer signed nothing in this session. */
  | {
      readonly kind: 'close'
      readonly statement: ClosingStatement | undefined
      readonly counters: ProviderCounters
    }

export type ProviderOutput =
  | Extract<CryptoJob, { kind: 'verify' }>
  /** Durable before anything that follows. */
  | { readonly kind: 'record'; readonly record: VoucherRecord }
  | { readonly kind: 'record-closing'; readonly statement: ClosingStatement }
  | { readonly kind: 'send'; readonly datagram: Uint8Array }
  /** Bytes (received + sent since the session began) up to which the engine serves. */
  | { readonly kind: 'allowance'; readonly bytes: bigint }
  | { readonly kind: 'service'; readonly service: 'open' | 'paused' }
  /** Answer to the input `close`: the amount that the channel owes now, or the refusal for the reply. */
  | { readonly kind: 'close-answer'; readonly answer: Result<TokenUnits, 'final-amount'> }
  | { readonly kind: 'event'; readonly event: ProviderEvent }

export type ProviderEvent =
  | { readonly kind: 'service-open' }
  | { readonly kind: 'paused'; readonly reason: PauseReason }
  | { readonly kind: 'accepted'; readonly seq: number; readonly amount: TokenUnits }
  | { readonly kind: 'refused'; readonly code: Refusal }
  /** The payer started to close, or the channel expires soon: claim the newest voucher now. */
  | { readonly kind: 'claim-wanted' }
  | { readonly kind: 'closing' }
  | { readonly kind: 'closed'; readonly statement: ClosingStatement | undefined }

/** Why a datagram was dropped without an answer, besides what the parser says. */
export type VoucherDrop = MeterDrop | 'voucher-kind'

export type ProviderPhase =
  /** Before the first voucher: nothing is served. */
  | { readonly kind: 'awaiting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'paused'; readonly reason: PauseReason }
  /** The consumer asked to finish, or asked to close. */
  | { readonly kind: 'closing' }
  | { readonly kind: 'closed'; readonly statement: ClosingStatement | undefined }

/** A challenge that may still be answered. */
export interface Outstanding {
  readonly seq: number
  readonly challenge: Hash32
  readonly upReceived: bigint
  readonly downSent: bigint
}

export interface ProviderState {
  readonly options: ProviderOptions
  readonly phase: ProviderPhase
  readonly facts: ChannelFacts
  readonly rttMs: Millis
  readonly rate: Rate
  readonly bucket: Bucket
  readonly nextSeq: number
  /** Newest last; at most eight, none older than the accepted one. */
  readonly outstanding: readonly Outstanding[]
  /** When the last input was handled. */
  readonly steppedMs: Millis
  readonly challengedMs: Millis
  /** State of service that the newest challenge told. */
  readonly toldPhase: string
  /** Bytes served (received + sent) at the newest challenge. */
  readonly challengedBytes: bigint
  /** Challenges since the last valid voucher. */
  readonly unanswered: number
  readonly acceptedSeq: number
  readonly acceptedAmount: TokenUnits
  /** Undefined before the first voucher of this session. */
  readonly acceptedReading: Reading | undefined
  readonly acceptedVouchers: number
  readonly lossMarks: readonly LossMark[]
  readonly writtenOff: bigint
  /** Of the newest refused voucher since the last challenge. */
  readonly refusal: Refusal
  readonly verifying: { readonly job: number; readonly message: VoucherMessage } | undefined
  /** The newest voucher that came while another one was verified. */
  readonly queued: VoucherMessage | undefined
  readonly nextJob: number
  readonly drops: Readonly<Partial<Record<VoucherDrop, number>>>
  readonly refusals: Readonly<Partial<Record<Refusal, number>>>
}

export interface ProviderStep {
  readonly state: ProviderState
  readonly outputs: readonly ProviderOutput[]
}

/** Inputs, outputs, events and state of the payer's side (`consumer.ts`). */
import type { Millis } from '#base/clock.ts'
import type { TokenUnits } from '#base/units/money.ts'
import type { MeterDrop, PauseReason, Refusal } from '../meter/constants.ts'
import type { Challenge } from '../meter/messages.ts'
import type { Bucket, Rate } from '../meter/rate.ts'
import type { Reading } from '../meter/reading.ts'
import type { Parameters } from '../tariff/constants.ts'
import type { Agreement, ChannelFacts, ClosingStatement, VoucherRecord } from './session.ts'
import type { CryptoJob } from './signer.ts'

/** Counters of the tunnel, cumulative since the session began (`PeerCounters` of the consumer's engine). */
export interface ConsumerCounters {
  readonly sentBytes: bigint
  readonly receivedBytes: bigint
  readonly receivedPackets: bigint
  /** Part of `receivedBytes` that belongs to flows which this side opened. */
  readonly billableReceivedBytes: bigint
  readonly lostPackets: bigint
}

export interface SpendLimits {
  /** Above the base, session fee included. */
  readonly sessionUnits: TokenUnits
  /** In any 60 seconds. */
  readonly minuteUnits: TokenUnits
}

export interface ConsumerOptions {
  readonly agreement: Agreement
  readonly facts: ChannelFacts
  /** The highest amount ever signed for the channel; 0 for a new one. */
  readonly lastAmount: TokenUnits
  readonly limits: SpendLimits
  /** Bytes in dispute that are paid rather than argued about, over the whole session. 0: none. */
  readonly disputedBytes: bigint
  /** False for upload-only traffic that nothing answers: then what is sent is believed to be carried. */
  readonly holdUnanswered: boolean
  readonly rttMs: Millis
  readonly parameters: Parameters
}

export type ConsumerInput =
  | { readonly kind: 'datagram'; readonly datagram: Uint8Array; readonly counters: ConsumerCounters }
  | { readonly kind: 'tick'; readonly counters: ConsumerCounters }
  | { readonly kind: 'signed'; readonly job: number; readonly signature: Uint8Array }
  /** The chain showed something new: a top-up, a claim, a close. */
  | { readonly kind: 'facts'; readonly facts: ChannelFacts }
  | { readonly kind: 'rtt'; readonly rttMs: Millis }
  /** Traffic has stopped: ask for the final challenge. Answered by the output `final`, within two seconds. */
  | { readonly kind: 'finish'; readonly counters: ConsumerCounters }

export type ConsumerOutput =
  | Extract<CryptoJob, { kind: 'sign' }>
  /** Durable before anything that follows. */
  | { readonly kind: 'record'; readonly record: VoucherRecord }
  | { readonly kind: 'send'; readonly datagram: Uint8Array }
  /** What to send in the `close` request; undefined where nothing was ever signed in this session. */
  | { readonly kind: 'final'; readonly statement: ClosingStatement | undefined }
  | { readonly kind: 'event'; readonly event: ConsumerEvent }

export type ConsumerEvent =
  | { readonly kind: 'service-open' }
  /** `unexplainedBytes`: what the provider says it sent beyond what arrived and what the tunnel's counters miss. */
  | { readonly kind: 'paused'; readonly reason: PauseReason; readonly unexplainedBytes: bigint }
  | { readonly kind: 'provider-closing' }
  | { readonly kind: 'refused'; readonly code: Refusal }
  | { readonly kind: 'top-up-wanted'; readonly left: TokenUnits }
  /** Nothing is signed while this holds. */
  | { readonly kind: 'held'; readonly code: HoldCode }
  | { readonly kind: 'resumed' }
  /** Nothing is signed any more in this session. */
  | { readonly kind: 'stopped'; readonly code: StopCode }
  /** No challenge for 15 s: open a new session. */
  | { readonly kind: 'provider-silent' }
  /** Paid, and yet paused as unpaid for 10 s. */
  | { readonly kind: 'provider-withholds' }

/** Why nothing is signed for the moment. */
export type HoldCode = 'limit-session' | 'limit-minute' | 'deposit-exhausted' | 'provider-not-serving'
/**
 * `provider-over-reports`: says that it received more than was sent. `provider-accepted-unknown`: names an amount that
 * was never signed here.
 */
export type StopCode = 'provider-over-reports' | 'provider-accepted-unknown'

/** Why a challenge was dropped, besides what the parser says. */
export type ChallengeDrop =
  MeterDrop | 'challenge-session' | 'challenge-stale' | 'challenge-kind' | 'challenge-counters'

export type ConsumerPhase =
  | { readonly kind: 'active' }
  | { readonly kind: 'finishing'; readonly sinceMs: Millis; readonly askAtMs: Millis }
  | { readonly kind: 'stopped'; readonly code: StopCode }
  | { readonly kind: 'ended' }

export interface ConsumerState {
  readonly options: ConsumerOptions
  readonly phase: ConsumerPhase
  readonly facts: ChannelFacts
  readonly rttMs: Millis
  /** The newest challenge seen. */
  readonly seen: Challenge | undefined
  readonly heardMs: Millis
  /** When the last input was handled. */
  readonly steppedMs: Millis
  /** Waits for a signature in progress, or for the rate limit. */
  readonly pending: Pending | undefined
  readonly signing: Signing | undefined
  readonly nextJob: number
  readonly bucket: Bucket
  /** The highest amount signed. */
  readonly lastAmount: TokenUnits
  readonly lastReading: Reading | undefined
  readonly vouchers: number
  /** Amounts signed in the last minute, oldest first, each with what was signed before it. */
  readonly minute: readonly { readonly atMs: Millis; readonly before: TokenUnits }[]
  readonly rate: Rate
  readonly answered: Answered
  /** Disputed bytes that were accepted so far. */
  readonly disputedPaid: bigint
  readonly hold: HoldCode | undefined
  readonly told: {
    /** The deposit for which a top-up was asked. */
    readonly topUpAt: TokenUnits | undefined
    readonly silent: boolean
    readonly withheldSince: Millis | undefined
    readonly withheld: boolean
  }
  readonly drops: Readonly<Partial<Record<ChallengeDrop, number>>>
}

export interface Pending {
  readonly challenge: Challenge
  readonly counters: ConsumerCounters
}

export interface Signing {
  readonly job: number
  readonly reading: Reading
  readonly amount: TokenUnits
  readonly final: boolean
}

/** What came back for what was sent, at the newest challenge that showed new bytes. */
export interface Answered {
  /** Bytes that the provider had received before something came back. */
  readonly upBytes: bigint
  /** Our billable count then. */
  readonly receivedBytes: bigint
}

export interface ConsumerStep {
  readonly state: ConsumerState
  readonly outputs: readonly ConsumerOutput[]
}

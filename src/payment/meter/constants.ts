/** Names and numbers of `docs/protocol/meter.md`. */
export const METER_VERSION = 1
export const MAX_METER_BYTES = 512

export const MESSAGE = { challenge: 1, voucher: 2, finish: 3 } as const

export const CHALLENGE_BYTES = 126
export const VOUCHER_BYTES = 259
export const FINISH_BYTES = 32

/** The provider's state, as a challenge states it; the index is the code. */
export const SERVICE_STATES = ['awaiting', 'open', 'paused', 'closing'] as const
export type ServiceState = (typeof SERVICE_STATES)[number]

/** Why service is paused; the index is the code. */
export const PAUSE_REASONS = [
  'none',
  'unpaid',
  'loss-disputed',
  'deposit-exhausted',
  'channel-closing',
  'provider-stopping',
  'expired',
] as const
export type PauseReason = (typeof PAUSE_REASONS)[number]

/** Why a voucher was refused; the index is the code. */
export const REFUSALS = [
  'none',
  'voucher-session',
  'voucher-channel',
  'voucher-signature',
  'voucher-amount-lower',
  'voucher-amount-deposit',
  'voucher-amount-short',
  'voucher-challenge',
  'voucher-quote',
  'voucher-up',
  'voucher-loss',
  'voucher-down-excess',
  'voucher-rate',
] as const
export type Refusal = (typeof REFUSALS)[number]

/** Why a datagram was dropped before anything was known about it. */
export const METER_DROPS = ['meter-length', 'meter-version', 'meter-type', 'meter-field'] as const
export type MeterDrop = (typeof METER_DROPS)[number]

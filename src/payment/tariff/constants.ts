/**
 * The parameters of the money protocol in one place. `docs/protocol/meter.md` ("Amounts", "Loss") says what each does;
 * both sides use the same values unless their owner sets a stricter one.
 */
import { DAY_MS, HOUR_MS, SECOND_MS, type Millis } from '#base/clock.ts'
import { units, unitsPerGibOf, type TokenUnits, type UnitsPerGib } from '#base/units/money.ts'

export interface Parameters {
  /** A challenge and its voucher every max(`intervalBytes`, `intervalMs` of traffic), at most `vouchersPerSecond`. */
  readonly intervalBytes: bigint
  readonly intervalMs: Millis
  readonly vouchersPerSecond: number
  readonly voucherBurst: number
  /** The prepaid window in intervals, and its cap in money: what a cheating provider can keep at most. */
  readonly windowIntervals: bigint
  readonly windowCapUnits: TokenUnits
  /** A window holds at least this, however dear the traffic: a few full packets. */
  readonly windowFloorBytes: bigint
  /** The largest inner packet: where less than this is left of the allowance, the next one does not fit. */
  readonly packetBytes: bigint
  /** Loss that is written off: this share of the bytes sent, in thousandths, and this many bytes on top. */
  readonly lossPerMille: bigint
  readonly lossSlackBytes: bigint
  /** The provider's rhythm when nothing flows, and while a challenge is unanswered or service is stopped. */
  readonly idleChallengeMs: Millis
  readonly retryChallengeMs: Millis
  /** Retries keep that rhythm this often, then double up to the idle one. */
  readonly promptRetries: number
  /** The consumer takes the provider for gone after this long without a challenge. */
  readonly silentMs: Millis
  /** Paused although paid for, or nothing comes back for what is sent: tolerated this long. */
  readonly withheldMs: Millis
  /** Until one is measured. */
  readonly defaultRttMs: Millis
  readonly sessionFeeUnits: TokenUnits
  readonly priceUnitsPerGib: UnitsPerGib
  readonly minimumDepositUnits: TokenUnits
  readonly suggestedDepositUnits: TokenUnits
  /** A session starts only where the channel can pay the fee and this many intervals. */
  readonly startIntervals: bigint
  /** No session starts, and a running one is paused, this long before the channel expires. */
  readonly expiryMarginMs: Millis
  /** The consumer is told to top up when less than this many windows, or this share in thousandths, is left. */
  readonly topUpWindows: bigint
  readonly topUpPerMille: bigint
  /** The provider claims at this much unclaimed, or after this time. */
  readonly claimUnits: TokenUnits
  readonly claimAfterMs: Millis
  readonly closeWindowMs: Millis
  readonly channelLifeMs: Millis
  readonly quoteLifeMs: Millis
}

export const DEFAULT_PARAMETERS: Parameters = {
  intervalBytes: 1n << 20n,
  intervalMs: 250,
  vouchersPerSecond: 4,
  voucherBurst: 4,
  windowIntervals: 2n,
  windowCapUnits: units(5_000n),
  windowFloorBytes: 16_384n,
  packetBytes: 1_500n,
  lossPerMille: 30n,
  lossSlackBytes: 65_536n,
  idleChallengeMs: 10 * SECOND_MS,
  retryChallengeMs: 250,
  promptRetries: 8,
  silentMs: 15 * SECOND_MS,
  withheldMs: 10 * SECOND_MS,
  defaultRttMs: 100,
  sessionFeeUnits: units(1_000n),
  // 0.10 USD for 10^9 bytes, rounded to a number that a person can read: 0.107 USD for 2^30.
  priceUnitsPerGib: unitsPerGibOf(107_000n),
  minimumDepositUnits: units(250_000n),
  suggestedDepositUnits: units(2_000_000n),
  startIntervals: 2n,
  expiryMarginMs: HOUR_MS,
  topUpWindows: 4n,
  topUpPerMille: 100n,
  claimUnits: units(500_000n),
  claimAfterMs: 7 * DAY_MS,
  closeWindowMs: 72 * HOUR_MS,
  channelLifeMs: 90 * DAY_MS,
  quoteLifeMs: HOUR_MS,
}

/** What a session cost whom. Money from the chain, bytes from the kernels' counters, the window from the real quote. */
import { formatUnits, priceOfBytes, units, unitsPerGibOf } from '#base/units/money.ts'
import { DEFAULT_PARAMETERS } from '#payment/tariff/constants.ts'
import { windowBytes } from '#payment/tariff/tariff.ts'
import { CaseFailed, type Figures } from '../netlab/index.ts'
import type { Amount, SessionView } from '../demo/world.ts'
import type { TunnelTraffic } from './tunnel-watch.ts'

/** What `adit sessions` says of a session. */
export interface StageView extends SessionView {
  readonly startedAtMs: number
  readonly vouchers: number
  readonly priceUnitsPerGib: Amount
  readonly sessionFee: Amount
  /** Covered by the newest voucher, this session alone. */
  readonly paid: Amount
}

/** Base units and inner bytes. */
export interface Bill {
  readonly consumerView: StageView
  readonly providerView: StageView
  /** Sessions for which a fee was due. */
  readonly sessions: number
  readonly sessionFee: bigint
  /** What the contract moved from consumer to provider, protocol fee included. */
  readonly paid: bigint
  /** Inner bytes that reached the consumer from the web server, and that left the provider's home for the internet. */
  readonly deliveredDown: bigint
  readonly carriedUp: bigint
  /** What these bytes are worth by the quote. */
  readonly worth: bigint
  /** The largest window of this session: by the quote's price, the protocol's parameters and the highest rate seen. */
  readonly window: bigint
}

export function billOf(seen: {
  readonly consumerView: StageView
  readonly providerView: StageView
  readonly traffic: TunnelTraffic
  readonly deliveredDown: bigint
  readonly carriedUp: bigint
  readonly paid: bigint
  readonly sessions: number
}): Bill {
  const { consumerView, providerView, traffic, deliveredDown, carriedUp } = seen
  const price = unitsPerGibOf(BigInt(consumerView.priceUnitsPerGib.units))
  const rate = BigInt(traffic.peakBytesPerSecond)
  const window = windowBytes(DEFAULT_PARAMETERS, price, rate, DEFAULT_PARAMETERS.defaultRttMs)
  return {
    consumerView,
    providerView,
    sessions: seen.sessions,
    sessionFee: BigInt(consumerView.sessionFee.units),
    paid: seen.paid,
    deliveredDown,
    carriedUp,
    worth: priceOfBytes(deliveredDown + carriedUp, price),
    window: priceOfBytes(window, price),
  }
}

/** What playing a case brings: figures of its own, and a check of the bill once all have left. */
export interface Played {
  readonly figures: Figures
  readonly check?: (bill: Bill, figures: Figures) => void
}

export interface Verdict {
  readonly figures: Figures
  readonly loss: bigint
  /** The same as a share of the window. */
  readonly lossInWindows: number
}

export type Honest = 'consumer' | 'provider' | 'both'

/**
 * The figures of a case. The honest consumer loses what it paid beyond the session fee and the worth of what came; the
 * honest provider what it carried beyond what it was paid. The fee is the price of a session and stands apart.
 */
export function judge(bill: Bill, honest: Honest): Verdict {
  const paidForTraffic = bill.paid - bill.sessionFee * BigInt(bill.sessions)
  const consumerLoss = paidForTraffic > bill.worth ? paidForTraffic - bill.worth : 0n
  const providerLoss = bill.worth > paidForTraffic ? bill.worth - paidForTraffic : 0n
  const loss =
    honest === 'consumer' ? consumerLoss : honest === 'provider' ? providerLoss : max(consumerLoss, providerLoss)
  const figures: Figures = {
    honest,
    loss: `$${formatUnits(units(loss))}`,
    lossUnits: Number(loss),
    windowUnits: Number(bill.window),
    sessionFeeUnits: Number(bill.sessionFee),
    ...figuresOf(bill),
  }
  expect(bill.sessions === 1, 'one session, and one session fee', figures)
  expect(paidForTraffic >= 0n, 'the session fee is paid', figures)
  expect(loss <= bill.window, 'the honest side loses at most one window', figures)
  return { figures, loss, lossInWindows: Number(loss) / Number(bill.window) }
}

function figuresOf({ consumerView, providerView, sessions, paid, deliveredDown, carriedUp }: Bill): Figures {
  return {
    providerState: stateOf(providerView),
    consumerState: stateOf(consumerView),
    sessions,
    paidUnits: Number(paid),
    deliveredDownBytes: Number(deliveredDown),
    carriedUpBytes: Number(carriedUp),
  }
}

/** `paused unpaid`. */
export function stateOf({ state, reason }: SessionView): string {
  return reason === null ? state : `${state} ${reason}`
}

export function expect(holds: boolean, what: string, figures: Figures): void {
  if (!holds) throw new CaseFailed(what, figures)
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

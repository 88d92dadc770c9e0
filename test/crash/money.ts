/** Who paid what after a crash: both sides' explanations, and the chain's own books. */
import { CaseFailed } from '../netlab/index.ts'
import { books, explainAll, type Scene } from './scene.ts'

/** docs/protocol/meter.md, "Amounts": a window is at most what $0.005 buys. */
export const WINDOW_UNITS = 5_000n
const GIB = 1n << 30n
const PRICE_UNITS_PER_GIB = 100_000n
const SESSION_FEE_UNITS = 1_000n

export interface Money {
  readonly sessions: number
  /** Payload that arrived, by curl. */
  readonly received: number
  /** Claimed and closed on the chain, base units. */
  readonly paid: bigint
  /** Fees and payload at the agreed price. */
  readonly worth: bigint
  /** What was paid above the worth, with headers allowed for; and what was delivered and not paid. */
  readonly consumerLoss: bigint
  readonly providerLoss: bigint
}

/** What the chain paid out so far, of all channels. */
export async function paidOnChain(scene: Scene): Promise<bigint> {
  const { events } = await books(scene)
  const totals = new Map<string, bigint>()
  for (const { name, args } of events) {
    if (name !== 'Claimed' && name !== 'ChannelClosed') continue
    const channel = args['channel'] ?? ''
    const total = BigInt(args['total'] ?? 0)
    if (total > (totals.get(channel) ?? 0n)) totals.set(channel, total)
  }
  return [...totals.values()].reduce((sum, total) => sum + total, 0n)
}

/**
 * The channel is closed or claimed: every explanation adds up on both sides, the chain paid what the newest voucher or
 * closing statement says, and neither side lost more than one window for each of `breaks` broken sessions.
 */
export async function settled(
  scene: Scene,
  ids: ReadonlySet<string>,
  received: number,
  breaks: number,
): Promise<Money> {
  const { provider, consumer } = scene.world
  const list = [...ids]
  const bought = await explainAll(consumer, 'consumer', list)
  const sold = await explainAll(provider, 'provider', list)
  const wrong = [...bought, ...sold].filter(({ ok }) => !ok)
  const texts = wrong.map(({ id, role, failed }) => `${role} ${id.slice(0, 8)}: ${failed.join(', ')}`)
  const paid = await paidOnChain(scene)
  const fees = SESSION_FEE_UNITS * BigInt(ids.size)
  const traffic = (PRICE_UNITS_PER_GIB * BigInt(received)) / GIB
  const worth = fees + traffic
  const money: Money = {
    sessions: ids.size,
    received,
    paid,
    worth,
    // Headers of what curl counts as payload, acknowledgements and segments under way: a tenth, generously.
    consumerLoss: positive(paid - fees - (traffic * 11n) / 10n),
    providerLoss: positive(worth - paid),
  }
  const figures = { paidUnits: Number(paid), worthUnits: Number(worth), receivedBytes: received }
  const allowed = WINDOW_UNITS * BigInt(Math.max(1, breaks))
  if (wrong.length > 0) throw new CaseFailed(`sums do not hold: ${texts.join('; ')}`, figures)
  if (money.consumerLoss > allowed) throw new CaseFailed('the consumer paid more than one window too much', figures)
  if (money.providerLoss > allowed) throw new CaseFailed('the provider lost more than one window', figures)
  if (paid === 0n) throw new CaseFailed('nothing was paid', figures)
  return money
}

function positive(value: bigint): bigint {
  return value > 0n ? value : 0n
}

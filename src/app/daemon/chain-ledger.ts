/** What the chain says about our channels -> the store: deposits, claims, fees, refunds, each with its transaction. */
import type { Millis } from '#base/clock.ts'
import { addUnits, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import type { ChainEvent, Hex } from '#payment/chain/types.ts'
import type { ChainNews } from './chain-monitor.ts'
import type { ChannelChange, Store, StoredTransaction, TransactionKind } from '../store/index.ts'

/** Idempotent: the same events again leave the same rows. Events of channels that are not stored change nothing. */
export function recordNews(store: Store, news: ChainNews, atMs: Millis): void {
  store.transaction(() => {
    if (news.kind === 'deep-reorg') {
      // Blocks below the new head may be others, too: nothing counts until it is read again from the deployment on.
      store.transactions.forgetAbove(-1)
      return
    }
    if (news.kind === 'reorg') store.transactions.forgetAbove(news.ancestorBlock)
    recordEvents(store, news.events, atMs)
  })
}

/** A tip is paid in the transaction of the action that it is for: it is written down with that action. */
function recordEvents(store: Store, events: readonly ChainEvent[], atMs: Millis): void {
  const own = ownAccounts(store)
  const tips = new Map<Hex, TokenUnits>()
  for (const event of events) {
    if (event.kind !== 'tip-paid' || !own.has(event.from)) continue
    tips.set(event.transaction, addUnits(tips.get(event.transaction) ?? ZERO_UNITS, event.tip))
  }
  for (const event of events) {
    recordEvent(store, event, atMs, tips.get(event.transaction))
    // Of several actions in one transaction the first carries the tip.
    if (event.kind !== 'tip-paid') tips.delete(event.transaction)
  }
}

/** Accounts that this store keeps the books of. */
function ownAccounts(store: Store): ReadonlySet<string> {
  return new Set([
    ...store.channels.list('payee').map((channel) => channel.provider),
    ...store.channels.list('payer').map((channel) => channel.payer),
  ])
}

/** One event, e.g. of a receipt that we waited for ourselves. */
export function recordEvent(store: Store, event: ChainEvent, atMs: Millis, tip: TokenUnits = ZERO_UNITS): void {
  // Somebody else may withdraw to our account: that is a gift, not our balance in the contract.
  if (event.kind === 'withdrawn' && !ownAccounts(store).has(event.account)) return
  const effect = effectOf(store, event)
  if (effect === undefined) return
  const { change, ...moved } = effect
  if (effect.channel !== '') {
    const isOurs = store.channels.find(effect.channel, 'payee') ?? store.channels.find(effect.channel, 'payer')
    if (isOurs === undefined) return
    if (change !== undefined) store.channels.update(effect.channel, change, atMs)
  }
  const known = store.transactions.ofChannel(effect.channel === '' ? NO_CHANNEL : effect.channel)
  const first = known.find((one) => one.hash === event.transaction && one.kind === effect.kind)
  store.transactions.put({
    hash: event.transaction,
    session: undefined,
    status: 'included',
    block: event.block,
    totalAfter: undefined,
    fee: ZERO_UNITS,
    tip,
    refund: ZERO_UNITS,
    gasUsed: undefined,
    gasPrice: undefined,
    atMs: first?.atMs ?? atMs,
    ...moved,
  })
}

type Effect = Pick<StoredTransaction, 'kind' | 'channel' | 'amount'> &
  Partial<Pick<StoredTransaction, 'totalAfter' | 'fee' | 'refund'>> & { readonly change?: ChannelChange }

function effectOf(store: Store, event: ChainEvent): Effect | undefined {
  switch (event.kind) {
    case 'channel-opened': {
      const { channel, deposit, expiry } = event
      return { kind: 'open', channel, amount: deposit, change: { deposit, expiry, state: 'open' } }
    }
    case 'channel-topped-up': {
      const { channel, added, deposit, expiry } = event
      return { kind: 'top-up', channel, amount: added, change: { deposit, expiry } }
    }
    case 'claimed': {
      const { channel, amount, total, fee } = event
      return { kind: 'claim', channel, amount, totalAfter: total, fee, change: { claimed: total } }
    }
    case 'close-started': {
      const { channel, closeAt } = event
      return { kind: 'start-close', channel, amount: ZERO_UNITS, change: { closeAt, state: 'closing' } }
    }
    case 'channel-closed': {
      const { channel, amount, total, fee, refund } = event
      return {
        kind: closeKind(store, channel, amount > 0n),
        channel,
        amount,
        totalAfter: total,
        fee,
        refund,
        change: { claimed: total, state: 'closed' },
      }
    }
    case 'withdrawn':
      return { kind: 'withdraw', channel: '', amount: event.amount }
    default:
      return undefined
  }
}

/** The event is the same for both; a close that moved money, or that nobody had announced, was a cooperative one. */
function closeKind(store: Store, channel: Hex, movedMoney: boolean): TransactionKind {
  const known = store.channels.find(channel, 'payee') ?? store.channels.find(channel, 'payer')
  return movedMoney || known?.closeAt === undefined ? 'cooperative-close' : 'finish-close'
}

const NO_CHANNEL: Hex = '0x'

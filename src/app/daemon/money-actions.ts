/** What both daemons, and commands without one, do on request: free what is due, withdraw what the contract owes. */
import type { Clock } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import type { Address } from '#base/hex.ts'
import { units, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { finishClose, readBalance, readChannel, withdraw } from '#payment/chain/channels.ts'
import { readHead, type WaitOptions } from '#payment/chain/client.ts'
import type { ChainWriter } from '#payment/chain/writer.ts'
import type { RouteOutput } from '../control/routes.ts'
import { amountOf } from '../control/values.ts'
import type { Store, StoredTransaction } from '../store/index.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordEvent } from './chain-ledger.ts'
import { transactionViewOf } from './records.ts'

/** Moves `amount` (default: all) of the internal balance to `to` (default: the own account). Nothing there: no transaction. */
export async function withdrawBalance(
  access: ChainAccess,
  store: Store,
  wish: { readonly to: Address | undefined; readonly amount: TokenUnits | undefined },
  clock: Clock,
  signal: AbortSignal,
): Promise<RouteOutput<'withdraw'>> {
  const { to = access.account.address } = wish
  const finished = await finishDueCloses(access, store, clock, { signal })
  const balance = await readBalance(access, access.account.address, { signal })
  const amount = wish.amount ?? balance
  if (amount === 0n) return { withdrawn: amountOf(ZERO_UNITS), to, transactions: finished.map(transactionViewOf) }
  const written = await withdraw(access, { to, amount: units(amount) }, { signal })
  for (const event of written.events) recordEvent(store, event, clock.wallMs())
  const transactions = store.transactions.list(50).filter((one) => one.hash === written.hash)
  return { withdrawn: amountOf(amount), to, transactions: [...finished, ...transactions].map(transactionViewOf) }
}

/**
 * Whoever may use the control socket may not send the money elsewhere: that takes the passphrase. Throws
 * `withdraw-elsewhere`.
 */
export function checkOwnAccount(to: string | undefined, account: Address): void {
  if (to === undefined || to.toLowerCase() === account.toLowerCase()) return
  throw new AditError('withdraw-elsewhere', 'a running daemon pays out to its own account only', {
    remedy: 'stop it, then `adit withdraw --to` asks for the passphrase; or withdraw first and send it on',
    fields: { account },
  })
}

/**
 * Payer channels whose 72 hours are over, or that expired: the rest is credited. Whoever reads the chain's time a
 * moment too early finds the channel again at the next call.
 */
export async function finishDueCloses(
  writer: ChainWriter,
  store: Store,
  clock: Clock,
  options: WaitOptions,
): Promise<readonly StoredTransaction[]> {
  const { chain, deployment } = writer
  const { timestamp } = await readHead(chain, options)
  // A node estimates with the time of its next block, which is now at the earliest.
  const nowSeconds = Math.max(timestamp, Math.floor(clock.wallMs() / 1000))
  const finished: StoredTransaction[] = []
  for (const stored of store.channels.list('payer')) {
    const isHere = stored.chainId === chain.chainId && stored.contract === deployment.channels
    if (!isHere || stored.state === 'closed' || stored.state === 'opening') continue
    const state = await readChannel(writer, stored.channel, options)
    if (state.kind !== 'open' && state.kind !== 'closing') continue
    if (nowSeconds < dueAt(state)) continue
    const written = await finishClose(writer, stored.channel, options)
    for (const event of written.events) recordEvent(store, event, clock.wallMs())
    finished.push(...store.transactions.ofChannel(stored.channel).filter((one) => one.hash === written.hash))
  }
  return finished
}

/** Unix seconds from which on anyone may finish the close (`Channels.finishClose`). */
export function dueAt(state: {
  readonly kind: 'open' | 'closing'
  readonly closeAt?: number
  readonly expiry: number
}) {
  return state.kind === 'closing' ? Math.min(state.closeAt ?? state.expiry, state.expiry) : state.expiry
}

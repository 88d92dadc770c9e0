/** What both daemons do on request: withdraw what the contract owes this account. */
import type { Clock } from '#base/clock.ts'
import type { Address } from '#base/hex.ts'
import { units, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { readBalance, withdraw } from '#payment/chain/channels.ts'
import type { RouteOutput } from '../control/routes.ts'
import { amountOf } from '../control/values.ts'
import type { Store } from '../store/index.ts'
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
  const balance = await readBalance(access, access.account.address, { signal })
  const amount = wish.amount ?? balance
  if (amount === 0n) return { withdrawn: amountOf(ZERO_UNITS), to, transactions: [] }
  const written = await withdraw(access, { to, amount: units(amount) }, { signal })
  for (const event of written.events) recordEvent(store, event, clock.wallMs())
  const transactions = store.transactions.list(50).filter((one) => one.hash === written.hash)
  return { withdrawn: amountOf(amount), to, transactions: transactions.map(transactionViewOf) }
}

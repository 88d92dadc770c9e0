/** `adit earnings`: what was earned, claimed, charged and can be withdrawn. */
import type { Command } from 'commander'
import { accountOf } from '#payment/chain/client.ts'
import { readBalance } from '#payment/chain/channels.ts'
import { databasePathOf } from '../../config/paths.ts'
import type { Earnings } from '../../control/views.ts'
import { earningsOf } from '../../daemon/records.ts'
import { openStore } from '../../store/index.ts'
import { openChainContext, walletKey } from '../chain-access.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { usageError } from '../errors.ts'
import { readableBytes, usd } from '../output.ts'
import { unlessAbsent } from './status.ts'

export function registerEarnings(program: Command): void {
  withCommonOptions(program.command('earnings'))
    .description('what this provider earned, by day')
    .option('--days <count>', 'how far back', '30')
    .action(earnings)
}

async function earnings(options: CommonOptions & { readonly days: string }): Promise<void> {
  const context = openContext(options)
  const days = Number(options.days)
  if (!Number.isInteger(days) || days < 1 || days > 3660) usageError('--days', 'a number from 1 to 3660', options.days)
  const told = await unlessAbsent(context.client('provider').call('earnings', { days }, context.signal))
  const view = told ?? (await earningsOffline(context, days))
  context.out.result(view, () => print(context, view))
}

async function earningsOffline(context: Context, days: number): Promise<Earnings> {
  const { address } = accountOf(await walletKey(context))
  const balance = await readBalance(await openChainContext(context), address, { signal: context.signal })
  using store = openStore(databasePathOf(context.paths), { readOnly: true })
  return earningsOf(store, balance, context.clock.wallMs(), days)
}

function print({ out }: Context, { total, days }: Earnings): void {
  out.facts([
    ['earned', `${usd(total.earned)} by ${total.sessions} sessions`],
    ['carried', `${readableBytes(total.bytesUp)} up, ${readableBytes(total.bytesDown)} down`],
    ['claimed', `${usd(total.claimed)} on the chain, of which ${usd(total.protocolFee)} went to the protocol`],
    ['to claim', `${usd(total.unclaimed)} in vouchers`],
    ['withdrawable', `${usd(total.withdrawable)}: adit withdraw`],
  ])
  if (days.length === 0) return
  out.line()
  out.table(
    ['day', 'sessions', 'up', 'down', 'earned'],
    days.map((day) => [
      day.day,
      String(day.sessions),
      readableBytes(day.bytesUp),
      readableBytes(day.bytesDown),
      usd(day.earned),
    ]),
    [1, 2, 3, 4],
  )
}

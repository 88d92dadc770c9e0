/** `adit withdraw`: earnings, refunds and a released stake leave the contracts for a wallet. */
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import { parseHex, type Address } from '#base/hex.ts'
import { addUnits, minUnits, parseUnits, subUnitsFloor, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { SILENT_LOG } from '#base/log.ts'
import { readBalance, withdraw } from '#payment/chain/channels.ts'
import type { ChainWriter } from '#payment/chain/writer.ts'
import type { TransactionView } from '../../control/explanation.ts'
import type { Role } from '../../control/routes.ts'
import { amountOf } from '../../control/values.ts'
import type { ChainAccess } from '../../daemon/chain-access.ts'
import { catchUp } from '../../daemon/chain-catch-up.ts'
import { recordEvent } from '../../daemon/chain-ledger.ts'
import { finishDueCloses } from '../../daemon/money-actions.ts'
import { transactionViewOf } from '../../daemon/records.ts'
import { openSettlement } from '../../daemon/settlement.ts'
import type { Store } from '../../store/index.ts'
import { withWriter } from '../chain-access.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { usageError } from '../errors.ts'
import { usd } from '../output.ts'
import { withProgress } from '../progress.ts'
import { printTransactions } from '../views.ts'
import { ROLES, unlessAbsent } from './status.ts'
import { viewOf } from './stake.ts'

interface WithdrawOptions extends CommonOptions {
  readonly to?: string
  readonly amount?: string
}

export function registerWithdraw(program: Command): void {
  withCommonOptions(program.command('withdraw'))
    .description('move earnings, refunds and a released stake from the contracts to a wallet')
    .option('--to <account>', 'default: the wallet itself')
    .option('--amount <usd>', 'default: everything')
    .action(withdrawCommand)
}

async function withdrawCommand(options: WithdrawOptions): Promise<void> {
  const context = openContext(options)
  const to =
    options.to === undefined ? undefined : (parseHex(options.to, 20) ?? usageError('--to', 'an account', options.to))
  const amount =
    options.amount === undefined
      ? undefined
      : (parseUnits(options.amount) ?? usageError('--amount', 'USD such as 1.50', options.amount))
  const result = await withProgress(context.out.json, 'withdrawing', async () => {
    for (const role of ROLES) {
      const told = await askDaemon(context, role, to, amount)
      if (told !== undefined) return told
    }
    return await withdrawDirectly(context, to, amount)
  })
  context.out.result(result, () => {
    context.out.line(`${usd(result.withdrawn)} to ${result.to}`)
    printTransactions(context.out, result.transactions)
  })
}

function askDaemon(context: Context, role: Role, to: Address | undefined, amount: TokenUnits | undefined) {
  const input = {
    ...(to === undefined ? {} : { to }),
    ...(amount === undefined ? {} : { amountUnits: amount.toString() }),
  }
  return unlessAbsent(context.client(role).call('withdraw', input, context.signal))
}

/** Without a daemon: first what is due to this account is freed (closes after 72 hours) and claimed (vouchers). */
function withdrawDirectly(context: Context, to: Address | undefined, amount: TokenUnits | undefined) {
  return withWriter(context, async (writer, store) => {
    const wait = { signal: context.signal }
    const account = writer.sender.address
    const target = to ?? account
    const freed = await freeWhatIsDue(context, writer, store)
    const transactions: TransactionView[] = [...freed]
    let withdrawn: TokenUnits = ZERO_UNITS
    for (const ledger of ['channels', 'registry'] as const) {
      const balance = await readBalance(writer, account, { ...wait, ledger })
      const part = amount === undefined ? balance : minUnits(subUnitsFloor(amount, withdrawn), balance)
      if (part === 0n) continue
      const receipt = await withdraw(writer, { to: target, amount: part, ledger }, wait)
      for (const event of receipt.events) recordEvent(store, event, context.clock.wallMs())
      transactions.push(viewOf(context, receipt, 'withdraw', part))
      withdrawn = addUnits(withdrawn, part)
    }
    if (transactions.length === 0) {
      throw new AditError('withdraw-nothing', `withdraw: ${account} has no balance in the contracts`, {
        remedy: '`adit wallet balance` shows where the money is; a channel being closed is free after 72 hours',
      })
    }
    return { withdrawn: amountOf(withdrawn), to: target, transactions }
  })
}

async function freeWhatIsDue(context: Context, writer: ChainWriter, store: Store): Promise<readonly TransactionView[]> {
  const { clock, signal } = context
  const access: ChainAccess = { ...writer, account: writer.sender.account }
  const startedAtMs = clock.wallMs()
  for (const role of ['payee', 'payer'] as const) {
    if (store.channels.list(role).length === 0) continue
    await catchUp(store, { ...access, account: access.account.address }, role, clock, { signal })
  }
  await using settlement = openSettlement({ access, store, claimUnits: ZERO_UNITS, clock, log: SILENT_LOG })
  const claims = await settlement.claim({ all: true, signal })
  const finished = await finishDueCloses(writer, store, clock, { signal })
  const isOurs = (hash: string): boolean =>
    claims.some((one) => one === hash) || finished.some((one) => one.hash === hash)
  const made = store.transactions.list(1000).filter(({ hash, atMs }) => atMs >= startedAtMs && isOurs(hash))
  return made.toReversed().map(transactionViewOf)
}

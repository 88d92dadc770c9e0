/** `adit disconnect`: asks the daemon; where it died, clears what it left: the closed network first, then the money. */
import { existsSync } from 'node:fs'
import { AditError } from '#base/errors.ts'
import { addUnits, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { databasePathOf, logPathOf } from '../../config/paths.ts'
import type { TransactionView } from '../../control/explanation.ts'
import { amountOf } from '../../control/values.ts'
import { brokenChannels, removeLeftGuard, settleBroken, type SettledChannel } from '../../daemon/leftovers.ts'
import { openLog } from '../../daemon/log.ts'
import { sessionViewOf, transactionViewOf } from '../../daemon/records.ts'
import { openStore } from '../../store/index.ts'
import { withWriter } from '../chain-access.ts'
import { openContext, type CommonOptions, type Context } from '../context.ts'
import { short, usd } from '../output.ts'
import { progressTo } from '../progress.ts'
import { printTransactions } from '../views.ts'
import { unlessAbsent } from './status.ts'

export async function disconnect(options: CommonOptions & { readonly settle: boolean }): Promise<void> {
  const context = openContext(options)
  const settle = options.settle && context.config().consumer.settleOnDisconnect
  const info = await unlessAbsent(context.client('consumer').call('info', {}, context.signal))
  if (info === undefined) await disconnectWithoutDaemon(context, settle)
  else await askToDisconnect(context, settle, info.pid)
}

async function askToDisconnect(context: Context, settle: boolean, pid: number): Promise<void> {
  const { out } = context
  using progress = progressTo(process.stderr, out.json)
  progress.step('started', 'ending the session, settling, restoring the network')
  const answer = await context.client('consumer').call('disconnect', { settle }, context.signal)
  progress.step('done', answer.restored ? 'disconnected; the network is as before' : 'disconnected')
  out.result({ ...answer, pid }, () => {
    if (answer.session !== null) {
      out.facts([
        ['session', answer.session.id],
        ['cost', usd(answer.session.due)],
        ['refund', usd(answer.refund)],
        ['explain', `adit explain ${answer.session.id}`],
      ])
    }
    printTransactions(out, answer.transactions)
  })
}

/** The daemon died: its protection is still in force and its channel open. The network comes first: it needs no chain. */
async function disconnectWithoutDaemon(context: Context, settle: boolean): Promise<void> {
  const { out, paths } = context
  using progress = progressTo(process.stderr, out.json)
  const guard = await removeLeftGuard(paths, logOf(context))
  if (guard.found) {
    const text = guard.restored ? 'the network is as before' : 'not all of the network could be restored'
    progress.step(guard.restored ? 'done' : 'failed', `removed the protection that a dead consumer left; ${text}`)
    for (const problem of guard.problems) progress.step('failed', problem)
  }
  const open = openChannels(context)
  if (!guard.found && open === 0) {
    throw new AditError('daemon-not-running', 'no consumer is running here, and none left anything behind', {
      remedy: '`adit connect` starts one',
    })
  }
  if (settle && open > 0) progress.step('started', 'closing the channels whose sessions broke')
  const money = settle && open > 0 ? await settleLeft(context) : NOTHING_SETTLED
  if (money.problem !== null) progress.step('failed', money.problem.message)
  const { settled, transactions, refund } = money
  const last = settled.at(0)?.session
  const session = last === undefined ? null : sessionViewOf(last)
  const channels = settled.map(({ channel, settled: end }) => ({ id: channel.channel, end: end.kind }))
  const leftover = { found: guard.found, undone: guard.undone, problems: guard.problems }
  const { restored } = guard
  const view = { session, transactions, refund: amountOf(refund), restored, leftover, channels, problem: money.problem }
  out.result(view, () => {
    for (const { channel, settled: end } of settled) {
      const text = end.kind === 'closed' ? `closed, ${usd(amountOf(end.refund))} is back` : CLOSING
      out.facts([[`channel ${short(channel.channel)}`, text]])
    }
    if (session !== null) out.facts([['explain', `adit explain ${session.id}`]])
    printTransactions(out, transactions)
    if (money.problem !== null) out.line(`Not settled yet: ${money.problem.remedy}`)
  })
}

/** Channels whose sessions broke, without taking the store from anybody. */
function openChannels(context: Context): number {
  const path = databasePathOf(context.paths)
  if (!existsSync(path)) return 0
  using store = openStore(path, { readOnly: true })
  return brokenChannels(store).length
}

interface LeftMoney {
  readonly settled: readonly SettledChannel[]
  readonly transactions: readonly TransactionView[]
  readonly refund: TokenUnits
  readonly problem: { readonly code: string; readonly message: string; readonly remedy: string } | null
}

/** A chain that is down is no reason to fail: the network is open, the money stays where it is. */
async function settleLeft(context: Context): Promise<LeftMoney> {
  const { clock, random, signal } = context
  const startedAtMs = clock.wallMs()
  try {
    const keystore = await context.keystore()
    return await withWriter(context, async (writer, store) => {
      const access = { ...writer, account: writer.sender.account }
      const { bootstrap } = context.config().consumer
      const log = logOf(context)
      const settled = await settleBroken({ access, store, keystore, bootstrap, clock, random, log, signal })
      const made = store.transactions.list(100).filter(({ atMs, channel }) => {
        return atMs >= startedAtMs && settled.some((one) => one.channel.channel === channel)
      })
      const refund = settled.reduce(
        (sum, { settled: end }) => (end.kind === 'closed' ? addUnits(sum, end.refund) : sum),
        ZERO_UNITS,
      )
      return { settled, transactions: made.toReversed().map(transactionViewOf), refund, problem: null }
    })
  } catch (error) {
    if (!(error instanceof AditError)) throw error
    const remedy = '`adit disconnect` again settles; `adit connect` goes on with the same channel'
    return { ...NOTHING_SETTLED, problem: { code: error.code, message: error.message, remedy } }
  }
}

/** The daemon's own log: it is its unfinished work. */
function logOf(context: Context) {
  return openLog(context.config().log.level, logPathOf(context.paths, 'consumer'))
}

const NOTHING_SETTLED: LeftMoney = { settled: [], transactions: [], refund: ZERO_UNITS, problem: null }
const CLOSING = 'closes in 72 hours, the provider did not agree on the end: then `adit withdraw` brings the rest'

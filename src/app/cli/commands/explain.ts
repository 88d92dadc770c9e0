/** `adit explain SESSION`: bytes -> price -> vouchers -> transactions -> fee, and whether the sums are right. */
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import { databasePathOf } from '../../config/paths.ts'
import type { Explanation } from '../../control/explanation.ts'
import { reconcile } from '../../control/reconcile.ts'
import { explanationOf } from '../../daemon/records.ts'
import { openStore } from '../../store/index.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { EXIT, usageError } from '../errors.ts'
import { explanationCsv, printExplanation } from '../explanation-text.ts'
import { ROLES, unlessAbsent } from './status.ts'

interface ExplainOptions extends CommonOptions {
  readonly csv?: boolean
}

export function registerExplain(program: Command): void {
  withCommonOptions(program.command('explain').argument('<session>', 'its id, or the beginning of it'))
    .description('one session from bytes to transactions, with every sum checked')
    .option('--csv', 'for a spreadsheet')
    .action(explain)
}

async function explain(session: string, options: ExplainOptions): Promise<void> {
  const context = openContext(options)
  if (!/^[0-9a-fA-F]{4,32}$/.test(session)) usageError('session', '4 to 32 hex digits', session)
  const explanation = await findExplanation(context, session.toLowerCase())
  const sums = reconcile(explanation)
  if (options.csv === true) process.stdout.write(explanationCsv(explanation, sums))
  else {
    const { checks, ok, outstandingUnits } = sums
    context.out.result({ ...explanation, sums: { ok, outstandingUnits, checks } }, () =>
      printExplanation(context.out, explanation, sums, context.clock.wallMs()),
    )
  }
  if (!sums.ok) process.exitCode = EXIT.failed
}

/** A daemon knows what is not on disk yet; without one the store tells. */
async function findExplanation(context: Context, beginning: string): Promise<Explanation> {
  for (const role of ROLES) {
    const client = context.client(role)
    const list = await unlessAbsent(client.call('sessions', { limit: 1000 }, context.signal))
    const ids = list?.sessions.map(({ id }) => id).filter((id) => id.startsWith(beginning)) ?? []
    if (ids.length > 0) return client.call('explain', { session: onlyOne(ids, beginning) }, context.signal)
  }
  using store = openStore(databasePathOf(context.paths), { readOnly: true })
  const ids = store.sessions.list({ limit: 100_000 }).map(({ session }) => session)
  return explanationOf(
    store,
    onlyOne(
      ids.filter((id) => id.startsWith(beginning)),
      beginning,
    ),
  )
}

function onlyOne(ids: readonly string[], beginning: string): string {
  const distinct = [...new Set(ids)]
  if (distinct.length === 1) return distinct[0]
  if (distinct.length === 0) return beginning
  throw new AditError('session-ambiguous', `session ${beginning}: ${distinct.length} sessions begin like this`, {
    remedy: 'write more of the id; `adit sessions` lists them',
  })
}

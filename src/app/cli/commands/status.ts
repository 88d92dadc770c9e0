/** `adit status`, `adit sessions`: what runs here now, and what ran. */
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import type { Role } from '../../control/routes.ts'
import type { Status } from '../../control/views.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { printConsumer, printProvider, printSessions } from '../views.ts'

export const ROLES: readonly Role[] = ['provider', 'consumer']

export function registerStatus(program: Command): void {
  withCommonOptions(program.command('status'))
    .description('what the provider and the consumer on this machine are doing')
    .action(status)
  withCommonOptions(program.command('sessions'))
    .description('sessions, newest first')
    .option('--limit <count>', 'how many', '20')
    .action(sessions)
}

async function status(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const statuses = await fromRunning(context, (role) => context.client(role).call('status', {}, context.signal))
  const view: { provider: Status | null; consumer: Status | null } = { provider: null, consumer: null }
  for (const found of statuses) view[found.role] = found
  context.out.result(view, () => {
    for (const [index, found] of statuses.entries()) {
      if (index > 0) context.out.line()
      if (found.role === 'provider') printProvider(context.out, found, context.clock.wallMs())
      else printConsumer(context.out, found, context.clock.wallMs())
    }
  })
}

async function sessions(options: CommonOptions & { readonly limit: string }): Promise<void> {
  const context = openContext(options)
  const lists = await fromRunning(context, (role) =>
    context.client(role).call('sessions', { limit: options.limit }, context.signal),
  )
  const all = lists.flatMap((list) => list.sessions)
  context.out.result({ sessions: all }, () => printSessions(context.out, all, context.clock.wallMs()))
}

/** Asks each daemon that runs. Throws `daemon-not-running` where none does. */
export async function fromRunning<T>(context: Context, ask: (role: Role) => Promise<T>): Promise<T[]> {
  const answers: T[] = []
  for (const role of ROLES) {
    const answer = await unlessAbsent(ask(role))
    if (answer !== undefined) answers.push(answer)
  }
  if (answers.length > 0) return answers
  throw new AditError('daemon-not-running', `nothing is running here (${context.paths.runDir})`, {
    remedy: '`adit provide` sells, `adit connect` buys; `adit doctor` checks the machine first',
  })
}

/** Undefined where the daemon is not running. */
export async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof AditError && error.code === 'daemon-not-running') return undefined
    throw error
  }
}

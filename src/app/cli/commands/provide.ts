/** `adit provide`: sell what this line does not use. */
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import type { ProviderOptions } from '../../daemon/options.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { runForeground, startDetached } from '../daemons.ts'
import { progressTo } from '../progress.ts'
import { printProvider } from '../views.ts'

interface ProvideOptions extends CommonOptions {
  readonly detach?: boolean
}

export function registerProvide(program: Command): void {
  withCommonOptions(program.command('provide'))
    .description('sell bandwidth: stake, publish an offer, carry traffic, be paid')
    .option('--detach', 'start in the background and return when offers are given out')
    .action(provide)
  withCommonOptions(program.command('stop'))
    .description('stop the provider: end all sessions at their last reading, claim, restore the host')
    .option('--no-settle', 'leave vouchers unclaimed')
    .action(stop)
}

async function provide(options: ProvideOptions): Promise<void> {
  const context = openContext(options)
  if (context.config().provider.region === null) {
    throw new AditError('config-invalid', 'provider.region: expected a country or subdivision code, got nothing', {
      remedy: 'set it in the configuration, or for once: adit provide --set provider.region=DE',
    })
  }
  if (options.detach === true) {
    const { pid } = await startDetached(context, 'provider', ['provide'])
    const status = await follow(context, context.signal)
    context.out.result({ ...status, pid }, () => printProvider(context.out, status, context.clock.wallMs()))
    return
  }
  const { runProvider } = await import('../../daemon/provider.ts')
  await runForeground<ProviderOptions>(context, {
    role: 'provider',
    run: runProvider,
    complete: (common) => common,
    beside: async (signal) => {
      const status = await follow(context, signal)
      context.out.result(status, () => printProvider(context.out, status, context.clock.wallMs()))
    },
  })
}

/** Shows progress until offers are given out. */
async function follow(context: Context, signal: AbortSignal) {
  using progress = progressTo(process.stderr, context.out.json)
  const client = context.client('provider')
  for await (const event of client.events(signal)) {
    progress.show(event)
    if (event.kind === 'problem' && event.fatal)
      throw new AditError(event.code, event.message, { remedy: event.remedy })
    if (event.kind === 'progress' && event.step === 'offer' && event.state === 'done') break
  }
  const status = await client.call('status', {}, signal)
  if (status.role !== 'provider')
    throw new AditError('daemon-answer', 'a consumer answers on the socket of the provider')
  return status
}

async function stop(options: CommonOptions & { readonly settle: boolean }): Promise<void> {
  const context = openContext(options)
  using progress = progressTo(process.stderr, context.out.json)
  progress.step('started', 'ending sessions')
  const answer = await context.client('provider').call('stop', { settle: options.settle }, context.signal)
  progress.step('done', 'the provider is stopping')
  context.out.result(answer, () => context.out.line(`${answer.sessionsEnded} sessions ended`))
}

/** `adit connect` and `adit disconnect`. */
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import { parseUnits, unitsPerGibOf, type TokenUnits } from '#base/units/money.ts'
import type { ConsumerStatus } from '../../control/views.ts'
import { addressSchema, regionSchema } from '../../control/values.ts'
import type { ConsumerOptions, ConsumerWish } from '../../daemon/options.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { runForeground, startDetached } from '../daemons.ts'
import { usageError } from '../errors.ts'
import { progressTo } from '../progress.ts'
import { printConsumer } from '../views.ts'

interface ConnectOptions extends CommonOptions {
  readonly region?: string
  readonly maxPrice?: string
  readonly maxFee?: string
  readonly deposit?: string
  readonly spendLimit?: string
  readonly provider?: string
  readonly foreground?: boolean
  readonly timeout: string
}

export function registerConnect(program: Command): void {
  withCommonOptions(program.command('connect'))
    .description('buy an exit: choose an offer, open a channel, bring the tunnel up, protect the machine')
    .option('--region <code>', 'where the exit shall be, such as JP or US-CA')
    .option('--max-price <usd>', 'per GiB')
    .option('--max-fee <usd>', 'per session')
    .option('--deposit <usd>', 'deposit of a new channel')
    .option('--spend-limit <usd>', 'end the connection when this much is signed')
    .option('--provider <account>', 'take this provider and no other')
    .option('--foreground', 'stay in this terminal; Ctrl-C disconnects')
    .option('--timeout <seconds>', 'stop waiting after this long; the daemon goes on', '120')
    .action(connect)
  withCommonOptions(program.command('disconnect'))
    .description('end the connection at its last reading, settle, restore the network')
    .option('--no-settle', 'keep the channel for the next session')
    .action(async (options: CommonOptions & { readonly settle: boolean }) => {
      await (await import('./disconnect.ts')).disconnect(options)
    })
}

async function connect(options: ConnectOptions): Promise<void> {
  const context = openContext(options)
  const wish = wishOf(options, context)
  if (options.foreground === true) {
    const { runConsumer } = await import('../../daemon/consumer.ts')
    await runForeground<ConsumerOptions>(context, {
      role: 'consumer',
      run: runConsumer,
      complete: (common) => ({ ...common, wish }),
      beside: (signal) => follow(context, signal).then(() => undefined),
    })
    return
  }
  const timeoutMs = timeoutOf(options.timeout)
  context.out.note('Plain tier: the channel is public; the chain shows which wallet used which exit, and when.')
  await startDetached(context, 'consumer', ['connect', '--foreground', ...flagsOf(options)])
  const status = await follow(context, AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]))
  context.out.result(status, () => printConsumer(context.out, status, context.clock.wallMs()))
}

/** Shows progress until the tunnel is up. Throws what went wrong for good. */
async function follow(context: Context, signal: AbortSignal): Promise<ConsumerStatus> {
  using progress = progressTo(process.stderr, context.out.json)
  for await (const event of context.client('consumer').events(signal)) {
    progress.show(event)
    if (event.kind === 'connected') return event.status
    if (event.kind === 'problem' && event.fatal) {
      throw new AditError(event.code, event.message, { remedy: event.remedy })
    }
  }
  context.signal.throwIfAborted()
  throw new AditError('connect-timeout', 'the tunnel is not up yet', {
    remedy: '`adit status` tells where it stands, `adit disconnect` gives up and restores the network',
  })
}

/** Throws `usage` for a flag that is not what it must be. */
function wishOf(options: ConnectOptions, context: Context): ConsumerWish {
  const { consumer } = context.config()
  const amount = (flag: string, value: string | undefined, fallback: TokenUnits): TokenUnits =>
    value === undefined ? fallback : (parseUnits(value) ?? usageError(flag, 'USD such as 0.25', value))
  const region = options.region ?? consumer.region
  if (region !== null && !regionSchema.safeParse(region).success) usageError('--region', 'a code such as JP', region)
  const provider = options.provider ?? null
  if (provider !== null && !addressSchema.safeParse(provider).success) {
    usageError('--provider', '0x and 40 hex digits', provider)
  }
  const { maxPrice } = options
  return {
    region,
    maxPriceUnitsPerGib:
      maxPrice === undefined
        ? consumer.maxPriceUnitsPerGib
        : unitsPerGibOf(parseUnits(maxPrice) ?? usageError('--max-price', 'USD such as 0.25', maxPrice)),
    maxSessionFeeUnits: amount('--max-fee', options.maxFee, consumer.maxSessionFeeUnits),
    depositUnits: amount('--deposit', options.deposit, consumer.depositUnits),
    spendLimitUnits: amount('--spend-limit', options.spendLimit, consumer.spendLimitUnits),
    provider,
  }
}

function flagsOf(options: ConnectOptions): string[] {
  const flags = [
    ['--region', options.region],
    ['--max-price', options.maxPrice],
    ['--max-fee', options.maxFee],
    ['--deposit', options.deposit],
    ['--spend-limit', options.spendLimit],
    ['--provider', options.provider],
  ] as const
  return flags.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
}

function timeoutOf(seconds: string): number {
  const value = Number(seconds)
  return Number.isInteger(value) && value > 0 && value <= 86_400
    ? value * 1000
    : usageError('--timeout', 'seconds from 1 to 86400', seconds)
}

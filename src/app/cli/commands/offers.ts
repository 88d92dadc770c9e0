/** `adit offers`: what could be bought now, in the order of choice, and what is not believed. */
import type { Command } from 'commander'
import { parseUnits, unitsPerGibOf } from '#base/units/money.ts'
import { memoryOfOffers } from '#market/discovery.ts'
import { regionSchema } from '../../control/values.ts'
import type { Offers } from '../../control/views.ts'
import { findOffers, offersView } from '../../daemon/offers.ts'
import { openChainContext } from '../chain-access.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { usageError } from '../errors.ts'
import { withProgress } from '../progress.ts'
import { printOffers } from '../views.ts'
import { unlessAbsent } from './status.ts'

interface OffersOptions extends CommonOptions {
  readonly region?: string
  readonly maxPrice?: string
}

export function registerOffers(program: Command): void {
  withCommonOptions(program.command('offers'))
    .description('exits that can be bought now, best first')
    .option('--region <code>', 'such as JP or US-CA')
    .option('--max-price <usd>', 'per GiB')
    .action(offers)
}

async function offers(options: OffersOptions): Promise<void> {
  const context = openContext(options)
  const { region, maxPrice } = options
  if (region !== undefined && !regionSchema.safeParse(region).success)
    usageError('--region', 'a code such as JP', region)
  const limit =
    maxPrice === undefined ? undefined : (parseUnits(maxPrice) ?? usageError('--max-price', 'USD', maxPrice))
  const found = await withProgress(context.out.json, 'asking for offers', async () => {
    const input = {
      ...(region === undefined ? {} : { region }),
      ...(limit === undefined ? {} : { maxPriceUnitsPerGib: limit.toString() }),
    }
    const told = await unlessAbsent(context.client('consumer').call('offers', input, context.signal))
    return told ?? (await search(context, region, limit))
  })
  context.out.result(found, () => printOffers(context.out, found))
}

async function search(context: Context, region: string | undefined, limit: bigint | undefined): Promise<Offers> {
  const { consumer } = context.config()
  const found = await findOffers({
    chain: await openChainContext(context),
    bootstrap: consumer.bootstrap,
    memory: memoryOfOffers(),
    wish: {
      region: region ?? consumer.region,
      maxPriceUnitsPerGib: limit === undefined ? consumer.maxPriceUnitsPerGib : unitsPerGibOf(limit),
      maxSessionFeeUnits: consumer.maxSessionFeeUnits,
      provider: null,
    },
    clock: context.clock,
    signal: context.signal,
  })
  return offersView(found)
}

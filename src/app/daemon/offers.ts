/** Registry + bootstrap list -> offers that can be believed, in the order of choice. For `connect` and `adit offers`. */
import type { Clock } from '#base/clock.ts'
import type { TokenUnits, UnitsPerGib } from '#base/units/money.ts'
import { bootstrapDiscovery } from '#market/bootstrap.ts'
import { chooseOffers, type Choice, type RankedOffer } from '#market/choice.ts'
import { FULL_LOAD } from '#market/constants.ts'
import { listOffers, type DiscoveryList, type OfferMemory } from '#market/discovery.ts'
import type { ChainContext } from '#payment/chain/client.ts'
import { listProviders, readMinimumStake } from '#payment/chain/registry.ts'
import type { Offers, OfferView } from '../control/views.ts'
import { amountOf } from '../control/values.ts'

export interface OfferSearch {
  readonly chain: ChainContext
  readonly bootstrap: readonly string[]
  readonly memory: OfferMemory
  readonly wish: {
    readonly region: string | null
    readonly maxPriceUnitsPerGib: UnitsPerGib
    readonly maxSessionFeeUnits: TokenUnits
    readonly provider: string | null
  }
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface FoundOffers {
  readonly list: DiscoveryList
  readonly choice: Choice
}

/** Throws what reading the chain throws; an address that does not answer is counted, not thrown. */
export async function findOffers(search: OfferSearch): Promise<FoundOffers> {
  const { chain, signal, wish } = search
  const [providers, minimumStake] = await Promise.all([
    listProviders(chain, { signal }),
    readMinimumStake(chain, { signal }),
  ])
  const { chainId, registry } = chain.deployment
  const discovery = bootstrapDiscovery({
    addresses: search.bootstrap,
    providers,
    minimumStake,
    domain: { chainId: BigInt(chainId), registry },
    memory: search.memory,
    clock: search.clock,
  })
  const list = await listOffers(discovery, signal)
  signal.throwIfAborted()
  return { list, choice: chooseOffers(list.offers, { ...wish, protocol: 'wireguard' }) }
}

export function offersView({ list, choice }: FoundOffers): Offers {
  return { offers: choice.ranked.map(offerView), refused: { ...list.refused }, filtered: { ...choice.filtered } }
}

function offerView({ offer: believed, why }: RankedOffer, index: number): OfferView {
  const { offer } = believed
  return {
    provider: offer.provider,
    nodeKey: believed.signer,
    sequence: offer.sequence.toString(),
    region: offer.region,
    priceUnitsPerGib: amountOf(offer.priceUnitsPerGib),
    sessionFee: amountOf(offer.sessionFeeUnits),
    protocols: offer.protocols.map(String),
    control: [...offer.control],
    sharedRateUpBps: offer.sharedRateUpBps.toString(),
    sharedRateDownBps: offer.sharedRateDownBps.toString(),
    loadPercent: (offer.load * 100) / FULL_LOAD,
    stake: amountOf(believed.stake),
    expiresAtMs: offer.expiresAtMs,
    chosen: index === 0,
    why,
  }
}

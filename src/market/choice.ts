/** Which offer to take: first what does not fit the wish is left out and counted, then the rest is ordered by cost. */
import { addUnits, formatUnits, units, type TokenUnits, type UnitsPerGib } from '#base/units/money.ts'
import { FULL_LOAD, type Protocol } from './constants.ts'
import type { BelievedOffer } from './discovery.ts'

export interface Wish {
  /** ISO 3166 code; a country takes its subdivisions too. Null: anywhere. */
  readonly region: string | null
  readonly maxPriceUnitsPerGib: UnitsPerGib
  readonly maxSessionFeeUnits: TokenUnits
  readonly protocol: Protocol
  /** Account of the only provider to take (any case); null: any. */
  readonly provider: string | null
}

export interface RankedOffer {
  readonly offer: BelievedOffer
  /** One line for a person; holds no foreign text. */
  readonly why: string
}

/** Why a believed offer does not fit. */
export type Misfit = 'provider' | 'region' | 'price' | 'session-fee' | 'protocol' | 'full'

export interface Choice {
  /** Best first. */
  readonly ranked: readonly RankedOffer[]
  readonly filtered: Readonly<Partial<Record<Misfit, number>>>
}

/**
 * Orders by what a session of 1 GiB costs (session fee + price), then by load, then by stake; the provider's address
 * decides the rest, so that the same offers give the same order.
 */
export function chooseOffers(offers: readonly BelievedOffer[], wish: Wish): Choice {
  const filtered: Partial<Record<Misfit, number>> = {}
  const fitting = offers.filter((offer) => {
    const misfit = misfitOf(offer, wish)
    if (misfit !== undefined) filtered[misfit] = (filtered[misfit] ?? 0) + 1
    return misfit === undefined
  })
  fitting.sort(compare)
  return { ranked: fitting.map((offer, index) => ({ offer, why: reasonOf(offer, fitting[index - 1]) })), filtered }
}

function misfitOf({ offer }: BelievedOffer, wish: Wish): Misfit | undefined {
  if (wish.provider !== null && wish.provider.toLowerCase() !== offer.provider) return 'provider'
  if (wish.region !== null && offer.region !== wish.region && !offer.region.startsWith(`${wish.region}-`))
    return 'region'
  if (offer.priceUnitsPerGib > wish.maxPriceUnitsPerGib) return 'price'
  if (offer.sessionFeeUnits > wish.maxSessionFeeUnits) return 'session-fee'
  if (!offer.protocols.includes(wish.protocol)) return 'protocol'
  return offer.load >= FULL_LOAD ? 'full' : undefined
}

function compare(left: BelievedOffer, right: BelievedOffer): number {
  return (
    compareValues(costOfOneGib(left), costOfOneGib(right)) ||
    compareValues(left.offer.load, right.offer.load) ||
    compareValues(right.stake, left.stake) ||
    compareValues(left.offer.provider, right.offer.provider)
  )
}

function compareValues<T extends bigint | number | string>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function costOfOneGib({ offer }: BelievedOffer): TokenUnits {
  return addUnits(offer.sessionFeeUnits, units(offer.priceUnitsPerGib))
}

/** Says what put it behind the one before. */
function reasonOf(offer: BelievedOffer, better: BelievedOffer | undefined): string {
  const cost = `$${formatUnits(costOfOneGib(offer))} for a session of 1 GiB`
  if (better === undefined) return `cheapest: ${cost}`
  const difference = costOfOneGib(offer) - costOfOneGib(better)
  if (difference > 0n) return `${cost}, $${formatUnits(difference)} more`
  if (offer.offer.load > better.offer.load) return `${cost}, same price, more load`
  return offer.stake < better.stake ? `${cost}, same price and load, less stake` : `${cost}, equal`
}

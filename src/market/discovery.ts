/** Who sells? One interface for a list of known addresses now and a peer-to-peer network later. */
import type { Millis } from '#base/clock.ts'
import type { Refusal } from './constants.ts'
import type { SignedOffer } from './offer.ts'

/** A provider as the registry holds it: what believing an offer needs (`payment/chain` reads it). */
export interface RegisteredProvider {
  /** `0x` and hex digits, any case, as all addresses here. */
  readonly owner: string
  readonly stake: bigint
  readonly region: string
  readonly active: boolean
  /** Undefined while bonded. */
  readonly unbondsAt: number | undefined
  readonly keys: readonly {
    readonly keyId: number
    readonly key: string
    readonly live: boolean
    /** Undefined while in use. */
    readonly retiredAt: number | undefined
  }[]
}

/** An offer that was checked against the registry, with the stake that answers for it. */
export interface BelievedOffer extends SignedOffer {
  readonly stake: bigint
  /** The bootstrap address that it came from. */
  readonly source: string
}

/** Two offers of one key under one sequence number: evidence that costs the stake (`reportEquivocation`). */
export interface Equivocation {
  readonly provider: string
  readonly sequence: bigint
  readonly first: { readonly contentHash: Uint8Array; readonly signature: Uint8Array }
  readonly second: { readonly contentHash: Uint8Array; readonly signature: Uint8Array }
}

/** The newest offer seen of each provider; the caller keeps it across restarts. */
export interface OfferMemory {
  last(provider: string): SeenOffer | undefined
  remember(provider: string, seen: SeenOffer): void
}

export interface SeenOffer {
  readonly signer: string
  readonly sequence: bigint
  readonly contentHash: Uint8Array
  readonly signature: Uint8Array
}

export type DiscoveryEvent =
  | { readonly kind: 'offer'; readonly offer: BelievedOffer }
  | { readonly kind: 'refused'; readonly source: string; readonly reason: Refusal }
  | { readonly kind: 'equivocation'; readonly source: string; readonly evidence: Equivocation }

export interface Discovery {
  /** Each source once, as answers arrive. Ends when all have answered or failed, or when `signal` aborts. */
  offers(signal: AbortSignal): AsyncIterable<DiscoveryEvent>
}

export interface DiscoveryList {
  readonly offers: readonly BelievedOffer[]
  /** How often each reason applied. */
  readonly refused: Readonly<Partial<Record<Refusal, number>>>
  readonly evidence: readonly Equivocation[]
}

/** All events of one round, counted. Of several offers of one provider the newest stays. */
export async function listOffers(discovery: Discovery, signal: AbortSignal): Promise<DiscoveryList> {
  const offers = new Map<string, BelievedOffer>()
  const refused: Partial<Record<Refusal, number>> = {}
  const evidence: Equivocation[] = []
  const count = (reason: Refusal): void => void (refused[reason] = (refused[reason] ?? 0) + 1)
  for await (const event of discovery.offers(signal)) {
    if (event.kind === 'offer') {
      const known = offers.get(event.offer.offer.provider)
      if (known === undefined || known.offer.sequence < event.offer.offer.sequence) {
        offers.set(event.offer.offer.provider, event.offer)
      }
    } else if (event.kind === 'refused') {
      count(event.reason)
    } else {
      count('equivocation')
      evidence.push(event.evidence)
      offers.delete(event.evidence.provider)
    }
  }
  return { offers: [...offers.values()], refused, evidence }
}

/** A memory for one run of a program. */
export function memoryOfOffers(): OfferMemory {
  const seen = new Map<string, SeenOffer>()
  return { last: (provider) => seen.get(provider), remember: (provider, offer) => void seen.set(provider, offer) }
}

export interface BeliefContext {
  readonly providers: readonly RegisteredProvider[]
  readonly minimumStake: bigint
  readonly nowMs: Millis
  readonly memory: OfferMemory
}

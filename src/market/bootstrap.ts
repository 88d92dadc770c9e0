/** Discovery from a list of control addresses: each is asked for its signed offer, the registry says what to believe. */
import type { Clock, Millis } from '#base/clock.ts'
import { SECOND_MS } from '#base/clock.ts'
import { believe } from './belief.ts'
import type { Discovery, DiscoveryEvent, OfferMemory, RegisteredProvider } from './discovery.ts'
import { fetchOfferWithin, type FetchOffer } from './fetch.ts'
import { parseOffer, type OfferDomain } from './offer.ts'

export interface BootstrapOptions {
  /** `host:port` list. */
  readonly addresses: readonly string[]
  /** Read from the chain just before. */
  readonly providers: readonly RegisteredProvider[]
  readonly minimumStake: bigint
  readonly domain: OfferDomain
  readonly memory: OfferMemory
  readonly clock: Clock
  /** For each address. */
  readonly timeoutMs?: Millis
  readonly fetch?: FetchOffer
}

export function bootstrapDiscovery(options: BootstrapOptions): Discovery {
  const fetch = options.fetch ?? fetchOfferWithin(options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  return {
    async *offers(signal) {
      const waiting = new Map(
        options.addresses.map((address) => [address, askOne(address, { ...options, fetch }, signal)] as const),
      )
      while (waiting.size > 0) {
        const event = await Promise.race(waiting.values())
        waiting.delete(event.source)
        yield event.event
      }
    },
  }
}

interface Answer {
  readonly source: string
  readonly event: DiscoveryEvent
}

async function askOne(
  source: string,
  options: BootstrapOptions & { readonly fetch: FetchOffer },
  signal: AbortSignal,
): Promise<Answer> {
  const fetched = await options.fetch(source, signal)
  if (!fetched.ok) return { source, event: { kind: 'refused', source, reason: fetched.error } }
  const parsed = parseOffer(fetched.value, options.domain)
  if (!parsed.ok) return { source, event: { kind: 'refused', source, reason: parsed.error } }
  const { providers, minimumStake, memory } = options
  const belief = believe(parsed.value, { providers, minimumStake, memory, nowMs: options.clock.wallMs() })
  if (belief.ok)
    return { source, event: { kind: 'offer', offer: { ...parsed.value, stake: belief.value.stake, source } } }
  return { source, event: { ...belief.error, source } }
}

const DEFAULT_TIMEOUT_MS = 5 * SECOND_MS

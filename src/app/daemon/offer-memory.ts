/** The newest offer seen of each provider, in the store: an older one is not believed again, also after a restart. */
import { bytesOf, hexText, type Hex } from '#base/hex.ts'
import type { OfferMemory } from '#market/discovery.ts'
import type { Store } from '../store/index.ts'

export function offerMemoryOf(store: Store): OfferMemory {
  const keyOf = (provider: string): string => `offer-seen:${provider.toLowerCase()}`
  return {
    last: (provider) => {
      const stored = store.settings.find(keyOf(provider))
      if (stored === undefined) return undefined
      const [signer, sequence, contentHash, signature] = stored.split(' ')
      return {
        signer: signer,
        sequence: BigInt(sequence),
        contentHash: bytesOf(contentHash as Hex),
        signature: bytesOf(signature as Hex),
      }
    },
    remember: (provider, { signer, sequence, contentHash, signature }) => {
      const fields = [signer, sequence.toString(), hexText(contentHash), hexText(signature)]
      store.settings.put(keyOf(provider), fields.join(' '))
    },
  }
}

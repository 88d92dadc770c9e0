/** Whether a parsed offer is believed: registry, time and memory. In the order of how little a liar could do about it. */
import { equalBytes } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import { CLOCK_SKEW_MS, MAX_OFFER_LIFETIME_MS, type Refusal } from './constants.ts'
import type { BeliefContext, Equivocation, RegisteredProvider } from './discovery.ts'
import type { SignedOffer } from './offer.ts'

export type Doubt =
  | { readonly kind: 'refused'; readonly reason: Refusal }
  | { readonly kind: 'equivocation'; readonly evidence: Equivocation }

/** Returns the stake behind the offer, and remembers the offer; or says why it is not believed. */
export function believe(signed: SignedOffer, context: BeliefContext): Result<{ readonly stake: bigint }, Doubt> {
  const { offer } = signed
  const provider = context.providers.find((record) => record.owner.toLowerCase() === offer.provider)
  if (provider === undefined) return refused('provider-unregistered')
  const keyDoubt = doubtOfKey(signed, provider)
  if (keyDoubt !== undefined) return refused(keyDoubt)

  // A lie under a registered key is evidence even when the offer has expired.
  const last = context.memory.last(offer.provider)
  if (last !== undefined && last.signer === signed.signer && last.sequence === offer.sequence) {
    if (!equalBytes(last.contentHash, signed.contentHash)) {
      const evidence = { provider: offer.provider, sequence: offer.sequence, first: last, second: signed }
      return err({ kind: 'equivocation', evidence })
    }
  }
  const doubt = doubtOfProvider(signed, provider, context) ?? doubtOfTime(signed, context)
  if (doubt !== undefined) return refused(doubt)
  if (last !== undefined && offer.sequence < last.sequence) return refused('sequence-back')
  const { signer, contentHash, signature } = signed
  context.memory.remember(offer.provider, { signer, sequence: offer.sequence, contentHash, signature })
  return ok({ stake: provider.stake })
}

function doubtOfKey(signed: SignedOffer, provider: RegisteredProvider): Refusal | undefined {
  const key = provider.keys.find((candidate) => candidate.keyId === signed.offer.keyId)
  if (key?.key.toLowerCase() !== signed.signer) return 'key-unregistered'
  return key.live && key.retiredAt === undefined ? undefined : 'key-retired'
}

function doubtOfProvider(
  signed: SignedOffer,
  provider: RegisteredProvider,
  context: BeliefContext,
): Refusal | undefined {
  if (provider.unbondsAt !== undefined) return 'provider-unbonding'
  if (provider.stake < context.minimumStake) return 'provider-unstaked'
  if (!provider.active) return 'provider-inactive'
  if (provider.region !== signed.offer.region) return 'offer-region'
  return undefined
}

function doubtOfTime({ offer }: SignedOffer, { nowMs }: BeliefContext): Refusal | undefined {
  const lifetime = offer.expiresAtMs - offer.issuedAtMs
  if (lifetime <= 0 || lifetime > MAX_OFFER_LIFETIME_MS) return 'offer-lifetime'
  if (offer.issuedAtMs > nowMs + CLOCK_SKEW_MS) return 'offer-future'
  return offer.expiresAtMs <= nowMs ? 'offer-expired' : undefined
}

function refused(reason: Refusal): Result<never, Doubt> {
  return err({ kind: 'refused', reason })
}

/**
 * Offers: what a provider sells now, where it is reached, until when; signed by its node key. `docs/protocol/offer.md`
 * has the bytes. An offer on the wire is `content ‖ signature`; what is signed is
 * `Offer(address provider,uint64 sequence,bytes32 contentHash)`, so that two contents under one sequence prove a lie.
 */
import { bytesOfHex, concat } from '#base/bytes.ts'
import { hexText, type Address } from '#base/hex.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Millis } from '#base/clock.ts'
import type { TokenUnits, UnitsPerGib } from '#base/units/money.ts'
import { domainSeparator, structHash, typedDataDigest, typeHash, wordOfAddress, wordOfUint } from '#crypto/eip712.ts'
import { keccak256 } from '#crypto/keccak.ts'
import { recoverAddress } from '#crypto/secp256k1.ts'
import { MAX_OFFER_BYTES, SIGNATURE_BYTES, type NatKind, type Protocol, type Refusal } from './constants.ts'
import { decodeContent, encodeContent } from './offer-content.ts'
import type { NodeIdentity } from './identity.ts'

export interface Offer {
  /** Account of the provider, lower case. */
  readonly provider: Address
  /** Position of the signing node key in the registry. */
  readonly keyId: number
  /** Strictly increasing for each provider. */
  readonly sequence: bigint
  /** ISO 3166 code, as in the registry. */
  readonly region: string
  readonly issuedAtMs: Millis
  readonly expiresAtMs: Millis
  /** For choosing; what binds is `quote`. */
  readonly priceUnitsPerGib: UnitsPerGib
  readonly sessionFeeUnits: TokenUnits
  /** 32 bytes: session requests are sealed to this X25519 key. */
  readonly sealKey: Uint8Array
  /** Bits per second that all consumers together may use; 0: not limited by the provider. */
  readonly sharedRateUpBps: bigint
  readonly sharedRateDownBps: bigint
  /** Parts of 10,000 of the shared rate that are in use. */
  readonly load: number
  /** 32 bytes: hash of the exit policy. */
  readonly policyHash: Uint8Array
  /** A code of a later release stays a number. */
  readonly nat: NatKind | number
  /** Protocols of the tunnel, each once. Codes that this version does not know are kept as numbers. */
  readonly protocols: readonly (Protocol | number)[]
  /** `host:port`, in order of preference, at most eight. */
  readonly control: readonly string[]
  /** The signed quote as `payment/tariff` encoded it; opaque here. */
  readonly quote: Uint8Array
  /** Fields of later releases, ascending by type; kept and signed, not understood. */
  readonly extensions: readonly Extension[]
}

export interface Extension {
  readonly type: number
  readonly value: Uint8Array
}

/** An offer as it travels, together with what it says. */
export interface SignedOffer {
  readonly offer: Offer
  /** `content ‖ signature`. */
  readonly bytes: Uint8Array
  /** keccak256 of the content, 32 bytes. */
  readonly contentHash: Uint8Array
  /** 65 bytes. */
  readonly signature: Uint8Array
  /** Address of the key that signed, lower case. It is not checked against the registry yet. */
  readonly signer: Address
}

/** The contract whose domain offers are signed in. */
export interface OfferDomain {
  readonly chainId: bigint
  /** Address of the `StakeRegistry`. */
  readonly registry: string
}

/** Signs an offer. Throws `RangeError` where a field cannot be encoded: the offer is our own. */
export function signOffer(offer: Offer, identity: NodeIdentity, domain: OfferDomain): SignedOffer {
  const content = encodeContent(offer)
  const contentHash = keccak256(content)
  const signature = identity.sign(offerDigest(domain, offer.provider, offer.sequence, contentHash))
  const bytes = concat(content, signature)
  if (bytes.length > MAX_OFFER_BYTES)
    throw new RangeError(`offer: at most ${MAX_OFFER_BYTES} bytes, got ${bytes.length}`)
  return { offer, bytes, contentHash, signature, signer: identity.key }
}

/** Reads foreign bytes. Says who signed; whether that key may is the question of `believe` (`belief.ts`). */
export function parseOffer(bytes: Uint8Array, domain: OfferDomain): Result<SignedOffer, Refusal> {
  if (bytes.length <= SIGNATURE_BYTES || bytes.length > MAX_OFFER_BYTES) return err('offer-size')
  const content = bytes.slice(0, -SIGNATURE_BYTES)
  const signature = bytes.slice(-SIGNATURE_BYTES)
  const decoded = decodeContent(content)
  if (!decoded.ok) return decoded
  const offer = decoded.value
  const contentHash = keccak256(content)
  const signer = recoverAddress(offerDigest(domain, offer.provider, offer.sequence, contentHash), signature)
  if (!signer.ok) return err('offer-signature')
  return ok({ offer, bytes: bytes.slice(), contentHash, signature, signer: hexText(signer.value) })
}

/** The 32-byte digest that the node key signs; `StakeRegistry.offerDigest` computes the same. */
export function offerDigest(
  domain: OfferDomain,
  provider: string,
  sequence: bigint,
  contentHash: Uint8Array,
): Uint8Array {
  const separator = domainSeparator({
    name: 'Adit Stake Registry',
    version: '1',
    chainId: domain.chainId,
    verifyingContract: bytesOfHex(domain.registry),
  })
  return typedDataDigest(
    separator,
    structHash(OFFER_TYPE_HASH, wordOfAddress(bytesOfHex(provider)), wordOfUint(sequence), contentHash),
  )
}

/** The next sequence number: never below the clock, so that a provider restored from a backup does not repeat one. */
export function nextSequence(last: bigint, nowMs: Millis): bigint {
  const now = BigInt(Math.floor(nowMs))
  return last + 1n > now ? last + 1n : now
}

/** An offer inside JSON: base64 (RFC 4648 §4) of its bytes. */
export function offerToText(offer: SignedOffer): string {
  return Buffer.from(offer.bytes).toString('base64')
}

export function offerFromText(text: string, domain: OfferDomain): Result<SignedOffer, Refusal> {
  if (text.length > MAX_OFFER_TEXT) return err('offer-size')
  const bytes = Buffer.from(text, 'base64')
  // Buffer skips what is not base64; only the exact text of the bytes is the offer's text.
  if (bytes.toString('base64') !== text) return err('offer-format')
  return parseOffer(new Uint8Array(bytes), domain)
}

const OFFER_TYPE_HASH = typeHash('Offer(address provider,uint64 sequence,bytes32 contentHash)')
const MAX_OFFER_TEXT = Math.ceil(MAX_OFFER_BYTES / 3) * 4

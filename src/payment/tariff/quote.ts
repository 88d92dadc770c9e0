/**
 * The quote: a provider's signed price, and its bytes (`docs/protocol/quote.md`). The signature covers every byte that
 * was received, also those after the last known field, so that a later minor release can add fields that older
 * readers ignore and nobody can alter.
 */
import { concat, setU32be, setU64be, u32be, u64be, utf8 } from '#base/bytes.ts'
import { setU96be, u96be } from '#base/uint96.ts'
import { bytesOf, hexText, type Address, type Hash32, type Hex } from '#base/hex.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { Millis } from '#base/clock.ts'
import { units, unitsPerGibOf, type TokenUnits, type UnitsPerGib } from '#base/units/money.ts'
import { structHash, typedDataDigest, typeHash, domainSeparator } from '#crypto/eip712.ts'
import { keccak256 } from '#crypto/keccak.ts'

export interface Quote {
  readonly version: 1
  /** The account that is paid and that holds the stake. */
  readonly provider: Address
  /** Index of the node key in the provider's append-only list in the registry: the one that signs. */
  readonly nodeKeyId: number
  /** ISO 3166-1 country or 3166-2 subdivision: `JP`, `US-CA`. */
  readonly region: string
  readonly priceUnitsPerGib: UnitsPerGib
  readonly sessionFeeUnits: TokenUnits
  readonly token: Address
  readonly chainId: bigint
  /** The `Channels` contract: payment is possible there only. */
  readonly channels: Address
  readonly issuedAtMs: Millis
  readonly expiresAtMs: Millis
  /** Strictly increasing for each node key: max(last + 1, Unix ms). */
  readonly sequence: bigint
  /** The rate that is for sale, bits per second; 0: no limit stated. Up: from the consumer. */
  readonly rateUpBps: bigint
  readonly rateDownBps: bigint
}

/** A quote with the bytes that were signed. `hash` is what readings and control messages name. */
export interface SignedQuote {
  readonly quote: Quote
  readonly bytes: Uint8Array
  readonly hash: Hash32
  /** 65 bytes r ‖ s ‖ v by the node key. */
  readonly signature: Hex
}

export type QuoteError = 'quote-length' | 'quote-version' | 'quote-region' | 'quote-times'

export const QUOTE_VERSION = 1
export const QUOTE_BYTES = 145
/** Longer ones are refused: room for fields to come, none for filling memory. */
export const MAX_QUOTE_BYTES = 512

export function emitQuote(quote: Quote): Uint8Array {
  if (!REGION.test(quote.region)) throw new RangeError('quote.region: expected a region such as DE or US-CA')
  const bytes = new Uint8Array(QUOTE_BYTES)
  bytes[OFFSET.version] = QUOTE_VERSION
  bytes.set(bytesOf(quote.provider), OFFSET.provider)
  setU32be(bytes, OFFSET.nodeKeyId, quote.nodeKeyId)
  bytes.set(utf8(quote.region), OFFSET.region)
  setU96be(bytes, OFFSET.price, quote.priceUnitsPerGib)
  setU96be(bytes, OFFSET.sessionFee, quote.sessionFeeUnits)
  bytes.set(bytesOf(quote.token), OFFSET.token)
  setU64be(bytes, OFFSET.chainId, quote.chainId)
  bytes.set(bytesOf(quote.channels), OFFSET.channels)
  setU64be(bytes, OFFSET.issuedAt, BigInt(quote.issuedAtMs))
  setU64be(bytes, OFFSET.expiresAt, BigInt(quote.expiresAtMs))
  setU64be(bytes, OFFSET.sequence, quote.sequence)
  setU64be(bytes, OFFSET.rateUp, quote.rateUpBps)
  setU64be(bytes, OFFSET.rateDown, quote.rateDownBps)
  return bytes
}

/** Never throws. The result owns its data. */
export function parseQuote(bytes: Uint8Array): Result<Quote, QuoteError> {
  if (bytes.length < 1 || bytes.length > MAX_QUOTE_BYTES) return err('quote-length')
  if (bytes[OFFSET.version] !== QUOTE_VERSION) return err('quote-version')
  if (bytes.length < QUOTE_BYTES) return err('quote-length')
  const region = regionAt(bytes)
  if (region === undefined) return err('quote-region')
  const issuedAt = u64be(bytes, OFFSET.issuedAt)
  const expiresAt = u64be(bytes, OFFSET.expiresAt)
  if (issuedAt > expiresAt || expiresAt > BigInt(Number.MAX_SAFE_INTEGER)) return err('quote-times')
  return ok({
    version: QUOTE_VERSION,
    provider: hexText(bytes.subarray(OFFSET.provider, OFFSET.nodeKeyId)),
    nodeKeyId: u32be(bytes, OFFSET.nodeKeyId),
    region,
    priceUnitsPerGib: unitsPerGibOf(u96be(bytes, OFFSET.price)),
    sessionFeeUnits: units(u96be(bytes, OFFSET.sessionFee)),
    token: hexText(bytes.subarray(OFFSET.token, OFFSET.chainId)),
    chainId: u64be(bytes, OFFSET.chainId),
    channels: hexText(bytes.subarray(OFFSET.channels, OFFSET.issuedAt)),
    issuedAtMs: Number(issuedAt),
    expiresAtMs: Number(expiresAt),
    sequence: u64be(bytes, OFFSET.sequence),
    rateUpBps: u64be(bytes, OFFSET.rateUp),
    rateDownBps: u64be(bytes, OFFSET.rateDown),
  })
}

/** keccak256 of all bytes of the quote, those after the last known field included. */
export function quoteHash(bytes: Uint8Array): Hash32 {
  return hexText(keccak256(bytes))
}

/**
 * What the node key signs (EIP-712): `Quote(bytes32 quote)` with the quote's hash, in the domain
 * `{name: "Adit Quote", version: "1", chainId, verifyingContract: channels}`.
 */
export function quoteDigest(bytes: Uint8Array, quote: Pick<Quote, 'chainId' | 'channels'>): Uint8Array {
  const separator = domainSeparator({
    name: 'Adit Quote',
    version: '1',
    chainId: quote.chainId,
    verifyingContract: quote.channels,
  })
  return typedDataDigest(separator, structHash(QUOTE_TYPE, keccak256(bytes)))
}

/** `bytes ‖ signature` with the length of the first in front (2 bytes): how a signed quote travels. */
export function emitSignedQuote(bytes: Uint8Array, signature: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(bytes.length >>> 8, bytes.length & 0xff), bytes, signature)
}

/** Parses without checking the signature: the caller verifies it over `quoteDigest(bytes, quote)`. */
export function parseSignedQuote(data: Uint8Array): Result<SignedQuote, QuoteError> {
  if (data.length < 2) return err('quote-length')
  const length = (data[0] << 8) | data[1]
  if (data.length < 2 + length + SIGNATURE_BYTES) return err('quote-length')
  const bytes = data.slice(2, 2 + length)
  const quote = parseQuote(bytes)
  if (!quote.ok) return quote
  const signature = hexText(data.subarray(2 + length, 2 + length + SIGNATURE_BYTES))
  return ok({ quote: quote.value, bytes, hash: quoteHash(bytes), signature })
}

/** Rate of both directions together, bytes per second: what the first window is sized for. */
export function offeredBytesPerSecond(quote: Quote): bigint {
  return (quote.rateUpBps + quote.rateDownBps) / 8n
}

function regionAt(bytes: Uint8Array): string | undefined {
  const field = bytes.subarray(OFFSET.region, OFFSET.price)
  const end = field.indexOf(0)
  const text = String.fromCharCode(...field.subarray(0, end === -1 ? field.length : end))
  if (end !== -1 && field.subarray(end).some((byte) => byte !== 0)) return undefined
  return REGION.test(text) ? text : undefined
}

const OFFSET = {
  version: 0,
  provider: 1,
  nodeKeyId: 21,
  region: 25,
  price: 33,
  sessionFee: 45,
  token: 57,
  chainId: 77,
  channels: 85,
  issuedAt: 105,
  expiresAt: 113,
  sequence: 121,
  rateUp: 129,
  rateDown: 137,
} as const
const REGION = /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/
const SIGNATURE_BYTES = 65
const QUOTE_TYPE = typeHash('Quote(bytes32 quote)')

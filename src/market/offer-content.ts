/** The signed part of an offer as bytes; canonical: `encodeContent(decodeContent(x)) = x`, or x is refused. */
import { bytesOfHex, concat, equalBytes, setU16be, setU32be, setU64be, u16be, u32be, u64be, utf8 } from '#base/bytes.ts'
import { hexText } from '#base/hex.ts'
import { setU96be, u96be } from '#base/uint96.ts'
import { err, ok, type Result } from '#base/result.ts'
import { units, unitsPerGibOf } from '#base/units/money.ts'
import {
  CRITICAL_FIELD,
  FULL_LOAD,
  MAX_CONTROL_ADDRESSES,
  MAX_QUOTE_BYTES,
  NAT_KINDS,
  OFFER_VERSION,
  PROTOCOLS,
  REGION_BYTES,
  type NatKind,
  type Protocol,
  type Refusal,
} from './constants.ts'
import type { Extension, Offer } from './offer.ts'

const OFFSET = {
  version: 0,
  nat: 1,
  load: 2,
  keyId: 4,
  provider: 8,
  region: 28,
  sequence: 36,
  issuedAt: 44,
  expiresAt: 52,
  price: 60,
  sessionFee: 72,
  sealKey: 84,
  policyHash: 116,
  sharedRateUp: 148,
  sharedRateDown: 156,
  lists: 164,
} as const

/** Throws `RangeError` where a field is out of range: only for our own offers. */
export function encodeContent(offer: Offer): Uint8Array {
  const fixed = new Uint8Array(OFFSET.lists)
  fixed[OFFSET.version] = OFFER_VERSION
  fixed[OFFSET.nat] = typeof offer.nat === 'number' ? inRange('nat', offer.nat, 255) : NAT_KINDS.indexOf(offer.nat)
  setU16be(fixed, OFFSET.load, inRange('load', offer.load, FULL_LOAD))
  setU32be(fixed, OFFSET.keyId, inRange('keyId', offer.keyId, 0xffff_ffff))
  fixed.set(sized('provider', bytesOfHex(offer.provider), 20), OFFSET.provider)
  if (!REGION.test(offer.region)) throw new RangeError('offer region: expected an ISO 3166 code')
  fixed.set(utf8(offer.region), OFFSET.region)
  setU64be(fixed, OFFSET.sequence, bigInRange('sequence', offer.sequence, MAX_UINT64))
  setU64be(fixed, OFFSET.issuedAt, BigInt(offer.issuedAtMs))
  setU64be(fixed, OFFSET.expiresAt, BigInt(offer.expiresAtMs))
  setU96be(fixed, OFFSET.price, offer.priceUnitsPerGib)
  setU96be(fixed, OFFSET.sessionFee, offer.sessionFeeUnits)
  fixed.set(sized('sealKey', offer.sealKey, 32), OFFSET.sealKey)
  fixed.set(sized('policyHash', offer.policyHash, 32), OFFSET.policyHash)
  setU64be(fixed, OFFSET.sharedRateUp, bigInRange('sharedRateUpBps', offer.sharedRateUpBps, MAX_UINT64))
  setU64be(fixed, OFFSET.sharedRateDown, bigInRange('sharedRateDownBps', offer.sharedRateDownBps, MAX_UINT64))
  const content = concat(
    fixed,
    encodeProtocols(offer.protocols),
    encodeControl(offer.control),
    encodeQuote(offer.quote),
    ...offer.extensions.map(encodeExtension),
  )
  const decoded = decodeContent(content)
  if (!decoded.ok) throw new RangeError(`offer: not encodable (${decoded.error})`)
  return content
}

/** Copies what it keeps: the result does not borrow `content`. Never throws. */
export function decodeContent(content: Uint8Array): Result<Offer, Refusal> {
  if (content.length === 0) return err('offer-truncated')
  if (content[OFFSET.version] !== OFFER_VERSION) return err('offer-version')
  if (content.length < OFFSET.lists) return err('offer-truncated')
  const region = decodeRegion(content.subarray(OFFSET.region, OFFSET.region + REGION_BYTES))
  const issuedAt = u64be(content, OFFSET.issuedAt)
  const expiresAt = u64be(content, OFFSET.expiresAt)
  const load = u16be(content, OFFSET.load)
  if (region === undefined || issuedAt > MAX_TIME || expiresAt > MAX_TIME || load > FULL_LOAD)
    return err('offer-format')
  const lists = decodeLists(content.subarray(OFFSET.lists))
  if (!lists.ok) return lists
  return ok({
    provider: hexText(content.subarray(OFFSET.provider, OFFSET.provider + 20)),
    keyId: u32be(content, OFFSET.keyId),
    sequence: u64be(content, OFFSET.sequence),
    region,
    issuedAtMs: Number(issuedAt),
    expiresAtMs: Number(expiresAt),
    priceUnitsPerGib: unitsPerGibOf(u96be(content, OFFSET.price)),
    sessionFeeUnits: units(u96be(content, OFFSET.sessionFee)),
    sealKey: content.slice(OFFSET.sealKey, OFFSET.sealKey + 32),
    sharedRateUpBps: u64be(content, OFFSET.sharedRateUp),
    sharedRateDownBps: u64be(content, OFFSET.sharedRateDown),
    load,
    policyHash: content.slice(OFFSET.policyHash, OFFSET.policyHash + 32),
    nat: natOf(content[OFFSET.nat]),
    ...lists.value,
  })
}

type Lists = Pick<Offer, 'protocols' | 'control' | 'quote' | 'extensions'>

/** Steps through the parts of variable length; every length is checked before it is used. */
function decodeLists(bytes: Uint8Array): Result<Lists, Refusal> {
  const reader = new Reader(bytes)
  const codes = reader.take(reader.u8())
  const controlCount = reader.u8()
  if (controlCount > MAX_CONTROL_ADDRESSES) return err('offer-format')
  const control: string[] = []
  for (let index = 0; index < controlCount; index++) {
    control.push(new TextDecoder('latin1').decode(reader.take(reader.u8())))
  }
  const quoteLength = reader.u16()
  if (quoteLength > MAX_QUOTE_BYTES) return err('offer-format')
  const quote = reader.take(quoteLength).slice()
  const extensions: Extension[] = []
  while (reader.left > 0) {
    const type = reader.u16()
    extensions.push({ type, value: reader.take(reader.u16()).slice() })
    if (reader.truncated) break
    if (type >= CRITICAL_FIELD) return err('offer-critical-field')
  }
  if (reader.truncated) return err('offer-truncated')
  const ascending = (values: readonly number[]): boolean =>
    values.every((value, index) => index === 0 || values[index - 1] < value)
  if (codes.length === 0 || codes[0] === 0 || !ascending(Array.from(codes))) return err('offer-format')
  if (!ascending(extensions.map((extension) => extension.type))) return err('offer-format')
  if (control.length === 0 || !control.every(isControlAddress)) return err('offer-format')
  return ok({ protocols: Array.from(codes, protocolOf), control, quote, extensions })
}

/** Reads forward; beyond the end it answers with zeros and remembers it. */
class Reader {
  readonly #bytes: Uint8Array
  #offset = 0
  truncated = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#offset
  }

  take(length: number): Uint8Array {
    if (length > this.left) {
      this.truncated = true
      this.#offset = this.#bytes.length
      return new Uint8Array(0)
    }
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }

  u8(): number {
    const bytes = this.take(1)
    return bytes.length === 1 ? bytes[0] : 0
  }

  u16(): number {
    const bytes = this.take(2)
    return bytes.length === 2 ? u16be(bytes, 0) : 0
  }
}

function decodeRegion(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0)
  const region = new TextDecoder('latin1').decode(end === -1 ? bytes : bytes.subarray(0, end))
  const padded = new Uint8Array(REGION_BYTES)
  if (!REGION.test(region)) return undefined
  padded.set(utf8(region))
  return equalBytes(padded, bytes) ? region : undefined
}

function protocolOf(code: number): Protocol | number {
  return code <= PROTOCOLS.length ? PROTOCOLS[code - 1] : code
}

function natOf(code: number): NatKind | number {
  return code < NAT_KINDS.length ? NAT_KINDS[code] : code
}

function isControlAddress(text: string): boolean {
  return CONTROL_ADDRESS.test(text) && Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535
}

function encodeProtocols(protocols: Offer['protocols']): Uint8Array {
  const codes = protocols.map((protocol) => (typeof protocol === 'number' ? protocol : PROTOCOLS.indexOf(protocol) + 1))
  return Uint8Array.of(inRange('protocols', codes.length, 255), ...codes.sort((left, right) => left - right))
}

function encodeControl(control: readonly string[]): Uint8Array {
  const texts = control.map((address) => utf8(address))
  const parts = texts.map((bytes) => concat(Uint8Array.of(inRange('control address', bytes.length, 255)), bytes))
  return concat(Uint8Array.of(inRange('control', control.length, MAX_CONTROL_ADDRESSES)), ...parts)
}

function encodeQuote(quote: Uint8Array): Uint8Array {
  return concat(u16Bytes(inRange('quote', quote.length, MAX_QUOTE_BYTES)), quote)
}

function encodeExtension(extension: Extension): Uint8Array {
  const { type, value } = extension
  return concat(
    u16Bytes(inRange('extension', type, 0xffff)),
    u16Bytes(inRange('extension', value.length, 0xffff)),
    value,
  )
}

function u16Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  setU16be(bytes, 0, value)
  return bytes
}

function sized(name: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`offer ${name}: expected ${length} bytes, got ${bytes.length}`)
  return bytes
}

function inRange(name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`offer ${name}: expected 0 to ${max}`)
  return value
}

function bigInRange(name: string, value: bigint, max: bigint): bigint {
  if (value < 0n || value > max) throw new RangeError(`offer ${name}: expected 0 to ${max.toString()}`)
  return value
}

const REGION = /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/
// A name, an IPv4 address or an IPv6 address in brackets, then a port without leading zeros.
const CONTROL_ADDRESS = /^([A-Za-z0-9]([A-Za-z0-9.-]{0,230}[A-Za-z0-9])?|\[[0-9a-f:.]{2,45}\]):[1-9]\d{0,4}$/
const MAX_UINT64 = (1n << 64n) - 1n
/** Largest time that is an exact number of milliseconds. */
const MAX_TIME = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * Typed-data digests (EIP-712) for small flat structs: the caller computes the type hash once (a constant) and passes
 * the members as 32-byte words. About ten times cheaper than a generic encoder that walks types on each call.
 */
import { bytesOfHex, concat, setU64be, utf8 } from '#base/bytes.ts'
import { keccak256 } from './keccak.ts'

export interface Domain {
  readonly name: string
  readonly version: string
  readonly chainId: bigint
  /** 20 bytes, or `0x` and 40 hex digits. */
  readonly verifyingContract: Uint8Array | string
}

/** 32 bytes: hash of e.g. `Voucher(bytes32 channel,uint256 amount,bytes32 reading)`. Compute it once per type. */
export function typeHash(type: string): Uint8Array {
  return keccak256(utf8(type))
}

/** 32 bytes. Cached by value: a session asks for the same few domains all the time. */
export function domainSeparator(domain: Domain): Uint8Array {
  const contract = addressBytes(domain.verifyingContract)
  const key = JSON.stringify([domain.name, domain.version, domain.chainId.toString(), Array.from(contract)])
  const cached = separators.get(key)
  if (cached !== undefined) return cached
  const separator = structHash(
    DOMAIN_TYPE_HASH,
    keccak256(utf8(domain.name)),
    keccak256(utf8(domain.version)),
    wordOfUint(domain.chainId),
    wordOfAddress(contract),
  )
  if (separators.size >= MAX_CACHED_DOMAINS) separators.clear()
  separators.set(key, separator)
  return separator
}

/** `keccak256(typeHash ‖ words)`. Every word is 32 bytes; dynamic members (string, bytes) enter as their keccak256. */
export function structHash(type: Uint8Array, ...words: readonly Uint8Array[]): Uint8Array {
  for (const word of [type, ...words]) {
    if (word.length !== 32) throw new RangeError(`EIP-712 word: expected 32 bytes, got ${word.length}`)
  }
  return keccak256(concat(type, ...words))
}

/** The 32-byte digest to sign: `keccak256(0x19 0x01 ‖ domainSeparator ‖ structHash)`. */
export function typedDataDigest(separator: Uint8Array, struct: Uint8Array): Uint8Array {
  return keccak256(concat(PREFIX, separator, struct))
}

/** An unsigned integer as a 32-byte word. Throws `RangeError` outside 0 <= value < 2^256. */
export function wordOfUint(value: bigint): Uint8Array {
  if (value < 0n || value >= 1n << 256n) throw new RangeError('uint256: expected 0 <= value < 2^256')
  const word = new Uint8Array(32)
  let rest = value
  for (let offset = 24; rest > 0n; offset -= 8, rest >>= 64n) setU64be(word, offset, rest)
  return word
}

/** 20 bytes, right-aligned in a word. */
export function wordOfAddress(address: Uint8Array | string): Uint8Array {
  const word = new Uint8Array(32)
  word.set(addressBytes(address), 12)
  return word
}

function addressBytes(address: Uint8Array | string): Uint8Array {
  const bytes = typeof address === 'string' ? bytesOfHex(address) : address
  if (bytes.length !== 20) throw new RangeError(`address: expected 20 bytes, got ${bytes.length}`)
  return bytes
}

const PREFIX = Uint8Array.of(0x19, 0x01)
const DOMAIN_TYPE_HASH = typeHash('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)')
const MAX_CACHED_DOMAINS = 64
const separators = new Map<string, Uint8Array>()

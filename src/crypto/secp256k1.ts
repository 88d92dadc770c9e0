/**
 * Ethereum's signatures: ECDSA over secp256k1 (SEC 1 §4.1) with deterministic nonces (RFC 6979), low s (EIP-2) and a
 * recovery byte v of 27 or 28. An address is the last 20 bytes of keccak256 of the public key (yellow paper, appendix F).
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { equalBytes } from '#base/bytes.ts'
import type { Random } from '#base/random.ts'
import { err, ok, type Result } from '#base/result.ts'
import { keccak256 } from './keccak.ts'

export interface SigningKey {
  /** 32 bytes, secret. */
  readonly privateKey: Uint8Array
  /** 65 bytes, uncompressed: 04 ‖ x ‖ y. */
  readonly publicKey: Uint8Array
  /** 20 bytes. */
  readonly address: Uint8Array
}

/** Why a 65-byte signature was refused: not 65 bytes or v not 27 or 28; s above n/2; no such point. */
export type SignatureError = 'signature-format' | 'signature-high-s' | 'signature-invalid'

export const SIGNATURE_BYTES = 65
export const ADDRESS_BYTES = 20

/** A fresh key: 48 random bytes reduced modulo n - 1 (FIPS 186-5 A.2.1), so that no bias is left. */
export function createSigningKey(random: Random): SigningKey {
  return signingKeyOf(secp256k1.utils.randomSecretKey(random.bytes(secp256k1.lengths.seed ?? 48)))
}

/** The key pair of a stored private key. Throws `RangeError` where the 32 bytes are no valid key. */
export function signingKeyOf(privateKey: Uint8Array): SigningKey {
  if (!secp256k1.utils.isValidSecretKey(privateKey)) {
    throw new RangeError('private key: expected 32 bytes with 0 < key < n of secp256k1')
  }
  const publicKey = secp256k1.getPublicKey(privateKey, false)
  return { privateKey: Uint8Array.from(privateKey), publicKey, address: addressOfPublicKey(publicKey) }
}

/** 20 bytes. Takes the uncompressed (65) or compressed (33) form; throws on bytes that are no point. */
export function addressOfPublicKey(publicKey: Uint8Array): Uint8Array {
  const point = secp256k1.Point.fromBytes(publicKey).toBytes(false)
  return keccak256(point.subarray(1)).slice(12)
}

/** Signs a 32-byte digest: 65 bytes r ‖ s ‖ v, s low, v 27 or 28. */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
  if (digest.length !== 32) throw new RangeError(`digest: expected 32 bytes, got ${digest.length}`)
  const recovered = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true, format: 'recovered' })
  const signature = new Uint8Array(SIGNATURE_BYTES)
  signature.set(recovered.subarray(1), 0)
  signature[64] = 27 + recovered[0]
  return signature
}

/** The 20-byte address that signed `digest`. High s is refused, as OpenZeppelin's ECDSA does on chain. */
export function recoverAddress(digest: Uint8Array, signature: Uint8Array): Result<Uint8Array, SignatureError> {
  if (digest.length !== 32) throw new RangeError(`digest: expected 32 bytes, got ${digest.length}`)
  if (signature.length !== SIGNATURE_BYTES) return err('signature-format')
  const v = signature[64]
  if (v !== 27 && v !== 28) return err('signature-format')
  const recovered = new Uint8Array(SIGNATURE_BYTES)
  recovered[0] = v - 27
  recovered.set(signature.subarray(0, 64), 1)
  try {
    if (secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact').hasHighS()) return err('signature-high-s')
    const publicKey = secp256k1.recoverPublicKey(recovered, digest, { prehash: false })
    return ok(addressOfPublicKey(publicKey))
  } catch {
    // The library throws on r or s out of range and where r is no x coordinate: foreign input, so a value.
    return err('signature-invalid')
  }
}

/** Whether `address` (20 bytes) signed `digest`. */
export function verifyDigest(digest: Uint8Array, signature: Uint8Array, address: Uint8Array): boolean {
  const signer = recoverAddress(digest, signature)
  return signer.ok && equalBytes(signer.value, address)
}

/**
 * X25519 (RFC 7748) on node:crypto. A key pair is parsed once (65 us) and then used for many exchanges (45 us each).
 * The private half lives inside OpenSSL, which erases it when the handle is collected; it cannot be read back from here.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import type { Random } from '#base/random.ts'

export interface DhKeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Opaque: only the suite that made it can use it. */
  readonly secret: unknown
}

export const DH_BYTES = 32

/** The key pair of a 32-byte private key; clamping is that of RFC 7748 §5. Throws `RangeError` on another length. */
export function dhKeyPairOf(privateKey: Uint8Array): DhKeyPair {
  if (privateKey.length !== DH_BYTES) {
    throw new RangeError(`X25519 private key: expected 32 bytes, got ${privateKey.length}`)
  }
  const secret = createPrivateKey({ key: privateKey, format: 'raw-private', asymmetricKeyType: 'x25519' })
  return { publicKey: Uint8Array.from(createPublicKey(secret).export({ format: 'raw-public' })), secret }
}

export function createDhKeyPair(random: Random): DhKeyPair {
  return dhKeyPairOf(random.bytes(DH_BYTES))
}

/**
 * The 32-byte shared secret, or undefined where it would be all zeros: `publicKey` is a point of low order (RFC 7748
 * §6.1), which only an attacker sends.
 */
export function dh(pair: DhKeyPair, publicKey: Uint8Array): Uint8Array | undefined {
  if (publicKey.length !== DH_BYTES) return undefined
  try {
    const theirs = createPublicKey({ key: publicKey, format: 'raw-public', asymmetricKeyType: 'x25519' })
    return Uint8Array.from(diffieHellman({ privateKey: pair.secret as KeyObject, publicKey: theirs }))
  } catch (error) {
    // OpenSSL refuses the all-zero result itself; anything else is our own mistake.
    if ((error as { code?: string }).code === 'ERR_OSSL_FAILED_DURING_DERIVATION') return undefined
    throw error
  }
}

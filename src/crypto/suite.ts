/**
 * The primitives that WireGuard needs (white paper §5.4), behind one type: `nodeSuite` is the fast one (OpenSSL inside
 * Node where it has the primitive), `nobleSuite` is pure TypeScript and serves as the twin that tests compare with.
 * Both are pure functions of their arguments: no randomness, no state.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import { chacha20poly1305, xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2s } from '@noble/hashes/blake2.js'
import { hmac } from '@noble/hashes/hmac.js'
import { concat } from '#base/bytes.ts'
import { equalSecret } from './constant-time.ts'
import { dh, dhKeyPairOf, type DhKeyPair } from './x25519.ts'

export interface CryptoSuite {
  /** X25519 key pair of a 32-byte private key. */
  readonly dhKeyPair: (privateKey: Uint8Array) => DhKeyPair
  /** 32-byte shared secret; undefined for a point of low order. */
  readonly dh: (pair: DhKeyPair, publicKey: Uint8Array) => Uint8Array | undefined
  /** BLAKE2s-256 (RFC 7693) of the parts, joined. */
  readonly hash: (...parts: readonly Uint8Array[]) => Uint8Array
  /** Keyed BLAKE2s with a 16-byte output: the paper's `Mac`. Key of 1 to 32 bytes. */
  readonly mac: (key: Uint8Array, ...parts: readonly Uint8Array[]) => Uint8Array
  /** HMAC-BLAKE2s, 32 bytes. */
  readonly hmac: (key: Uint8Array, ...parts: readonly Uint8Array[]) => Uint8Array
  /** ChaCha20-Poly1305 (RFC 8439 §2.8), 12-byte nonce: ciphertext ‖ 16-byte tag. */
  readonly seal: (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array) => Uint8Array
  /** Undefined where the tag does not match. */
  readonly open: (
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    associated: Uint8Array,
  ) => Uint8Array | undefined
  /** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), 24-byte nonce. */
  readonly xseal: (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array) => Uint8Array
  readonly xopen: (
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    associated: Uint8Array,
  ) => Uint8Array | undefined
  /** Constant-time comparison. */
  readonly equal: (left: Uint8Array, right: Uint8Array) => boolean
}

/**
 * HKDF (RFC 5869) over the suite's HMAC, as the paper's `Kdf_n`: `count` outputs of 32 bytes. The extract step's key is
 * the chaining key, there is no info.
 */
export function kdf(suite: CryptoSuite, chainingKey: Uint8Array, input: Uint8Array, count: 1 | 2 | 3): Uint8Array[] {
  const secret = suite.hmac(chainingKey, input)
  const outputs: Uint8Array[] = []
  let previous = new Uint8Array(0)
  for (let index = 1; index <= count; index++) {
    previous = Uint8Array.from(suite.hmac(secret, previous, Uint8Array.of(index)))
    outputs.push(previous)
  }
  secret.fill(0)
  return outputs
}

export const TAG_BYTES = 16
const CHACHA = 'chacha20-poly1305'

export const nodeSuite: CryptoSuite = {
  dhKeyPair: dhKeyPairOf,
  dh,
  hash: (...parts) => {
    const hash = createHash('blake2s256')
    for (const part of parts) hash.update(part)
    return new Uint8Array(hash.digest())
  },
  // OpenSSL's BLAKE2SMAC is not reachable through node:crypto; 16 us a call in TypeScript, two calls a handshake message.
  mac: (key, ...parts) => blake2s(concat(...parts), { key, dkLen: 16 }),
  hmac: (key, ...parts) => {
    const mac = createHmac('blake2s256', key)
    for (const part of parts) mac.update(part)
    return new Uint8Array(mac.digest())
  },
  seal: (key, nonce, plaintext, associated) => {
    const cipher = createCipheriv(CHACHA, key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(associated, { plaintextLength: plaintext.length })
    const sealed = new Uint8Array(plaintext.length + TAG_BYTES)
    sealed.set(cipher.update(plaintext), 0)
    cipher.final()
    sealed.set(cipher.getAuthTag(), plaintext.length)
    return sealed
  },
  open: (key, nonce, sealed, associated) => {
    const length = sealed.length - TAG_BYTES
    if (length < 0) return undefined
    const decipher = createDecipheriv(CHACHA, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(associated, { plaintextLength: length })
    decipher.setAuthTag(sealed.subarray(length))
    const plaintext = Uint8Array.from(decipher.update(sealed.subarray(0, length)))
    try {
      decipher.final()
    } catch {
      // The tag does not match: nothing of the plaintext may be seen.
      plaintext.fill(0)
      return undefined
    }
    return plaintext
  },
  xseal: (key, nonce, plaintext, associated) => xchacha20poly1305(key, nonce, associated).encrypt(plaintext),
  xopen: (key, nonce, sealed, associated) =>
    openOrUndefined(() => xchacha20poly1305(key, nonce, associated).decrypt(sealed)),
  equal: equalSecret,
}

export const nobleSuite: CryptoSuite = {
  dhKeyPair: (privateKey) => ({
    publicKey: x25519.getPublicKey(privateKey),
    secret: Uint8Array.from(privateKey),
  }),
  dh: (pair, publicKey) =>
    publicKey.length === 32
      ? openOrUndefined(() => x25519.getSharedSecret(pair.secret as Uint8Array, publicKey))
      : undefined,
  hash: (...parts) => blake2s(concat(...parts)),
  mac: nodeSuite.mac,
  hmac: (key, ...parts) => hmac(blake2s, key, concat(...parts)),
  seal: (key, nonce, plaintext, associated) => chacha20poly1305(key, nonce, associated).encrypt(plaintext),
  open: (key, nonce, sealed, associated) =>
    openOrUndefined(() => chacha20poly1305(key, nonce, associated).decrypt(sealed)),
  xseal: nodeSuite.xseal,
  xopen: nodeSuite.xopen,
  equal: equalSecret,
}

/** noble throws where a tag does not match, where the input is too short, and on a point of low order. */
function openOrUndefined(open: () => Uint8Array): Uint8Array | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}

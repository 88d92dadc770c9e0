/**
 * Sealing one request to a recipient's X25519 key, and one or more responses back: HPKE base mode (RFC 9180) with
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305; the response key is exported from the same context
 * (RFC 9458 §4.4). The sender is anonymous: the request itself must say who asks, where that matters.
 *
 * A sealed request is `enc (32) ‖ ciphertext ‖ tag (16)`; a sealed response `nonce (32) ‖ ciphertext ‖ tag (16)`.
 * Requests can be replayed: the recipient must remember a nonce or a time inside them.
 */
import { createHmac } from 'node:crypto'
import { concat, utf8 } from '#base/bytes.ts'
import type { Random } from '#base/random.ts'
import { err, ok, type Result } from '#base/result.ts'
import { nodeSuite, TAG_BYTES } from './suite.ts'
import { createDhKeyPair, DH_BYTES, dh, dhKeyPairOf, type DhKeyPair } from './x25519.ts'

export type SealedError = 'sealed-length' | 'sealed-key' | 'sealed-tag'

export interface SealedRequest {
  readonly sealed: Uint8Array
  /** Opens the recipient's answer to this request, and to no other. */
  openResponse(sealedResponse: Uint8Array): Result<Uint8Array, SealedError>
}

export interface OpenedRequest {
  readonly plaintext: Uint8Array
  sealResponse(plaintext: Uint8Array, random: Random): Uint8Array
}

/** Bytes that sealing adds: 32 + 16, for requests and for responses. */
export const SEALED_OVERHEAD = DH_BYTES + TAG_BYTES

/**
 * Seals `plaintext` so that only the holder of the recipient's private key reads it. `info` binds the purpose and
 * version (e.g. `adit session 1`); both sides give the same. Throws where `recipientPublicKey` is no usable key.
 */
export function sealRequest(
  recipientPublicKey: Uint8Array,
  info: Uint8Array,
  plaintext: Uint8Array,
  random: Random,
): SealedRequest {
  const ephemeral = createDhKeyPair(random)
  const shared = dh(ephemeral, recipientPublicKey)
  if (shared === undefined) throw new RangeError('recipient key: expected 32 bytes of an X25519 public key')
  const context = hpkeContext(shared, ephemeral.publicKey, recipientPublicKey, info)
  const sealed = concat(ephemeral.publicKey, hpkeSeal(context, 0, plaintext, EMPTY))
  const openResponse = (response: Uint8Array): Result<Uint8Array, SealedError> => {
    if (response.length < SEALED_OVERHEAD) return err('sealed-length')
    const { key, nonce } = responseKeys(context, ephemeral.publicKey, response.subarray(0, RESPONSE_NONCE_BYTES))
    const opened = nodeSuite.open(key, nonce, response.subarray(RESPONSE_NONCE_BYTES), EMPTY)
    return opened === undefined ? err('sealed-tag') : ok(opened)
  }
  return { sealed, openResponse }
}

/** Opens what `sealRequest` made. `recipient` is the 32-byte private key, or its parsed pair (saves 65 us). */
export function openRequest(
  recipient: Uint8Array | DhKeyPair,
  info: Uint8Array,
  sealed: Uint8Array,
): Result<OpenedRequest, SealedError> {
  if (sealed.length < SEALED_OVERHEAD) return err('sealed-length')
  const pair = recipient instanceof Uint8Array ? dhKeyPairOf(recipient) : recipient
  const encapsulated = sealed.slice(0, DH_BYTES)
  const shared = dh(pair, encapsulated)
  if (shared === undefined) return err('sealed-key')
  const context = hpkeContext(shared, encapsulated, pair.publicKey, info)
  const plaintext = hpkeOpen(context, 0, sealed.subarray(DH_BYTES), EMPTY)
  if (plaintext === undefined) return err('sealed-tag')
  const sealResponse = (response: Uint8Array, random: Random): Uint8Array => {
    const responseNonce = random.bytes(RESPONSE_NONCE_BYTES)
    const { key, nonce } = responseKeys(context, encapsulated, responseNonce)
    return concat(responseNonce, nodeSuite.seal(key, nonce, response, EMPTY))
  }
  return ok({ plaintext, sealResponse })
}

/** RFC 9180 §5.1: what both sides derive from one encapsulation. */
export interface HpkeContext {
  readonly key: Uint8Array
  readonly baseNonce: Uint8Array
  readonly exporterSecret: Uint8Array
}

/**
 * RFC 9180 §4.1 (ExtractAndExpand) and §5.1 (KeySchedule), mode_base. `dhShared` is DH(skE, pkR) = DH(skR, pkE).
 * Exported for the published vectors.
 */
export function hpkeContext(
  dhShared: Uint8Array,
  encapsulated: Uint8Array,
  recipientPublicKey: Uint8Array,
  info: Uint8Array,
): HpkeContext {
  const eaePrk = labeledExtract(KEM_SUITE, EMPTY, 'eae_prk', dhShared)
  const shared = labeledExpand(KEM_SUITE, eaePrk, 'shared_secret', concat(encapsulated, recipientPublicKey), 32)
  const pskIdHash = labeledExtract(HPKE_SUITE, EMPTY, 'psk_id_hash', EMPTY)
  const infoHash = labeledExtract(HPKE_SUITE, EMPTY, 'info_hash', info)
  const context = concat(Uint8Array.of(MODE_BASE), pskIdHash, infoHash)
  const secret = labeledExtract(HPKE_SUITE, shared, 'secret', EMPTY)
  return {
    key: labeledExpand(HPKE_SUITE, secret, 'key', context, KEY_BYTES),
    baseNonce: labeledExpand(HPKE_SUITE, secret, 'base_nonce', context, NONCE_BYTES),
    exporterSecret: labeledExpand(HPKE_SUITE, secret, 'exp', context, HASH_BYTES),
  }
}

/** RFC 9180 §5.2: the message of sequence number `sequence` (below 2^32). */
export function hpkeSeal(context: HpkeContext, sequence: number, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  return nodeSuite.seal(context.key, nonceOf(context, sequence), plaintext, aad)
}

export function hpkeOpen(
  context: HpkeContext,
  sequence: number,
  sealed: Uint8Array,
  aad: Uint8Array,
): Uint8Array | undefined {
  return nodeSuite.open(context.key, nonceOf(context, sequence), sealed, aad)
}

/** RFC 9180 §5.3. */
export function hpkeExport(context: HpkeContext, exporterContext: Uint8Array, length: number): Uint8Array {
  return labeledExpand(HPKE_SUITE, context.exporterSecret, 'sec', exporterContext, length)
}

/** RFC 9458 §4.4, with max(Nn, Nk) = 32 bytes of response nonce and our own label instead of a media type. */
function responseKeys(context: HpkeContext, encapsulated: Uint8Array, responseNonce: Uint8Array) {
  const secret = hpkeExport(context, RESPONSE_LABEL, KEY_BYTES)
  const prk = hmacSha256(concat(encapsulated, responseNonce), secret)
  return { key: expand(prk, utf8('key'), KEY_BYTES), nonce: expand(prk, utf8('nonce'), NONCE_BYTES) }
}

function nonceOf(context: HpkeContext, sequence: number): Uint8Array {
  const nonce = Uint8Array.from(context.baseNonce)
  for (let index = 0; index < 4; index++) nonce[NONCE_BYTES - 1 - index] ^= (sequence >>> (8 * index)) & 0xff
  return nonce
}

/** RFC 9180 §4. */
function labeledExtract(suiteId: Uint8Array, salt: Uint8Array, label: string, input: Uint8Array): Uint8Array {
  return hmacSha256(salt, concat(VERSION, suiteId, utf8(label), input))
}

function labeledExpand(
  suiteId: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return expand(prk, concat(Uint8Array.of(length >> 8, length), VERSION, suiteId, utf8(label), info), length)
}

/** RFC 5869 §2.3. */
function expand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length)
  let block: Uint8Array = EMPTY
  for (let index = 1, offset = 0; offset < length; index++, offset += HASH_BYTES) {
    block = hmacSha256(prk, concat(block, info, Uint8Array.of(index)))
    output.set(block.subarray(0, length - offset), offset)
  }
  return output
}

function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update(data).digest())
}

const EMPTY = new Uint8Array(0)
const VERSION = utf8('HPKE-v1')
const MODE_BASE = 0
const KEY_BYTES = 32
const NONCE_BYTES = 12
const HASH_BYTES = 32
const RESPONSE_NONCE_BYTES = 32
// RFC 9180 §7: KEM 0x0020 DHKEM(X25519, HKDF-SHA256), KDF 0x0001 HKDF-SHA256, AEAD 0x0003 ChaCha20Poly1305.
const KEM_SUITE = concat(utf8('KEM'), Uint8Array.of(0x00, 0x20))
const HPKE_SUITE = concat(utf8('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x03))
const RESPONSE_LABEL = utf8('adit sealed response')

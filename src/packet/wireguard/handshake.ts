/**
 * Noise_IKpsk2 (white paper §5.4.2 to §5.4.5), in the order of the messages:
 *
 *   initiator  createInitiation ──────────▶ openInitiation, openTimestamp   responder
 *              completeHandshake ◀───────── createResponse
 *
 * C is the chaining key, H the hash of all that was said. Every value that is used up is overwritten; what lies inside
 * a key handle is erased by OpenSSL.
 */
import { kdf, type CryptoSuite } from '#crypto/suite.ts'
import type { DhKeyPair } from '#crypto/x25519.ts'
import { err, ok, type Result } from '#base/result.ts'
import { CONSTRUCTION, IDENTIFIER } from './constants.ts'
import type { DropReason } from './errors.ts'
import type { Initiation, Response } from './messages.ts'

/** Our static key, and H after it was mixed in as the responder's. */
export interface LocalStatic {
  readonly pair: DhKeyPair
  readonly initialHash: Uint8Array
}

/** A peer's static key with what is the same in every handshake with it. */
export interface RemoteStatic {
  readonly publicKey: Uint8Array
  /** DH(our static, its static): computed once a peer. Secret. */
  readonly staticStatic: Uint8Array
  /** All zeros without one. Secret. */
  readonly presharedKey: Uint8Array
  readonly initialHash: Uint8Array
}

/** What the initiator keeps until the response comes. Secret. */
export interface PendingHandshake {
  readonly ephemeral: DhKeyPair
  readonly chainingKey: Uint8Array
  readonly hash: Uint8Array
}

/** What the responder knows after the first half of an initiation: who says that it calls. */
export interface OpenedInitiation {
  readonly publicKey: Uint8Array
  readonly chainingKey: Uint8Array
  readonly hash: Uint8Array
}

export interface SessionKeys {
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
}

export function localStaticOf(suite: CryptoSuite, privateKey: Uint8Array): LocalStatic {
  const pair = suite.dhKeyPair(privateKey)
  return { pair, initialHash: initialHashOf(suite, pair.publicKey) }
}

/** Undefined where `publicKey` is a point of low order. The preshared key is copied. */
export function remoteStaticOf(
  suite: CryptoSuite,
  local: LocalStatic,
  publicKey: Uint8Array,
  presharedKey: Uint8Array,
): RemoteStatic | undefined {
  const staticStatic = suite.dh(local.pair, publicKey)
  if (staticStatic === undefined) return undefined
  return {
    publicKey: Uint8Array.from(publicKey),
    staticStatic,
    presharedKey: Uint8Array.from(presharedKey),
    initialHash: initialHashOf(suite, publicKey),
  }
}

/** §5.4.2. `ephemeral` must be fresh. */
export function createInitiation(
  suite: CryptoSuite,
  local: LocalStatic,
  remote: RemoteStatic,
  ephemeral: DhKeyPair,
  senderIndex: number,
  tai64n: Uint8Array,
): { readonly message: Initiation; readonly pending: PendingHandshake } {
  const hash1 = suite.hash(remote.initialHash, ephemeral.publicKey)
  const [chain1] = kdf(suite, initialChainingKey(suite), ephemeral.publicKey, 1)

  const ephemeralStatic = suite.dh(ephemeral, remote.publicKey)
  if (ephemeralStatic === undefined) throw new Error('a peer of low order was added: remoteStaticOf refuses those')
  const [chain2, key2] = kdf(suite, chain1, ephemeralStatic, 2)
  const encryptedStatic = suite.seal(key2, ZERO_NONCE, local.pair.publicKey, hash1)
  const hash2 = suite.hash(hash1, encryptedStatic)

  const [chain3, key3] = kdf(suite, chain2, remote.staticStatic, 2)
  const encryptedTimestamp = suite.seal(key3, ZERO_NONCE, tai64n, hash2)
  const hash3 = suite.hash(hash2, encryptedTimestamp)

  erase(chain1, ephemeralStatic, chain2, key2, key3)
  return {
    message: { kind: 'initiation', senderIndex, ephemeral: ephemeral.publicKey, encryptedStatic, encryptedTimestamp },
    pending: { ephemeral, chainingKey: chain3, hash: hash3 },
  }
}

/** §5.4.2, the responder's view up to the static key. Costs one DH; who it is has to be looked up before going on. */
export function openInitiation(
  suite: CryptoSuite,
  local: LocalStatic,
  message: Initiation,
): Result<OpenedInitiation, DropReason> {
  const hash1 = suite.hash(local.initialHash, message.ephemeral)
  const ephemeralStatic = suite.dh(local.pair, message.ephemeral)
  if (ephemeralStatic === undefined) return err('low-order-key')
  const [chain1] = kdf(suite, initialChainingKey(suite), message.ephemeral, 1)
  const [chain2, key2] = kdf(suite, chain1, ephemeralStatic, 2)
  const publicKey = suite.open(key2, ZERO_NONCE, message.encryptedStatic, hash1)
  erase(chain1, ephemeralStatic, key2)
  if (publicKey === undefined) {
    erase(chain2)
    return err('static-decrypt')
  }
  return ok({ publicKey, chainingKey: chain2, hash: suite.hash(hash1, message.encryptedStatic) })
}

/** §5.4.2, the timestamp: proves that the peer holds its static key. `opened` is used up. */
export function openTimestamp(
  suite: CryptoSuite,
  remote: RemoteStatic,
  opened: OpenedInitiation,
  message: Initiation,
): Result<{ readonly tai64n: Uint8Array; readonly opened: OpenedInitiation }, DropReason> {
  const [chain3, key3] = kdf(suite, opened.chainingKey, remote.staticStatic, 2)
  const tai64n = suite.open(key3, ZERO_NONCE, message.encryptedTimestamp, opened.hash)
  erase(opened.chainingKey, key3)
  if (tai64n === undefined) {
    erase(chain3)
    return err('timestamp-decrypt')
  }
  const hash = suite.hash(opened.hash, message.encryptedTimestamp)
  return ok({ tai64n, opened: { publicKey: opened.publicKey, chainingKey: chain3, hash } })
}

/** §5.4.3 and §5.4.5. `ephemeral` must be fresh; `opened` is used up. */
export function createResponse(
  suite: CryptoSuite,
  remote: RemoteStatic,
  opened: OpenedInitiation,
  initiation: Initiation,
  ephemeral: DhKeyPair,
  senderIndex: number,
): Result<{ readonly message: Response; readonly keys: SessionKeys }, DropReason> {
  const ephemeralEphemeral = suite.dh(ephemeral, initiation.ephemeral)
  const staticEphemeral = suite.dh(ephemeral, remote.publicKey)
  if (ephemeralEphemeral === undefined || staticEphemeral === undefined) return err('low-order-key')
  const mixed = mixResponse(
    suite,
    opened.chainingKey,
    opened.hash,
    ephemeral.publicKey,
    ephemeralEphemeral,
    staticEphemeral,
    remote.presharedKey,
  )
  const encryptedNothing = suite.seal(mixed.key, ZERO_NONCE, NOTHING, mixed.hash)
  const [receiveKey, sendKey] = kdf(suite, mixed.chainingKey, NOTHING, 2)
  erase(opened.chainingKey, ephemeralEphemeral, staticEphemeral, mixed.chainingKey, mixed.key)
  return ok({
    message: {
      kind: 'response',
      senderIndex,
      receiverIndex: initiation.senderIndex,
      ephemeral: ephemeral.publicKey,
      encryptedNothing,
    },
    keys: { sendKey, receiveKey },
  })
}

/** §5.4.3 and §5.4.5, the initiator's view. `pending` stays usable where it fails: a forged response does no harm. */
export function completeHandshake(
  suite: CryptoSuite,
  local: LocalStatic,
  remote: RemoteStatic,
  pending: PendingHandshake,
  message: Response,
): Result<SessionKeys, DropReason> {
  const ephemeralEphemeral = suite.dh(pending.ephemeral, message.ephemeral)
  const staticEphemeral = suite.dh(local.pair, message.ephemeral)
  if (ephemeralEphemeral === undefined || staticEphemeral === undefined) return err('low-order-key')
  const mixed = mixResponse(
    suite,
    pending.chainingKey,
    pending.hash,
    message.ephemeral,
    ephemeralEphemeral,
    staticEphemeral,
    remote.presharedKey,
  )
  const nothing = suite.open(mixed.key, ZERO_NONCE, message.encryptedNothing, mixed.hash)
  erase(ephemeralEphemeral, staticEphemeral, mixed.key)
  if (nothing === undefined) {
    erase(mixed.chainingKey)
    return err('response-decrypt')
  }
  const [sendKey, receiveKey] = kdf(suite, mixed.chainingKey, NOTHING, 2)
  erase(mixed.chainingKey)
  return ok({ sendKey, receiveKey })
}

/** Overwrites what a pending handshake holds. */
export function erasePending(pending: PendingHandshake): void {
  erase(pending.chainingKey, pending.hash)
}

export function eraseRemote(remote: RemoteStatic): void {
  erase(remote.staticStatic, remote.presharedKey)
}

/** The steps of §5.4.3 that both sides do alike, up to the key that seals nothing. */
function mixResponse(
  suite: CryptoSuite,
  chainingKey: Uint8Array,
  hash: Uint8Array,
  ephemeralPublic: Uint8Array,
  ephemeralEphemeral: Uint8Array,
  staticEphemeral: Uint8Array,
  presharedKey: Uint8Array,
) {
  const hash4 = suite.hash(hash, ephemeralPublic)
  const [chain4] = kdf(suite, chainingKey, ephemeralPublic, 1)
  const [chain5] = kdf(suite, chain4, ephemeralEphemeral, 1)
  const [chain6] = kdf(suite, chain5, staticEphemeral, 1)
  const [chain7, tau, key] = kdf(suite, chain6, presharedKey, 3)
  const hash5 = suite.hash(hash4, tau)
  erase(chain4, chain5, chain6, tau)
  return { chainingKey: chain7, key, hash: hash5 }
}

function initialChainingKey(suite: CryptoSuite): Uint8Array {
  return suite.hash(CONSTRUCTION)
}

function initialHashOf(suite: CryptoSuite, responderPublicKey: Uint8Array): Uint8Array {
  return suite.hash(suite.hash(initialChainingKey(suite), IDENTIFIER), responderPublicKey)
}

function erase(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}

const NOTHING = new Uint8Array(0)
/** §5.4: each key of the handshake seals one message, so its nonce is zero. */
const ZERO_NONCE = new Uint8Array(12)

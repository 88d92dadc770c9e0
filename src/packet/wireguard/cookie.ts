/**
 * mac1, mac2 and cookies (white paper §5.3, §5.4.4, §5.4.7). mac1 proves knowledge of the receiver's public key, mac2
 * that the sender can receive at its source address. Only a receiver under load asks for mac2.
 */
import type { Millis } from '#base/clock.ts'
import { parseIp } from '#base/ip.ts'
import type { Random } from '#base/random.ts'
import type { CryptoSuite } from '#crypto/suite.ts'
import { COOKIE_LATENCY_MS, COOKIE_LIFETIME_MS, LABEL_COOKIE, LABEL_MAC1, MAC_BYTES } from './constants.ts'
import { emitCookieReply, type CookieReply } from './messages.ts'
import type { Endpoint } from './types.ts'

/** Keys that anyone derives who knows the public key of the receiver. */
export interface MacKeys {
  readonly mac1Key: Uint8Array
  readonly cookieKey: Uint8Array
}

/** The sender's side: what it last sent, and the cookie it was given. */
export interface CookieJar {
  /** mac1 of the last handshake message: the associated data of a cookie reply. */
  lastMac1: Uint8Array | undefined
  cookie: { readonly bytes: Uint8Array; readonly receivedMs: Millis } | undefined
}

/** The receiver's side: a secret that changes every two minutes. */
export interface CookieSecret {
  bytes: Uint8Array
  createdMs: Millis
}

export function macKeysOf(suite: CryptoSuite, receiverPublicKey: Uint8Array): MacKeys {
  return {
    mac1Key: suite.hash(LABEL_MAC1, receiverPublicKey),
    cookieKey: suite.hash(LABEL_COOKIE, receiverPublicKey),
  }
}

/** §5.4.4: writes both macs into the last 32 bytes of an initiation or response; mac2 stays zero without a cookie. */
export function writeMacs(
  suite: CryptoSuite,
  keys: MacKeys,
  jar: CookieJar,
  datagram: Uint8Array,
  nowMs: Millis,
): void {
  const mac1 = suite.mac(keys.mac1Key, datagram.subarray(0, datagram.length - 2 * MAC_BYTES))
  datagram.set(mac1, datagram.length - 2 * MAC_BYTES)
  jar.lastMac1 = mac1
  if (jar.cookie === undefined || nowMs - jar.cookie.receivedMs >= COOKIE_LIFETIME_MS - COOKIE_LATENCY_MS) return
  datagram.set(
    suite.mac(jar.cookie.bytes, datagram.subarray(0, datagram.length - MAC_BYTES)),
    datagram.length - MAC_BYTES,
  )
}

/** `keys` are those of our own public key. */
export function hasValidMac1(suite: CryptoSuite, keys: MacKeys, datagram: Uint8Array): boolean {
  const covered = datagram.subarray(0, datagram.length - 2 * MAC_BYTES)
  return suite.equal(suite.mac(keys.mac1Key, covered), mac1Of(datagram))
}

/** Whether the message carries the cookie that we gave to `from`. */
export function hasValidMac2(suite: CryptoSuite, secret: CookieSecret, from: Endpoint, datagram: Uint8Array): boolean {
  const covered = datagram.subarray(0, datagram.length - MAC_BYTES)
  return suite.equal(suite.mac(cookieFor(suite, secret, from), covered), datagram.subarray(-MAC_BYTES))
}

/** §5.4.7: the answer to a message without a valid mac2. It is smaller than what it answers: no amplification. */
export function createCookieReply(
  suite: CryptoSuite,
  random: Random,
  keys: MacKeys,
  secret: CookieSecret,
  from: Endpoint,
  datagram: Uint8Array,
  receiverIndex: number,
): Uint8Array {
  const nonce = random.bytes(24)
  const encryptedCookie = suite.xseal(keys.cookieKey, nonce, cookieFor(suite, secret, from), mac1Of(datagram))
  return emitCookieReply({ kind: 'cookie', receiverIndex, nonce, encryptedCookie })
}

/** Puts the cookie into the jar; false where it does not open for the last message that we sent. */
export function takeCookieReply(
  suite: CryptoSuite,
  keys: MacKeys,
  jar: CookieJar,
  reply: CookieReply,
  nowMs: Millis,
): boolean {
  if (jar.lastMac1 === undefined) return false
  const bytes = suite.xopen(keys.cookieKey, reply.nonce, reply.encryptedCookie, jar.lastMac1)
  if (bytes === undefined) return false
  jar.cookie = { bytes, receivedMs: nowMs }
  // One cookie for one message: the same reply again would keep an old cookie alive.
  jar.lastMac1 = undefined
  return true
}

export function createCookieSecret(random: Random, nowMs: Millis): CookieSecret {
  return { bytes: random.bytes(32), createdMs: nowMs }
}

export function refreshCookieSecret(secret: CookieSecret, random: Random, nowMs: Millis): void {
  if (nowMs - secret.createdMs < COOKIE_LIFETIME_MS) return
  secret.bytes.fill(0)
  secret.bytes = random.bytes(32)
  secret.createdMs = nowMs
}

/** §5.4.7: a mac over the source address and port. */
function cookieFor(suite: CryptoSuite, secret: CookieSecret, from: Endpoint): Uint8Array {
  const address = parseIp(from.address)
  if (address === undefined) throw new RangeError('endpoint address: expected the canonical text of an IP address')
  return suite.mac(secret.bytes, address, Uint8Array.of(from.port >> 8, from.port))
}

function mac1Of(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(datagram.length - 2 * MAC_BYTES, datagram.length - MAC_BYTES)
}

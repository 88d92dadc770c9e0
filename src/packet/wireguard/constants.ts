/** Names and numbers of the WireGuard white paper ("WireGuard: Next Generation Kernel Network Tunnel", §5.4 and §6). */
import { utf8 } from '#base/bytes.ts'

/** §5.4: what both sides hash first. */
export const CONSTRUCTION = utf8('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s')
export const IDENTIFIER = utf8('WireGuard v1 zx2c4 Jason@zx2c4.com')
export const LABEL_MAC1 = utf8('mac1----')
export const LABEL_COOKIE = utf8('cookie--')

/** §6.1, in milliseconds. */
export const REKEY_AFTER_TIME_MS = 120_000
export const REJECT_AFTER_TIME_MS = 180_000
export const REKEY_ATTEMPT_TIME_MS = 90_000
export const REKEY_TIMEOUT_MS = 5_000
export const KEEPALIVE_TIMEOUT_MS = 10_000
/** §6.1: retransmissions are spread so that two peers do not keep colliding. */
export const REKEY_TIMEOUT_JITTER_MS = 334

/** §6.1, in messages of one key. Only `bigint` can hold the second. */
export const REKEY_AFTER_MESSAGES = 2n ** 60n
export const REJECT_AFTER_MESSAGES = 2n ** 64n - 2n ** 13n - 1n

/** §5.4.7: a cookie secret changes every two minutes, so a cookie is worth as long. */
export const COOKIE_LIFETIME_MS = 120_000
/** A sender stops using a cookie this much earlier: it may be on its way when the secret changes. */
export const COOKIE_LATENCY_MS = 5_000

export const MESSAGE_INITIATION = 1
export const MESSAGE_RESPONSE = 2
export const MESSAGE_COOKIE = 3
export const MESSAGE_DATA = 4

export const KEY_BYTES = 32
export const TAG_BYTES = 16
export const MAC_BYTES = 16
export const TAI64N_BYTES = 12
/** §5.4.6: inner packets are padded with zeros to a multiple of this. */
export const PADDING_MULTIPLE = 16

/**
 * One data message (white paper §5.4.6), plainly: the readable twin of the engine's batch operations, and the data path
 * of the tests. Padding, sealing, opening, the replay window, erasing keys.
 */
import { u16be, u32le } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { CryptoSuite } from '#crypto/suite.ts'
import { PADDING_MULTIPLE, REJECT_AFTER_MESSAGES, REKEY_AFTER_MESSAGES, TAG_BYTES } from './constants.ts'
import { DATA, DATA_HEADER_BYTES, emitDataHeader, isDataMessage } from './messages.ts'
import { acceptCounter, REPLAY_WORDS, resetReplay } from './replay.ts'
import type { TransportKeys } from './types.ts'

export interface Transport {
  readonly localIndex: number
  readonly remoteIndex: number
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  readonly replay: Uint32Array
  /** The counter of the next message to send. */
  sendCounter: bigint
}

/** Why a data message was dropped; the same names as the engine's counters have. */
export type DataDrop = 'data-format' | 'data-index' | 'data-tag' | 'data-replayed' | 'data-length'

/** Takes over the keys: the two arrays of `keys` are overwritten. */
export function openTransport(keys: TransportKeys): Transport {
  const transport: Transport = {
    localIndex: keys.localIndex,
    remoteIndex: keys.remoteIndex,
    sendKey: Uint8Array.from(keys.sendKey),
    receiveKey: Uint8Array.from(keys.receiveKey),
    replay: new Uint32Array(REPLAY_WORDS),
    sendCounter: 0n,
  }
  resetReplay(transport.replay, 0)
  keys.sendKey.fill(0)
  keys.receiveKey.fill(0)
  return transport
}

export function closeTransport(transport: Transport): void {
  transport.sendKey.fill(0)
  transport.receiveKey.fill(0)
}

/**
 * Seals an inner packet, padded with zeros to 16 bytes but not beyond `mtu`; an empty packet is a keepalive. Undefined
 * once the key has sent REJECT_AFTER_MESSAGES (§6.1).
 */
export function sealData(
  suite: CryptoSuite,
  transport: Transport,
  packet: Uint8Array,
  mtu: number,
): Uint8Array | undefined {
  const counter = transport.sendCounter
  if (counter >= REJECT_AFTER_MESSAGES) return undefined
  transport.sendCounter = counter + 1n
  const padded = new Uint8Array(paddedLength(packet.length, mtu))
  padded.set(packet)
  const datagram = new Uint8Array(DATA_HEADER_BYTES + padded.length + TAG_BYTES)
  emitDataHeader(datagram, transport.remoteIndex, counter)
  datagram.set(suite.seal(transport.sendKey, nonceOf(datagram), padded, NOTHING), DATA.payload)
  return datagram
}

/** §6.2: time for new keys, by the number of messages. */
export function wantsRekey(transport: Transport): boolean {
  return transport.sendCounter >= REKEY_AFTER_MESSAGES
}

/** Opens a data message: the inner packet without padding, empty for a keepalive. A new array. */
export function openData(suite: CryptoSuite, transport: Transport, datagram: Uint8Array): Result<Uint8Array, DataDrop> {
  if (!isDataMessage(datagram)) return err('data-format')
  if (u32le(datagram, DATA.receiver) !== transport.localIndex) return err('data-index')
  const padded = suite.open(transport.receiveKey, nonceOf(datagram), datagram.subarray(DATA.payload), NOTHING)
  if (padded === undefined) return err('data-tag')
  // Only an authentic counter may move the window.
  const low = u32le(datagram, DATA.counter)
  const high = u32le(datagram, DATA.counter + 4)
  if (!acceptCounter(transport.replay, 0, low, high)) return err('data-replayed')
  const length = innerLength(padded)
  return length === undefined ? err('data-length') : ok(padded.subarray(0, length))
}

/** Length of an inner packet of `length` bytes with its padding: a multiple of 16, at most `mtu` where it fits that. */
export function paddedLength(length: number, mtu: number): number {
  return Math.max(length, Math.min(mtu, Math.ceil(length / PADDING_MULTIPLE) * PADDING_MULTIPLE))
}

/** The IP header's own length (RFC 791 §3.1, RFC 8200 §3); undefined where it does not fit the padded packet. */
function innerLength(padded: Uint8Array): number | undefined {
  if (padded.length === 0) return 0
  const version = padded[0] >> 4
  if (version === 4 && padded.length >= 20) {
    const length = u16be(padded, 2)
    return length >= 20 && length <= padded.length ? length : undefined
  }
  if (version === 6 && padded.length >= 40) {
    const length = 40 + u16be(padded, 4)
    return length <= padded.length ? length : undefined
  }
  return undefined
}

/** §5.4.6: four zero bytes and the counter, little-endian, just as it stands in the header. */
function nonceOf(datagram: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce.set(datagram.subarray(DATA.counter, DATA.payload), 4)
  return nonce
}

const NOTHING = new Uint8Array(0)

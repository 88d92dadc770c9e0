/** A reading: counters of a session on which both sides agree, and the hash of it that a voucher signs. */
import { setU32be, setU64be } from '#base/bytes.ts'
import type { Millis } from '#base/clock.ts'
import { bytesOf, hexText, type Hash32 } from '#base/hex.ts'
import { keccak256 } from '#crypto/keccak.ts'
import { METER_VERSION } from './constants.ts'

/** 16 bytes: 32 lower-case hex digits without prefix, as people copy it. */
export type SessionId = string

export interface Reading {
  readonly session: SessionId
  /** Of the challenge that it answers. */
  readonly seq: number
  /** Bytes from the consumer, as the provider received them. */
  readonly up: bigint
  /** Billable bytes to the consumer, as the consumer received them. */
  readonly down: bigint
  /** Bytes that the consumer believes lost. */
  readonly lost: bigint
  /** Hash of the signed quote. */
  readonly quote: Hash32
  readonly challenge: Hash32
  /** Consumer's clock, Unix ms. */
  readonly timeMs: Millis
}

/** `keccak256(version ‖ session ‖ seq ‖ up ‖ down ‖ lost ‖ quote ‖ challenge ‖ time)`, integers big-endian. */
export function readingHash(reading: Reading): Hash32 {
  const bytes = new Uint8Array(READING_BYTES)
  bytes[OFFSET.version] = METER_VERSION
  bytes.set(bytesOf(`0x${reading.session}`), OFFSET.session)
  setU32be(bytes, OFFSET.seq, reading.seq)
  setU64be(bytes, OFFSET.up, reading.up)
  setU64be(bytes, OFFSET.down, reading.down)
  setU64be(bytes, OFFSET.lost, reading.lost)
  bytes.set(bytesOf(reading.quote), OFFSET.quote)
  bytes.set(bytesOf(reading.challenge), OFFSET.challenge)
  setU64be(bytes, OFFSET.time, BigInt(reading.timeMs))
  return hexText(keccak256(bytes))
}

export function equalReading(left: Reading, right: Reading): boolean {
  return readingHash(left) === readingHash(right)
}

const OFFSET = {
  version: 0,
  session: 1,
  seq: 17,
  up: 21,
  down: 29,
  lost: 37,
  quote: 45,
  challenge: 77,
  time: 109,
} as const
const READING_BYTES = 117

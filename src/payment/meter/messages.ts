/**
 * The datagrams of the meter protocol (`docs/protocol/meter.md`): challenge, voucher, finish. Parsing never throws; bytes
 * after the last known field are ignored. Results own their data.
 */
import { setU32be, setU64be, u32be, u64be } from '#base/bytes.ts'
import type { Millis } from '#base/clock.ts'
import { bytesOf, hexText, type Hash32, type Hex } from '#base/hex.ts'
import { err, ok, type Result } from '#base/result.ts'
import { setU96be, u96be } from '#base/uint96.ts'
import { units, type TokenUnits } from '#base/units/money.ts'
import {
  CHALLENGE_BYTES,
  FINISH_BYTES,
  MAX_METER_BYTES,
  MESSAGE,
  METER_VERSION,
  PAUSE_REASONS,
  REFUSALS,
  SERVICE_STATES,
  VOUCHER_BYTES,
  type MeterDrop,
  type PauseReason,
  type Refusal,
  type ServiceState,
} from './constants.ts'
import type { Reading, SessionId } from './reading.ts'

export interface Challenge {
  readonly kind: 'challenge'
  readonly session: SessionId
  readonly seq: number
  readonly challenge: Hash32
  readonly timeMs: Millis
  readonly upReceived: bigint
  readonly downSent: bigint
  readonly writtenOff: bigint
  readonly acceptedSeq: number
  readonly acceptedAmount: TokenUnits
  readonly state: ServiceState
  readonly reason: PauseReason
  readonly refusal: Refusal
  /** Bytes (up received + down sent - written off) that the accepted amount pays for. */
  readonly allowance: bigint
}

export interface VoucherMessage {
  readonly kind: 'voucher'
  readonly reading: Reading
  readonly channel: Hash32
  readonly amount: TokenUnits
  /** 65 bytes r ‖ s ‖ v. */
  readonly signature: Hex
}

/** The consumer stops sending traffic and asks for the final challenge. */
export interface Finish {
  readonly kind: 'finish'
  readonly session: SessionId
}

export type MeterMessage = Challenge | VoucherMessage | Finish

export function emitChallenge(challenge: Challenge): Uint8Array {
  const bytes = new Uint8Array(CHALLENGE_BYTES)
  setHeader(bytes, MESSAGE.challenge, challenge.session)
  setU32be(bytes, CHALLENGE.seq, challenge.seq)
  bytes.set(bytesOf(challenge.challenge), CHALLENGE.challenge)
  setU64be(bytes, CHALLENGE.time, BigInt(challenge.timeMs))
  setU64be(bytes, CHALLENGE.upReceived, challenge.upReceived)
  setU64be(bytes, CHALLENGE.downSent, challenge.downSent)
  setU64be(bytes, CHALLENGE.writtenOff, challenge.writtenOff)
  setU32be(bytes, CHALLENGE.acceptedSeq, challenge.acceptedSeq)
  setU96be(bytes, CHALLENGE.acceptedAmount, challenge.acceptedAmount)
  bytes[CHALLENGE.state] = SERVICE_STATES.indexOf(challenge.state)
  bytes[CHALLENGE.reason] = PAUSE_REASONS.indexOf(challenge.reason)
  bytes[CHALLENGE.refusal] = REFUSALS.indexOf(challenge.refusal)
  setU64be(bytes, CHALLENGE.allowance, challenge.allowance)
  return bytes
}

export function emitVoucher(voucher: VoucherMessage): Uint8Array {
  const bytes = new Uint8Array(VOUCHER_BYTES)
  const { reading } = voucher
  setHeader(bytes, MESSAGE.voucher, reading.session)
  setU32be(bytes, VOUCHER.seq, reading.seq)
  setU64be(bytes, VOUCHER.up, reading.up)
  setU64be(bytes, VOUCHER.down, reading.down)
  setU64be(bytes, VOUCHER.lost, reading.lost)
  bytes.set(bytesOf(reading.quote), VOUCHER.quote)
  bytes.set(bytesOf(reading.challenge), VOUCHER.challenge)
  setU64be(bytes, VOUCHER.time, BigInt(reading.timeMs))
  bytes.set(bytesOf(voucher.channel), VOUCHER.channel)
  setU96be(bytes, VOUCHER.amount, voucher.amount)
  bytes.set(bytesOf(voucher.signature), VOUCHER.signature)
  return bytes
}

export function emitFinish(session: SessionId): Uint8Array {
  const bytes = new Uint8Array(FINISH_BYTES)
  setHeader(bytes, MESSAGE.finish, session)
  return bytes
}

/** Any datagram of the meter port. */
export function parseMeter(datagram: Uint8Array): Result<MeterMessage, MeterDrop> {
  if (datagram.length < HEADER_BYTES || datagram.length > MAX_METER_BYTES) return err('meter-length')
  if (datagram[0] !== METER_VERSION) return err('meter-version')
  switch (datagram[1]) {
    case MESSAGE.challenge:
      return parseChallenge(datagram)
    case MESSAGE.voucher:
      return parseVoucher(datagram)
    case MESSAGE.finish:
      if (datagram.length < FINISH_BYTES) return err('meter-length')
      return ok({ kind: 'finish', session: sessionAt(datagram) })
    default:
      return err('meter-type')
  }
}

function parseChallenge(bytes: Uint8Array): Result<Challenge, MeterDrop> {
  if (bytes.length < CHALLENGE_BYTES) return err('meter-length')
  const state = SERVICE_STATES.at(bytes[CHALLENGE.state])
  const timeMs = timeAt(bytes, CHALLENGE.time)
  if (state === undefined || timeMs === undefined) return err('meter-field')
  return ok({
    kind: 'challenge',
    session: sessionAt(bytes),
    seq: u32be(bytes, CHALLENGE.seq),
    challenge: hashAt(bytes, CHALLENGE.challenge),
    timeMs,
    upReceived: u64be(bytes, CHALLENGE.upReceived),
    downSent: u64be(bytes, CHALLENGE.downSent),
    writtenOff: u64be(bytes, CHALLENGE.writtenOff),
    acceptedSeq: u32be(bytes, CHALLENGE.acceptedSeq),
    acceptedAmount: units(u96be(bytes, CHALLENGE.acceptedAmount)),
    state,
    // A reason or code of a later minor release is shown as none: it explains, and changes nothing.
    reason: PAUSE_REASONS.at(bytes[CHALLENGE.reason]) ?? 'none',
    refusal: REFUSALS.at(bytes[CHALLENGE.refusal]) ?? 'none',
    allowance: u64be(bytes, CHALLENGE.allowance),
  })
}

function parseVoucher(bytes: Uint8Array): Result<VoucherMessage, MeterDrop> {
  if (bytes.length < VOUCHER_BYTES) return err('meter-length')
  const timeMs = timeAt(bytes, VOUCHER.time)
  if (timeMs === undefined) return err('meter-field')
  const reading: Reading = {
    session: sessionAt(bytes),
    seq: u32be(bytes, VOUCHER.seq),
    up: u64be(bytes, VOUCHER.up),
    down: u64be(bytes, VOUCHER.down),
    lost: u64be(bytes, VOUCHER.lost),
    quote: hashAt(bytes, VOUCHER.quote),
    challenge: hashAt(bytes, VOUCHER.challenge),
    timeMs,
  }
  return ok({
    kind: 'voucher',
    reading,
    channel: hashAt(bytes, VOUCHER.channel),
    amount: units(u96be(bytes, VOUCHER.amount)),
    signature: hexText(bytes.subarray(VOUCHER.signature, VOUCHER.reserved)),
  })
}

function setHeader(bytes: Uint8Array, type: number, session: SessionId): void {
  bytes[0] = METER_VERSION
  bytes[1] = type
  bytes.set(bytesOf(`0x${session}`), SESSION_OFFSET)
}

function sessionAt(bytes: Uint8Array): SessionId {
  return hexText(bytes.subarray(SESSION_OFFSET, HEADER_BYTES)).slice(2)
}

function hashAt(bytes: Uint8Array, offset: number): Hash32 {
  return hexText(bytes.subarray(offset, offset + 32))
}

function timeAt(bytes: Uint8Array, offset: number): Millis | undefined {
  const time = u64be(bytes, offset)
  return time <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(time) : undefined
}

const SESSION_OFFSET = 2
const HEADER_BYTES = 18
const CHALLENGE = {
  seq: 18,
  challenge: 22,
  time: 54,
  upReceived: 62,
  downSent: 70,
  writtenOff: 78,
  acceptedSeq: 86,
  acceptedAmount: 90,
  state: 102,
  reason: 103,
  refusal: 104,
  allowance: 106,
} as const
const VOUCHER = {
  seq: 18,
  up: 22,
  down: 30,
  lost: 38,
  quote: 46,
  challenge: 78,
  time: 110,
  channel: 118,
  amount: 150,
  signature: 162,
  reserved: 227,
} as const

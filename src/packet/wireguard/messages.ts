/** The three handshake messages and the header of the fourth, byte by byte (white paper §5.4.2, §5.4.3, §5.4.7, §5.4.6). */
import { setU32le, setU64le, u32le } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import { MESSAGE_COOKIE, MESSAGE_DATA, MESSAGE_INITIATION, MESSAGE_RESPONSE, TAG_BYTES } from './constants.ts'
import type { DropReason } from './errors.ts'

export interface Initiation {
  readonly kind: 'initiation'
  readonly senderIndex: number
  /** 32 bytes. */
  readonly ephemeral: Uint8Array
  /** 48 bytes: the initiator's static key, sealed. */
  readonly encryptedStatic: Uint8Array
  /** 28 bytes: a TAI64N timestamp, sealed. */
  readonly encryptedTimestamp: Uint8Array
}

export interface Response {
  readonly kind: 'response'
  readonly senderIndex: number
  readonly receiverIndex: number
  readonly ephemeral: Uint8Array
  /** 16 bytes: nothing, sealed. */
  readonly encryptedNothing: Uint8Array
}

export interface CookieReply {
  readonly kind: 'cookie'
  readonly receiverIndex: number
  /** 24 bytes. */
  readonly nonce: Uint8Array
  /** 32 bytes: a 16-byte cookie, sealed. */
  readonly encryptedCookie: Uint8Array
}

export type HandshakeMessage = Initiation | Response | CookieReply

export const INITIATION_BYTES = 148
export const RESPONSE_BYTES = 92
export const COOKIE_REPLY_BYTES = 64
export const DATA_HEADER_BYTES = 16

/** Reads message types 1 to 3. The result borrows `datagram`; copy what must outlive it. */
export function parseHandshakeMessage(datagram: Uint8Array): Result<HandshakeMessage, DropReason> {
  if (datagram.length < 4) return err('message-length')
  // §5.4.2: one byte of type and three reserved zeros; read as one little-endian word.
  switch (u32le(datagram, 0)) {
    case MESSAGE_INITIATION:
      return datagram.length === INITIATION_BYTES ? ok(initiationAt(datagram)) : err('message-length')
    case MESSAGE_RESPONSE:
      return datagram.length === RESPONSE_BYTES ? ok(responseAt(datagram)) : err('message-length')
    case MESSAGE_COOKIE:
      return datagram.length === COOKIE_REPLY_BYTES ? ok(cookieReplyAt(datagram)) : err('message-length')
    default:
      return err('message-type')
  }
}

/** 148 bytes with mac1 and mac2 zero: `cookie.ts` fills them. */
export function emitInitiation(message: Initiation): Uint8Array {
  const datagram = new Uint8Array(INITIATION_BYTES)
  datagram[0] = MESSAGE_INITIATION
  setU32le(datagram, INITIATION.sender, message.senderIndex)
  datagram.set(message.ephemeral, INITIATION.ephemeral)
  datagram.set(message.encryptedStatic, INITIATION.static)
  datagram.set(message.encryptedTimestamp, INITIATION.timestamp)
  return datagram
}

/** 92 bytes with mac1 and mac2 zero. */
export function emitResponse(message: Response): Uint8Array {
  const datagram = new Uint8Array(RESPONSE_BYTES)
  datagram[0] = MESSAGE_RESPONSE
  setU32le(datagram, RESPONSE.sender, message.senderIndex)
  setU32le(datagram, RESPONSE.receiver, message.receiverIndex)
  datagram.set(message.ephemeral, RESPONSE.ephemeral)
  datagram.set(message.encryptedNothing, RESPONSE.nothing)
  return datagram
}

export function emitCookieReply(message: CookieReply): Uint8Array {
  const datagram = new Uint8Array(COOKIE_REPLY_BYTES)
  datagram[0] = MESSAGE_COOKIE
  setU32le(datagram, COOKIE.receiver, message.receiverIndex)
  datagram.set(message.nonce, COOKIE.nonce)
  datagram.set(message.encryptedCookie, COOKIE.cookie)
  return datagram
}

/** §5.4.6: type, reserved, receiver index, counter. Written at the start of `datagram`. */
export function emitDataHeader(datagram: Uint8Array, receiverIndex: number, counter: bigint): void {
  setU32le(datagram, 0, MESSAGE_DATA)
  setU32le(datagram, DATA.receiver, receiverIndex)
  setU64le(datagram, DATA.counter, counter)
}

/** Whether the bytes can be a data message: the type, and room for header and tag. */
export function isDataMessage(datagram: Uint8Array): boolean {
  return datagram.length >= DATA_HEADER_BYTES + TAG_BYTES && u32le(datagram, 0) === MESSAGE_DATA
}

function initiationAt(datagram: Uint8Array): Initiation {
  return {
    kind: 'initiation',
    senderIndex: u32le(datagram, INITIATION.sender),
    ephemeral: datagram.subarray(INITIATION.ephemeral, INITIATION.static),
    encryptedStatic: datagram.subarray(INITIATION.static, INITIATION.timestamp),
    encryptedTimestamp: datagram.subarray(INITIATION.timestamp, INITIATION.mac1),
  }
}

function responseAt(datagram: Uint8Array): Response {
  return {
    kind: 'response',
    senderIndex: u32le(datagram, RESPONSE.sender),
    receiverIndex: u32le(datagram, RESPONSE.receiver),
    ephemeral: datagram.subarray(RESPONSE.ephemeral, RESPONSE.nothing),
    encryptedNothing: datagram.subarray(RESPONSE.nothing, RESPONSE.mac1),
  }
}

function cookieReplyAt(datagram: Uint8Array): CookieReply {
  return {
    kind: 'cookie',
    receiverIndex: u32le(datagram, COOKIE.receiver),
    nonce: datagram.subarray(COOKIE.nonce, COOKIE.cookie),
    encryptedCookie: datagram.subarray(COOKIE.cookie),
  }
}

// Offsets. mac1 and mac2 are the last 32 bytes of types 1 and 2.
const INITIATION = { sender: 4, ephemeral: 8, static: 40, timestamp: 88, mac1: 116 } as const
const RESPONSE = { sender: 4, receiver: 8, ephemeral: 12, nothing: 44, mac1: 60 } as const
const COOKIE = { receiver: 4, nonce: 8, cookie: 32 } as const
export const DATA = { receiver: 4, counter: 8, payload: 16 } as const

/** ICMP for IPv4, RFC 792; "fragmentation needed" with the next hop's MTU, RFC 1191 §4. */
import { setU16be, setU32be, u16be } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import { foldChecksum, sumWords } from './checksum.ts'
import type { WireError } from './errors.ts'

/** `rest` is the second word: identifier and sequence of an echo, the MTU of "fragmentation needed". */
export const ICMP_OFFSET = { type: 0, code: 1, checksum: 2, rest: 4, identifier: 4, sequence: 6 } as const
export const ICMP_HEADER_BYTES = 8
export const ICMP_TYPE = { echoReply: 0, unreachable: 3, echoRequest: 8, timeExceeded: 11, parameter: 12 } as const
export const ICMP_UNREACHABLE = { port: 3, fragmentationNeeded: 4, prohibited: 13 } as const

export interface IcmpHeader {
  readonly type: number
  readonly code: number
  readonly identifier: number
  readonly sequence: number
}

/** `message` begins at the ICMP header. Also the shape of ICMPv6 (RFC 4443 §2.1, §4.1). */
export function parseIcmp(message: Uint8Array): Result<IcmpHeader, WireError> {
  if (message.length < ICMP_HEADER_BYTES) return err('icmp-length')
  return ok({
    type: message[ICMP_OFFSET.type],
    code: message[ICMP_OFFSET.code],
    identifier: u16be(message, ICMP_OFFSET.identifier),
    sequence: u16be(message, ICMP_OFFSET.sequence),
  })
}

/** Writes the header at `offset` in front of a body that is already there. */
export function emitIcmp(
  into: Uint8Array,
  offset: number,
  header: { readonly type: number; readonly code: number; readonly rest: number },
  bodyBytes: number,
): void {
  into[offset + ICMP_OFFSET.type] = header.type
  into[offset + ICMP_OFFSET.code] = header.code
  setU16be(into, offset + ICMP_OFFSET.checksum, 0)
  setU32be(into, offset + ICMP_OFFSET.rest, header.rest)
  setU16be(into, offset + ICMP_OFFSET.checksum, foldChecksum(sumWords(into, offset, ICMP_HEADER_BYTES + bodyBytes)))
}

/** Whether a type reports an error about a packet whose beginning it quotes. */
export function isIcmpError(type: number): boolean {
  return type === ICMP_TYPE.unreachable || type === ICMP_TYPE.timeExceeded || type === ICMP_TYPE.parameter
}

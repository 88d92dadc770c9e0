/** ICMPv6, RFC 4443. The header has the shape of ICMP: parse it with `parseIcmp`. */
import { setU16be, setU32be } from '#base/bytes.ts'
import { foldChecksum, sumPseudoHeader, sumWords } from './checksum.ts'
import { ICMP_HEADER_BYTES, ICMP_OFFSET } from './icmp.ts'
import { PROTOCOL } from './ipv4.ts'

export const ICMPV6_TYPE = {
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameter: 4,
  echoRequest: 128,
  echoReply: 129,
} as const
export const ICMPV6_UNREACHABLE = { prohibited: 1, port: 4 } as const

/** Writes the header at `offset` in front of a body that is there; source and destination stand at `addresses`. */
export function emitIcmpv6(
  into: Uint8Array,
  offset: number,
  header: { readonly type: number; readonly code: number; readonly rest: number },
  bodyBytes: number,
  addresses: number,
): void {
  into[offset + ICMP_OFFSET.type] = header.type
  into[offset + ICMP_OFFSET.code] = header.code
  setU16be(into, offset + ICMP_OFFSET.checksum, 0)
  setU32be(into, offset + ICMP_OFFSET.rest, header.rest)
  const length = ICMP_HEADER_BYTES + bodyBytes
  const pseudo = sumPseudoHeader(into, addresses, 16, PROTOCOL.icmpv6, length)
  setU16be(into, offset + ICMP_OFFSET.checksum, foldChecksum(sumWords(into, offset, length) + pseudo))
}

/** RFC 4443 §2.1: types below 128 are errors about a packet whose beginning they quote. */
export function isIcmpv6Error(type: number): boolean {
  return type >= ICMPV6_TYPE.unreachable && type <= ICMPV6_TYPE.parameter
}

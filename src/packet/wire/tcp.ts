/** TCP header, RFC 9293 §3.1. */
import { setU16be, setU32be, u16be, u32be } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import { foldChecksum, sumPseudoHeader, sumWords } from './checksum.ts'
import type { WireError } from './errors.ts'
import { PROTOCOL } from './ipv4.ts'

export const TCP_OFFSET = {
  sourcePort: 0,
  destinationPort: 2,
  sequence: 4,
  acknowledgement: 8,
  dataOffset: 12,
  flags: 13,
  window: 14,
  checksum: 16,
  urgent: 18,
} as const
export const TCP_HEADER_BYTES = 20
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const

export interface TcpHeader {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgement: number
  readonly flags: number
  readonly window: number
  readonly headerBytes: number
}

/** `segment` begins at the TCP header. */
export function parseTcp(segment: Uint8Array): Result<TcpHeader, WireError> {
  if (segment.length < TCP_HEADER_BYTES) return err('tcp-length')
  const headerBytes = (segment[TCP_OFFSET.dataOffset] >> 4) * 4
  if (headerBytes < TCP_HEADER_BYTES || headerBytes > segment.length) return err('tcp-length')
  return ok({
    sourcePort: u16be(segment, TCP_OFFSET.sourcePort),
    destinationPort: u16be(segment, TCP_OFFSET.destinationPort),
    sequence: u32be(segment, TCP_OFFSET.sequence),
    acknowledgement: u32be(segment, TCP_OFFSET.acknowledgement),
    flags: segment[TCP_OFFSET.flags],
    window: u16be(segment, TCP_OFFSET.window),
    headerBytes,
  })
}

/** Writes a header without options or payload at `offset`; addresses for the checksum as in `emitUdp`. */
export function emitTcp(
  into: Uint8Array,
  offset: number,
  header: Omit<TcpHeader, 'headerBytes'>,
  addresses: number,
  addressBytes: number,
): void {
  into.fill(0, offset, offset + TCP_HEADER_BYTES)
  setU16be(into, offset + TCP_OFFSET.sourcePort, header.sourcePort)
  setU16be(into, offset + TCP_OFFSET.destinationPort, header.destinationPort)
  setU32be(into, offset + TCP_OFFSET.sequence, header.sequence)
  setU32be(into, offset + TCP_OFFSET.acknowledgement, header.acknowledgement)
  into[offset + TCP_OFFSET.dataOffset] = (TCP_HEADER_BYTES / 4) << 4
  into[offset + TCP_OFFSET.flags] = header.flags
  setU16be(into, offset + TCP_OFFSET.window, header.window)
  const pseudo = sumPseudoHeader(into, addresses, addressBytes, PROTOCOL.tcp, TCP_HEADER_BYTES)
  setU16be(into, offset + TCP_OFFSET.checksum, foldChecksum(sumWords(into, offset, TCP_HEADER_BYTES) + pseudo))
}

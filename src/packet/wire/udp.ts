/** UDP header, RFC 768. */
import { setU16be, u16be } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import { foldChecksum, sumPseudoHeader, sumWords } from './checksum.ts'
import type { WireError } from './errors.ts'
import { PROTOCOL } from './ipv4.ts'

export const UDP_OFFSET = { sourcePort: 0, destinationPort: 2, length: 4, checksum: 6 } as const
export const UDP_HEADER_BYTES = 8

export interface UdpHeader {
  readonly sourcePort: number
  readonly destinationPort: number
  /** Header and payload. */
  readonly length: number
}

/** `datagram` begins at the UDP header; trailing bytes beyond the length field are ignored. */
export function parseUdp(datagram: Uint8Array): Result<UdpHeader, WireError> {
  if (datagram.length < UDP_HEADER_BYTES) return err('udp-length')
  const length = u16be(datagram, UDP_OFFSET.length)
  if (length < UDP_HEADER_BYTES || length > datagram.length) return err('udp-length')
  return ok({
    sourcePort: u16be(datagram, UDP_OFFSET.sourcePort),
    destinationPort: u16be(datagram, UDP_OFFSET.destinationPort),
    length,
  })
}

/**
 * Writes the header at `offset` in front of a payload that is already there, with the checksum over it and the pseudo
 * header, for which the addresses stand at `addresses` (source, then destination).
 */
export function emitUdp(
  into: Uint8Array,
  offset: number,
  ports: Pick<UdpHeader, 'sourcePort' | 'destinationPort'>,
  payloadBytes: number,
  addresses: number,
  addressBytes: number,
): void {
  const length = UDP_HEADER_BYTES + payloadBytes
  setU16be(into, offset + UDP_OFFSET.sourcePort, ports.sourcePort)
  setU16be(into, offset + UDP_OFFSET.destinationPort, ports.destinationPort)
  setU16be(into, offset + UDP_OFFSET.length, length)
  setU16be(into, offset + UDP_OFFSET.checksum, 0)
  const pseudo = sumPseudoHeader(into, addresses, addressBytes, PROTOCOL.udp, length)
  const checksum = foldChecksum(sumWords(into, offset, length) + pseudo)
  // RFC 768: a checksum of zero means none; the computed zero is sent as its other form.
  setU16be(into, offset + UDP_OFFSET.checksum, checksum === 0 ? 0xffff : checksum)
}

/** IPv4 header, RFC 791 §3.1. */
import { setU16be, u16be } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import { foldChecksum, sumWords } from './checksum.ts'
import type { WireError } from './errors.ts'

export const IPV4_OFFSET = {
  versionAndLength: 0,
  typeOfService: 1,
  totalLength: 2,
  identification: 4,
  flagsAndFragment: 6,
  timeToLive: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
} as const
export const IPV4_HEADER_BYTES = 20
export const IPV4_DONT_FRAGMENT = 0x4000
export const IPV4_MORE_FRAGMENTS = 0x2000
export const IPV4_FRAGMENT_MASK = 0x1fff

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

export interface Ipv4Header {
  /** 4 bytes each. */
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly protocol: number
  readonly timeToLive: number
  readonly identification: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  /** In bytes. */
  readonly fragmentOffset: number
  readonly headerBytes: number
  /** Header and payload. */
  readonly totalLength: number
}

/** Borrows `packet` (the addresses are views); trailing bytes beyond the total length are ignored. */
export function parseIpv4(packet: Uint8Array): Result<Ipv4Header, WireError> {
  if (packet.length < IPV4_HEADER_BYTES) return err('ip-length')
  if (packet[0] >> 4 !== 4) return err('ip-version')
  const headerBytes = (packet[0] & 0xf) * 4
  const totalLength = u16be(packet, IPV4_OFFSET.totalLength)
  if (headerBytes < IPV4_HEADER_BYTES || headerBytes > totalLength) return err('ip-header-length')
  if (totalLength > packet.length) return err('ip-length')
  const fragment = u16be(packet, IPV4_OFFSET.flagsAndFragment)
  return ok({
    source: packet.subarray(IPV4_OFFSET.source, IPV4_OFFSET.source + 4),
    destination: packet.subarray(IPV4_OFFSET.destination, IPV4_OFFSET.destination + 4),
    protocol: packet[IPV4_OFFSET.protocol],
    timeToLive: packet[IPV4_OFFSET.timeToLive],
    identification: u16be(packet, IPV4_OFFSET.identification),
    dontFragment: (fragment & IPV4_DONT_FRAGMENT) !== 0,
    moreFragments: (fragment & IPV4_MORE_FRAGMENTS) !== 0,
    fragmentOffset: (fragment & IPV4_FRAGMENT_MASK) * 8,
    headerBytes,
    totalLength,
  })
}

/** Writes a header of 20 bytes without options and its checksum at `offset`; the payload follows it. */
export function emitIpv4(
  into: Uint8Array,
  offset: number,
  header: Omit<Ipv4Header, 'headerBytes' | 'totalLength'>,
  payloadBytes: number,
): void {
  into.fill(0, offset, offset + IPV4_HEADER_BYTES)
  into[offset] = 0x45
  setU16be(into, offset + IPV4_OFFSET.totalLength, IPV4_HEADER_BYTES + payloadBytes)
  setU16be(into, offset + IPV4_OFFSET.identification, header.identification)
  const flags = (header.dontFragment ? IPV4_DONT_FRAGMENT : 0) | (header.moreFragments ? IPV4_MORE_FRAGMENTS : 0)
  setU16be(into, offset + IPV4_OFFSET.flagsAndFragment, flags | (header.fragmentOffset >> 3))
  into[offset + IPV4_OFFSET.timeToLive] = header.timeToLive
  into[offset + IPV4_OFFSET.protocol] = header.protocol
  into.set(header.source, offset + IPV4_OFFSET.source)
  into.set(header.destination, offset + IPV4_OFFSET.destination)
  setU16be(into, offset + IPV4_OFFSET.checksum, foldChecksum(sumWords(into, offset, IPV4_HEADER_BYTES)))
}

/**
 * RFC 791 §3.2: writes at `at` the fragment of the packet at `offset` (a header of 20 bytes) whose payload begins `from`
 * bytes into the packet's payload (a multiple of 8), of at most `mtu` bytes. The bytes of its payload.
 */
export function emitFragment(
  into: Uint8Array,
  at: number,
  packet: Uint8Array,
  offset: number,
  from: number,
  mtu: number,
): number {
  const left = u16be(packet, offset + IPV4_OFFSET.totalLength) - IPV4_HEADER_BYTES - from
  const most = mtu - IPV4_HEADER_BYTES
  const isLast = left <= most
  const payload = isLast ? left : most - (most % FRAGMENT_UNIT)
  const begin = offset + IPV4_HEADER_BYTES + from
  into.set(packet.subarray(offset, offset + IPV4_HEADER_BYTES), at)
  into.set(packet.subarray(begin, begin + payload), at + IPV4_HEADER_BYTES)
  // The packet may be a fragment itself: its offset is added, and its last fragment is only the last if it was.
  const flags = u16be(packet, offset + IPV4_OFFSET.flagsAndFragment) + from / FRAGMENT_UNIT
  setU16be(into, at + IPV4_OFFSET.flagsAndFragment, isLast ? flags : flags | IPV4_MORE_FRAGMENTS)
  setU16be(into, at + IPV4_OFFSET.totalLength, IPV4_HEADER_BYTES + payload)
  setU16be(into, at + IPV4_OFFSET.checksum, 0)
  setU16be(into, at + IPV4_OFFSET.checksum, foldChecksum(sumWords(into, at, IPV4_HEADER_BYTES)))
  return payload
}

/** Bytes that one step of the fragment offset counts. */
const FRAGMENT_UNIT = 8

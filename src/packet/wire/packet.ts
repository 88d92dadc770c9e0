/**
 * One walk over a whole IP packet for the hot path: `readPacket` fills a view that the caller reuses. It is the twin of
 * the parsers in `ipv4.ts` and `ipv6.ts` without their objects; the tests compare the two on the same packets.
 */
import { u16be } from '#base/bytes.ts'
import { ICMP_HEADER_BYTES } from './icmp.ts'
import { IPV4_FRAGMENT_MASK, IPV4_HEADER_BYTES, IPV4_MORE_FRAGMENTS, IPV4_OFFSET, PROTOCOL } from './ipv4.ts'
import { createExtensionWalk, type ExtensionWalk, IPV6_HEADER_BYTES, IPV6_OFFSET, walkExtensions } from './ipv6.ts'
import { TCP_HEADER_BYTES } from './tcp.ts'
import { UDP_HEADER_BYTES } from './udp.ts'

/** All offsets are from the start of the array that was given to `readPacket`. */
export interface PacketView {
  version: 4 | 6
  /** Where the packet begins and how long it is by its own header. */
  offset: number
  length: number
  source: number
  destination: number
  /** 4 or 16. */
  addressBytes: number
  protocol: number
  isFragment: boolean
  /** In bytes; above zero there is no upper header. */
  fragmentOffset: number
  fragmentId: number
  /** Where the upper header begins, and the bytes from there to the end of the packet. */
  upper: number
  upperLength: number
  /** Of TCP and UDP; the identifier of an ICMP echo stands in both, else they are zero. */
  sourcePort: number
  destinationPort: number
  /** Of ICMP and ICMPv6; otherwise -1. */
  icmpType: number
  readonly walk: ExtensionWalk
}

export function createPacketView(): PacketView {
  return {
    version: 4,
    offset: 0,
    length: 0,
    source: 0,
    destination: 0,
    addressBytes: 4,
    protocol: 0,
    isFragment: false,
    fragmentOffset: 0,
    fragmentId: 0,
    upper: 0,
    upperLength: 0,
    sourcePort: 0,
    destinationPort: 0,
    icmpType: -1,
    walk: createExtensionWalk(),
  }
}

/**
 * Reads the packet in `bytes[offset, offset + available)` into `view`. False when it is neither IPv4 nor IPv6 or its
 * headers do not fit: such a packet is dropped. Bytes beyond the packet's own length (padding) are ignored.
 */
export function readPacket(bytes: Uint8Array, offset: number, available: number, view: PacketView): boolean {
  view.offset = offset
  if (available < IPV4_HEADER_BYTES) return false
  const version = bytes[offset] >> 4
  if (version === 4) return readIpv4(bytes, offset, available, view) && readUpper(bytes, view, PROTOCOL.icmp)
  if (version === 6) return readIpv6(bytes, offset, available, view) && readUpper(bytes, view, PROTOCOL.icmpv6)
  return false
}

/**
 * Reads the packet that an ICMP error quotes: the upper header may be cut after eight bytes (RFC 792), and the length
 * field is that of the original. False where addresses, protocol and ports are not all there.
 */
export function readQuoted(bytes: Uint8Array, offset: number, available: number, view: PacketView): boolean {
  view.offset = offset
  view.length = available
  if (available < IPV4_HEADER_BYTES) return false
  if (bytes[offset] >> 4 === 4) {
    const header = (bytes[offset] & 0xf) * 4
    if (header < IPV4_HEADER_BYTES || available < header + 8) return false
    fillIpv4(bytes, offset, header, available, view)
  } else if (bytes[offset] >> 4 === 6) {
    if (available < IPV6_HEADER_BYTES + 8 || !fillIpv6(bytes, offset, available, view)) return false
    if (view.upperLength < 8) return false
  } else return false
  if (view.fragmentOffset > 0) return false
  readPorts(bytes, view, view.version === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6)
  return true
}

/**
 * Reads a packet of which only the first `available` bytes are there, because the buffer was too small for it.
 * `view.length` is its whole length, `view.upperLength` ends where the bytes end. False when it is not cut.
 */
export function readCutPacket(bytes: Uint8Array, offset: number, available: number, view: PacketView): boolean {
  view.offset = offset
  if (available < IPV6_HEADER_BYTES) return false
  if (bytes[offset] >> 4 === 4) {
    const header = (bytes[offset] & 0xf) * 4
    const length = u16be(bytes, offset + IPV4_OFFSET.totalLength)
    if (length <= available || header < IPV4_HEADER_BYTES || header > available) return false
    fillIpv4(bytes, offset, header, available, view)
    view.length = length
    return readUpper(bytes, view, PROTOCOL.icmp)
  }
  const length = IPV6_HEADER_BYTES + u16be(bytes, offset + IPV6_OFFSET.payloadLength)
  if (bytes[offset] >> 4 !== 6 || length <= available || !fillIpv6(bytes, offset, available, view)) return false
  view.length = length
  return readUpper(bytes, view, PROTOCOL.icmpv6)
}

function readIpv4(bytes: Uint8Array, offset: number, available: number, view: PacketView): boolean {
  const header = (bytes[offset] & 0xf) * 4
  const length = u16be(bytes, offset + IPV4_OFFSET.totalLength)
  if (header < IPV4_HEADER_BYTES || length < header || length > available) return false
  fillIpv4(bytes, offset, header, length, view)
  return true
}

function fillIpv4(bytes: Uint8Array, offset: number, header: number, length: number, view: PacketView): void {
  const fragment = u16be(bytes, offset + IPV4_OFFSET.flagsAndFragment)
  view.version = 4
  view.length = length
  view.source = offset + IPV4_OFFSET.source
  view.destination = offset + IPV4_OFFSET.destination
  view.addressBytes = 4
  view.protocol = bytes[offset + IPV4_OFFSET.protocol]
  view.fragmentOffset = (fragment & IPV4_FRAGMENT_MASK) * 8
  view.isFragment = (fragment & (IPV4_FRAGMENT_MASK | IPV4_MORE_FRAGMENTS)) !== 0
  view.fragmentId = u16be(bytes, offset + IPV4_OFFSET.identification)
  view.upper = offset + header
  view.upperLength = length - header
}

function readIpv6(bytes: Uint8Array, offset: number, available: number, view: PacketView): boolean {
  if (available < IPV6_HEADER_BYTES) return false
  const length = IPV6_HEADER_BYTES + u16be(bytes, offset + IPV6_OFFSET.payloadLength)
  return length <= available && fillIpv6(bytes, offset, length, view)
}

function fillIpv6(bytes: Uint8Array, offset: number, length: number, view: PacketView): boolean {
  const { walk } = view
  const next = bytes[offset + IPV6_OFFSET.nextHeader]
  if (!walkExtensions(bytes, next, offset + IPV6_HEADER_BYTES, offset + length, walk)) return false
  view.version = 6
  view.length = length
  view.source = offset + IPV6_OFFSET.source
  view.destination = offset + IPV6_OFFSET.destination
  view.addressBytes = 16
  view.protocol = walk.protocol
  view.fragmentOffset = walk.fragmentOffset
  view.isFragment = walk.isFragment
  view.fragmentId = walk.fragmentId
  view.upper = walk.upperOffset
  view.upperLength = offset + length - walk.upperOffset
  return true
}

function readUpper(bytes: Uint8Array, view: PacketView, icmp: number): boolean {
  if (view.fragmentOffset > 0) {
    view.sourcePort = 0
    view.destinationPort = 0
    view.icmpType = -1
    return true
  }
  if (view.protocol === PROTOCOL.tcp && view.upperLength < TCP_HEADER_BYTES) return false
  if (view.protocol === PROTOCOL.udp && view.upperLength < UDP_HEADER_BYTES) return false
  if (view.protocol === icmp && view.upperLength < ICMP_HEADER_BYTES) return false
  readPorts(bytes, view, icmp)
  return true
}

/** Ports of TCP and UDP; type and identifier of ICMP. At least eight bytes of upper header are there. */
function readPorts(bytes: Uint8Array, view: PacketView, icmp: number): void {
  view.icmpType = -1
  view.sourcePort = 0
  view.destinationPort = 0
  if (view.protocol === PROTOCOL.tcp || view.protocol === PROTOCOL.udp) {
    view.sourcePort = u16be(bytes, view.upper)
    view.destinationPort = u16be(bytes, view.upper + 2)
  } else if (view.protocol === icmp) {
    view.icmpType = bytes[view.upper]
    view.sourcePort = u16be(bytes, view.upper + 4)
    view.destinationPort = view.sourcePort
  }
}

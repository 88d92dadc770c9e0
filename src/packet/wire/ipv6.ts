/** IPv6 header, RFC 8200 §3, and the walk over extension headers (§4). */
import { setU16be, u16be, u32be } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { WireError } from './errors.ts'

export const IPV6_OFFSET = {
  versionClassFlow: 0,
  payloadLength: 4,
  nextHeader: 6,
  hopLimit: 7,
  source: 8,
  destination: 24,
} as const
export const IPV6_HEADER_BYTES = 40
export const NEXT_HEADER = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  none: 59,
  destination: 60,
  mobility: 135,
} as const
/** RFC 8200 §4.1 recommends at most one of each (destination options twice); more is somebody playing with us. */
const MAX_EXTENSION_HEADERS = 8

export interface Ipv6Header {
  /** 16 bytes each. */
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly hopLimit: number
  /** The first next-header value; `upperProtocol` is the one after the extension headers. */
  readonly nextHeader: number
  readonly upperProtocol: number
  /** Where the upper protocol begins. */
  readonly headerBytes: number
  /** Header and payload. */
  readonly totalLength: number
  readonly fragment: { readonly offset: number; readonly more: boolean; readonly identification: number } | undefined
}

/** What the walk over the extension headers found; reused by the hot path. */
export interface ExtensionWalk {
  protocol: number
  /** Offset of the upper protocol, from the same zero as the offsets given. */
  upperOffset: number
  isFragment: boolean
  /** In bytes. */
  fragmentOffset: number
  moreFragments: boolean
  fragmentId: number
}

export function createExtensionWalk(): ExtensionWalk {
  return { protocol: 0, upperOffset: 0, isFragment: false, fragmentOffset: 0, moreFragments: false, fragmentId: 0 }
}

/**
 * Follows the chain of extension headers from `offset` (just after the fixed header) to `end`, into `walk`. False when
 * a header does not fit or there are too many. Behind a fragment header with an offset nothing is looked at.
 */
export function walkExtensions(
  bytes: Uint8Array,
  nextHeader: number,
  offset: number,
  end: number,
  walk: ExtensionWalk,
): boolean {
  walk.isFragment = false
  walk.fragmentOffset = 0
  walk.moreFragments = false
  walk.fragmentId = 0
  let protocol = nextHeader
  let at = offset
  for (let count = 0; count <= MAX_EXTENSION_HEADERS; count++) {
    walk.protocol = protocol
    walk.upperOffset = at
    if (!isExtension(protocol) || walk.fragmentOffset > 0) return true
    if (at + 8 > end) return false
    if (protocol === NEXT_HEADER.fragment) {
      const field = u16be(bytes, at + 2)
      walk.isFragment = true
      walk.fragmentOffset = field & 0xfff8
      walk.moreFragments = (field & 1) !== 0
      walk.fragmentId = u32be(bytes, at + 4)
    }
    const length = extensionBytes(bytes, protocol, at)
    if (at + length > end) return false
    protocol = bytes[at]
    at += length
  }
  return false
}

/** Borrows `packet` (the addresses are views); trailing bytes beyond the payload length are ignored. */
export function parseIpv6(packet: Uint8Array): Result<Ipv6Header, WireError> {
  if (packet.length < IPV6_HEADER_BYTES) return err('ip-length')
  if (packet[0] >> 4 !== 6) return err('ip-version')
  const totalLength = IPV6_HEADER_BYTES + u16be(packet, IPV6_OFFSET.payloadLength)
  if (totalLength > packet.length) return err('ip-length')
  const walk = createExtensionWalk()
  const nextHeader = packet[IPV6_OFFSET.nextHeader]
  if (!walkExtensions(packet, nextHeader, IPV6_HEADER_BYTES, totalLength, walk)) return err('ipv6-extension')
  return ok({
    source: packet.subarray(IPV6_OFFSET.source, IPV6_OFFSET.source + 16),
    destination: packet.subarray(IPV6_OFFSET.destination, IPV6_OFFSET.destination + 16),
    hopLimit: packet[IPV6_OFFSET.hopLimit],
    nextHeader,
    upperProtocol: walk.protocol,
    headerBytes: walk.upperOffset,
    totalLength,
    fragment: walk.isFragment
      ? { offset: walk.fragmentOffset, more: walk.moreFragments, identification: walk.fragmentId }
      : undefined,
  })
}

/** Writes a fixed header without extensions at `offset`; the payload follows it. */
export function emitIpv6(
  into: Uint8Array,
  offset: number,
  header: Pick<Ipv6Header, 'source' | 'destination' | 'hopLimit' | 'nextHeader'>,
  payloadBytes: number,
): void {
  into.fill(0, offset, offset + IPV6_HEADER_BYTES)
  into[offset] = 0x60
  setU16be(into, offset + IPV6_OFFSET.payloadLength, payloadBytes)
  into[offset + IPV6_OFFSET.nextHeader] = header.nextHeader
  into[offset + IPV6_OFFSET.hopLimit] = header.hopLimit
  into.set(header.source, offset + IPV6_OFFSET.source)
  into.set(header.destination, offset + IPV6_OFFSET.destination)
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case NEXT_HEADER.hopByHop:
    case NEXT_HEADER.routing:
    case NEXT_HEADER.fragment:
    case NEXT_HEADER.authentication:
    case NEXT_HEADER.destination:
    case NEXT_HEADER.mobility:
      return true
    default:
      return false
  }
}

function extensionBytes(bytes: Uint8Array, protocol: number, at: number): number {
  if (protocol === NEXT_HEADER.fragment) return 8
  // RFC 4302 §2.2: the authentication header counts in words of four bytes, minus two.
  if (protocol === NEXT_HEADER.authentication) return (bytes[at + 1] + 2) * 4
  return (bytes[at + 1] + 1) * 8
}

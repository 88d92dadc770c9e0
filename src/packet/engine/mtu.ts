/**
 * What a data message adds to an inner packet: outer IP header, UDP header, WireGuard header and tag (WireGuard paper
 * §5.4.6). Padding is not in the sum: it never exceeds the inner MTU.
 */
const UDP_HEADER_BYTES = 8
const DATA_HEADER_BYTES = 16
const TAG_BYTES = 16
const MESSAGE_OVERHEAD_BYTES = UDP_HEADER_BYTES + DATA_HEADER_BYTES + TAG_BYTES

export const OVERHEAD_BYTES = { 4: 20 + MESSAGE_OVERHEAD_BYTES, 6: 40 + MESSAGE_OVERHEAD_BYTES } as const
/** RFC 8200 §5: below this a tunnel cannot carry IPv6. */
export const MIN_INNER_MTU = 1280
/** Linux believes no path MTU below 552 (`net.ipv4.route.min_pmtu`): whoever claims less is not believed here either. */
export const MIN_PEER_MTU = 552 - OVERHEAD_BYTES[4]

/** Inner MTU for a path MTU of the outer path: minus 60 over IPv4, minus 80 over IPv6 (or where both may be used). */
export function innerMtu(outerMtu: number, outerFamily: 4 | 6): number {
  return outerMtu - OVERHEAD_BYTES[outerFamily]
}

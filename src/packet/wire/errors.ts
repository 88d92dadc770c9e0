/** Why bytes are no header of the expected kind. One table for the folder, a sentence each. */
export const WIRE_ERRORS = {
  'ip-version': 'the first four bits are neither 4 nor 6, or not those of the expected family',
  'ip-length': 'the length field is shorter than the header, or longer than the bytes that are there',
  'ip-header-length': 'the header length is below 20 bytes or beyond the packet',
  'ipv6-extension': 'an extension header reaches beyond the packet, or there are more than eight',
  'udp-length': 'a UDP datagram that is shorter than its header or than its length field',
  'tcp-length': 'a TCP segment that is shorter than its header or than its data offset',
  'icmp-length': 'an ICMP message of fewer than eight bytes',
  'dns-length': 'a DNS message of fewer than twelve bytes',
} as const satisfies Record<string, string>

export type WireError = keyof typeof WIRE_ERRORS

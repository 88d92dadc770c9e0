/**
 * Every reason for which the engine drops a packet, with a sentence each. The order is the layout of the drop counters
 * in shared memory (`counters.ts`): add at the end.
 */
export const DROP_REASONS = {
  'outer-length': 'a datagram shorter than any WireGuard message, or longer than the receive buffer',
  'outer-type': 'a datagram whose first four bytes are no WireGuard message type',
  'unknown-index': 'a data message for a receiver index that we do not hold (any more)',
  'key-expired': 'a data message on keys older than 180 seconds or past 2^64 - 2^13 - 1 messages',
  authentication: 'a data message that failed authentication: forged, damaged or for other keys',
  replay: 'a data message whose counter was seen before or is behind the replay window',
  'control-queue': 'a handshake message while too many wait for the main thread',
  'inner-malformed': 'an inner packet that is neither IPv4 nor IPv6, or whose headers do not fit its length',
  'source-address': 'an inner packet from a peer with a source outside its allowed-IPs',
  'consumer-to-consumer': 'an inner packet from one session to the inner address of another',
  paused: 'an inner packet while service is paused',
  'over-allowance': 'an inner packet beyond the byte allowance that the peer has paid for',
  'gateway-refused': 'an inner packet to the gateway that has no answer: a fragment, a reset, an unknown protocol',
  'gateway-queue':
    'a datagram to the gateway beyond 100 a second of its peer, or while too many wait for the main thread',
  'gateway-source': 'an inner packet from the TUN that pretends to be a meter datagram or to come from the gateway',
  unsolicited: 'a received inner packet that belongs to no flow that this side opened',
  'no-route': 'a packet from the TUN that no peer is allowed to receive',
  oversize: 'a packet above the inner MTU of its peer; its sender is told by "too big"',
  'staged-full': 'a packet while no keys exist and the queue of waiting packets is full; the oldest goes',
  'staged-stale': 'a packet that waited too long for keys, or whose peer was removed while it waited',
  'no-endpoint': 'a packet to a peer whose address is not known yet',
  'send-refused': 'a datagram that the kernel refused to send (no route, filtered, or an unreachable address)',
  'send-size': 'a datagram above the path MTU of the outer path (EMSGSIZE)',
  'send-queue': 'a datagram while the send buffer of the socket stayed full',
  'tun-refused': 'an inner packet that the TUN device refused (down, or not an address family that it carries)',
  'command-queue': 'a control message or gateway datagram of the main thread while the command queue was full',
  'path-too-small':
    'an IPv6 packet of at most 1280 bytes (smaller it cannot be asked for) that the path does not carry',
  'answer-rate': 'an inner packet to the gateway that was refused without an answer: too many refusals a second',
} as const satisfies Record<string, string>

export type DropReason = keyof typeof DROP_REASONS
export const DROP_NAMES = Object.keys(DROP_REASONS) as readonly DropReason[]

/** Reason -> position in the drop counters: `DROP.replay`. Numbers, so that the hot path indexes an array. */
export const DROP = Object.fromEntries(DROP_NAMES.map((name, index) => [name, index])) as Readonly<
  Record<DropReason, number>
>

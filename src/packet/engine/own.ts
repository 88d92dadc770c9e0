/**
 * Packets that the engine makes itself: answers of the gateway, datagrams of the daemon, keepalives, handshake messages
 * and packets that waited for keys. They are written into the batch `own`, which is sealed, sent and written at the end
 * of each step, or at once when it is full.
 */
import { parseIp } from '#base/ip.ts'
import { emitSockaddr, SOCKADDR_BYTES } from '../link/sockaddr.ts'
import { emitIpv4, IPV4_HEADER_BYTES, PROTOCOL } from '../wire/ipv4.ts'
import { emitIpv6, IPV6_HEADER_BYTES } from '../wire/ipv6.ts'
import { readPacket } from '../wire/packet.ts'
import { emitUdp, UDP_HEADER_BYTES } from '../wire/udp.ts'
import { DESCRIPTOR, DESCRIPTOR_WORDS, FLAG, HEAD_BYTES } from './batch.ts'
import { countDrop, NO_PEER } from './counters.ts'
import { dispatchEmpty, dispatchPacket, sealAndSend } from './dispatch.ts'
import { DROP } from './drops.ts'
import { ADDRESS_ROWS } from './operations.ts'
import { type EngineState, ROLE, takeStaged } from './state.ts'
import type { Endpoint, GatewayDatagram, PeerId } from './types.ts'

/** Hop limit of packets that begin here. */
export const OWN_TTL = 64

/** A free slot of `own`: an index. Its packet is to be written at `ownOffset(state, index)`. */
export function reserveOwn(state: EngineState): number {
  const { own } = state.operations
  if (state.ownCount === own.capacity) flushOwn(state)
  const index = state.ownCount++
  own.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR.flags] = FLAG.none
  own.innerLengths[index] = 0
  return index
}

export function ownOffset(state: EngineState, index: number): number {
  return index * state.operations.own.slotBytes + HEAD_BYTES
}

/** Sends the inner packet of `length` bytes in slot `index` to `peer`, counted like any other. */
export function sendOwn(state: EngineState, index: number, peer: PeerId, length: number): void {
  const { own } = state.operations
  if (!readPacket(own.bytes, ownOffset(state, index), length, state.view)) {
    countDrop(state.counters, peer, DROP['inner-malformed'])
    return
  }
  if (state.view.length > state.mtu[peer]) countDrop(state.counters, peer, DROP.oversize)
  else dispatchPacket(state, own, index, peer, own.bytes, state.view)
}

/** Writes the packet of `length` bytes in slot `index` to the TUN. */
export function writeOwn(state: EngineState, index: number, length: number): void {
  const at = index * DESCRIPTOR_WORDS
  const { descriptors, peers } = state.operations.own
  peers[index] = NO_PEER
  descriptors[at + DESCRIPTOR.offset] = ownOffset(state, index)
  descriptors[at + DESCRIPTOR.length] = length
  descriptors[at + DESCRIPTOR.flags] = FLAG.write
}

/** Seals, sends and writes all that is in `own`. */
export function flushOwn(state: EngineState): void {
  if (state.ownCount === 0) return
  const count = state.ownCount
  state.ownCount = 0
  const { own } = state.operations
  sealAndSend(state, own, count)
  state.operations.coalesceWrite(own, count)
}

/** A handshake message, as it is. */
export function sendControl(state: EngineState, endpoint: Endpoint, bytes: Uint8Array): void {
  const { operations } = state
  const index = reserveOwn(state)
  const row = ADDRESS_ROWS.own + index
  const { addresses, own, socketFamily } = operations
  const valid = emitSockaddr(addresses, row * SOCKADDR_BYTES, endpoint.address, endpoint.port, socketFamily)
  if (!valid || bytes.length > own.slotBytes - HEAD_BYTES) {
    countDrop(state.counters, NO_PEER, DROP['send-refused'])
    return
  }
  const offset = ownOffset(state, index)
  own.bytes.set(bytes, offset)
  own.peers[index] = NO_PEER
  const at = index * DESCRIPTOR_WORDS
  own.descriptors[at + DESCRIPTOR.offset] = offset
  own.descriptors[at + DESCRIPTOR.length] = bytes.length
  own.descriptors[at + DESCRIPTOR.address] = row
  own.descriptors[at + DESCRIPTOR.flags] = FLAG.send
}

export function sendKeepalive(state: EngineState, peer: PeerId): void {
  const index = reserveOwn(state)
  dispatchEmpty(state, state.operations.own, index, peer, ownOffset(state, index), 0)
}

/** As large as anything that the TUN could give us: only so does the path say what it carries. */
export function sendProbe(state: EngineState, peer: PeerId): void {
  const index = reserveOwn(state)
  dispatchEmpty(state, state.operations.own, index, peer, ownOffset(state, index), state.options.mtu)
}

/** What waited for keys goes now. */
export function sendStaged(state: EngineState, peer: PeerId): void {
  for (const packet of takeStaged(state, peer)) {
    const index = reserveOwn(state)
    state.operations.own.bytes.set(packet.bytes, ownOffset(state, index))
    sendOwn(state, index, peer, packet.bytes.length)
  }
}

/** Builds the UDP packet around a datagram between the gateway and a consumer, and sends it. */
export function sendGatewayDatagram(state: EngineState, peer: PeerId, datagram: GatewayDatagram): void {
  const consumer = parseIp(datagram.peerAddress)
  const gateway = datagram.family === 4 ? state.gateway4 : state.gateway6
  const headerBytes = (datagram.family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) + UDP_HEADER_BYTES
  const length = headerBytes + datagram.payload.length
  if (state.role[peer] === ROLE.none) return
  if (consumer?.length !== gateway.length || length > state.mtu[peer]) {
    countDrop(state.counters, peer, consumer?.length === gateway.length ? DROP.oversize : DROP['inner-malformed'])
    return
  }
  const fromGateway = state.role[peer] === ROLE.consumer
  const source = fromGateway ? gateway : consumer
  const destination = fromGateway ? consumer : gateway
  const index = reserveOwn(state)
  const { bytes } = state.operations.own
  const offset = ownOffset(state, index)
  const udpBytes = UDP_HEADER_BYTES + datagram.payload.length
  const addresses = emitIpHeader(bytes, offset, source, destination, PROTOCOL.udp, udpBytes)
  bytes.set(datagram.payload, offset + headerBytes)
  const ports = fromGateway
    ? { sourcePort: datagram.gatewayPort, destinationPort: datagram.peerPort }
    : { sourcePort: datagram.peerPort, destinationPort: datagram.gatewayPort }
  emitUdp(bytes, offset + headerBytes - UDP_HEADER_BYTES, ports, datagram.payload.length, addresses, source.length)
  sendOwn(state, index, peer, length)
}

/** Writes an IP header of the family of `source` at `offset`. The offset of the addresses in it. */
export function emitIpHeader(
  bytes: Uint8Array,
  offset: number,
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payloadBytes: number,
): number {
  if (source.length === 4) {
    const fragment = { identification: 0, dontFragment: true, moreFragments: false, fragmentOffset: 0 }
    emitIpv4(bytes, offset, { ...fragment, source, destination, protocol, timeToLive: OWN_TTL }, payloadBytes)
    return offset + 12
  }
  emitIpv6(bytes, offset, { source, destination, nextHeader: protocol, hopLimit: OWN_TTL }, payloadBytes)
  return offset + 8
}

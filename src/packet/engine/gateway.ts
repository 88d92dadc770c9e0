/**
 * The gateway address: the engine answers it itself, by peer, so that no kernel socket can be reached by a consumer.
 * Echo is answered; UDP to the meter port and to service ports goes to the main thread; everything else is refused.
 */
import { setU16be, u16be, u32be } from '#base/bytes.ts'
import { formatIp } from '#base/ip.ts'
import { checksumHolds, sumPseudoHeader, updateChecksum } from '../wire/checksum.ts'
import { emitIcmp, ICMP_HEADER_BYTES, ICMP_OFFSET, ICMP_TYPE, ICMP_UNREACHABLE } from '../wire/icmp.ts'
import { emitIcmpv6, ICMPV6_TYPE, ICMPV6_UNREACHABLE } from '../wire/icmpv6.ts'
import { IPV4_HEADER_BYTES, PROTOCOL } from '../wire/ipv4.ts'
import { IPV6_HEADER_BYTES } from '../wire/ipv6.ts'
import type { PacketView } from '../wire/packet.ts'
import { emitTcp, TCP_FLAG, TCP_HEADER_BYTES, TCP_OFFSET } from '../wire/tcp.ts'
import { UDP_HEADER_BYTES, UDP_OFFSET } from '../wire/udp.ts'
import { ANSWER, mayAnswer } from './answers.ts'
import { countDrop } from './counters.ts'
import { isGateway } from './dispatch.ts'
import { DROP } from './drops.ts'
import { emitIpHeader, ownOffset, reserveOwn, sendOwn } from './own.ts'
import { type EngineState, mayHandOver } from './state.ts'
import type { PeerId } from './types.ts'

/** RFC 792, RFC 4443 §3.1: how much of the packet an error quotes: enough for any header, small enough for any path. */
const QUOTED_BYTES = { 4: 28, 6: 1280 - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES } as const

/** Answers a consumer's packet to the gateway. `view` reads it; it is counted and paid for already. */
export function answerAtGateway(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): void {
  if (view.isFragment) {
    countDrop(state.counters, peer, DROP['gateway-refused'])
    return
  }
  switch (view.protocol) {
    case PROTOCOL.udp:
      if (state.servicePorts[view.destinationPort] === 1) handOverDatagram(state, peer, bytes, view)
      else if (mayRefuse(state, peer)) sendPortUnreachable(state, peer, bytes, view)
      return
    case PROTOCOL.tcp:
      sendReset(state, peer, bytes, view)
      return
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      sendEchoReply(state, peer, bytes, view)
      return
    default:
      countDrop(state.counters, peer, DROP['gateway-refused'])
  }
}

/** A datagram between gateway and consumer becomes an event; a broken or unexpected one is dropped. */
export function handOverDatagram(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): void {
  const length = u16be(bytes, view.upper + UDP_OFFSET.length)
  if (length < UDP_HEADER_BYTES || length > view.upperLength || !udpHolds(bytes, view, length)) {
    countDrop(state.counters, peer, DROP['inner-malformed'])
    return
  }
  const toGateway = isGateway(state, bytes, view, view.destination)
  const port = toGateway ? view.destinationPort : view.sourcePort
  const kind = port === state.options.meterPort ? ANSWER.meter : ANSWER.service
  if (!mayAnswer(state.answers, peer, kind, state.nowMs) || !mayHandOver(state, true)) {
    countDrop(state.counters, peer, DROP['gateway-queue'])
    return
  }
  const address = toGateway ? view.source : view.destination
  state.events.push({
    kind: 'gatewayDatagram',
    peer,
    datagram: {
      family: view.version,
      gatewayPort: port,
      peerPort: toGateway ? view.sourcePort : view.destinationPort,
      peerAddress: formatIp(bytes.subarray(address, address + view.addressBytes)),
      payload: bytes.slice(view.upper + UDP_HEADER_BYTES, view.upper + length),
    },
  })
}

/** Whether a refusal may be answered; otherwise it is only counted. */
function mayRefuse(state: EngineState, peer: PeerId): boolean {
  if (mayAnswer(state.answers, peer, ANSWER.refusal, state.nowMs)) return true
  countDrop(state.counters, peer, DROP['answer-rate'])
  return false
}

function sendPortUnreachable(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): void {
  const gateway = view.version === 4 ? state.gateway4 : state.gateway6
  const index = reserveOwn(state)
  const error =
    view.version === 4
      ? { type: ICMP_TYPE.unreachable, code: ICMP_UNREACHABLE.port, rest: 0 }
      : { type: ICMPV6_TYPE.unreachable, code: ICMPV6_UNREACHABLE.port, rest: 0 }
  sendOwn(state, index, peer, emitError(state, index, gateway, bytes, view, error))
}

/** Builds an ICMP error from `from` to the sender of the packet in slot `index`. Its length. */
export function emitError(
  state: EngineState,
  index: number,
  from: Uint8Array,
  bytes: Uint8Array,
  view: PacketView,
  error: { readonly type: number; readonly code: number; readonly rest: number },
): number {
  const own = state.operations.own.bytes
  const offset = ownOffset(state, index)
  const header = view.version === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES
  // An IPv4 header may carry options: quote it whole, and eight bytes after it.
  const wanted = view.version === 4 ? Math.max(QUOTED_BYTES[4], view.upper - view.offset + 8) : QUOTED_BYTES[6]
  const quoted = Math.min(view.length, wanted)
  const to = bytes.subarray(view.source, view.source + view.addressBytes)
  const protocol = view.version === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6
  const addresses = emitIpHeader(own, offset, from, to, protocol, ICMP_HEADER_BYTES + quoted)
  own.set(bytes.subarray(view.offset, view.offset + quoted), offset + header + ICMP_HEADER_BYTES)
  if (view.version === 4) emitIcmp(own, offset + header, error, quoted)
  else emitIcmpv6(own, offset + header, error, quoted, addresses)
  return header + ICMP_HEADER_BYTES + quoted
}

/** RFC 792, RFC 4443 §4.2: the same data with type and addresses turned. Anything but a request is dropped. */
function sendEchoReply(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): void {
  const v4 = view.version === 4
  if (view.icmpType !== (v4 ? ICMP_TYPE.echoRequest : ICMPV6_TYPE.echoRequest)) {
    countDrop(state.counters, peer, DROP['gateway-refused'])
    return
  }
  const index = reserveOwn(state)
  const own = state.operations.own.bytes
  const offset = ownOffset(state, index)
  const header = v4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES
  const gateway = v4 ? state.gateway4 : state.gateway6
  const to = bytes.subarray(view.source, view.source + view.addressBytes)
  emitIpHeader(own, offset, gateway, to, v4 ? PROTOCOL.icmp : PROTOCOL.icmpv6, view.upperLength)
  own.set(bytes.subarray(view.upper, view.upper + view.upperLength), offset + header)
  const icmp = offset + header
  const before = u16be(own, icmp)
  own[icmp + ICMP_OFFSET.type] = v4 ? ICMP_TYPE.echoReply : ICMPV6_TYPE.echoReply
  // The sum over the pseudo header stays: the two addresses only change places.
  setU16be(
    own,
    icmp + ICMP_OFFSET.checksum,
    updateChecksum(u16be(own, icmp + ICMP_OFFSET.checksum), before, u16be(own, icmp)),
  )
  sendOwn(state, index, peer, header + view.upperLength)
}

/** RFC 9293 §3.5.2: the reset that an unused port answers with; a reset is not answered. */
function sendReset(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): void {
  const flags = bytes[view.upper + TCP_OFFSET.flags]
  if ((flags & TCP_FLAG.rst) !== 0) {
    countDrop(state.counters, peer, DROP['gateway-refused'])
    return
  }
  if (!mayRefuse(state, peer)) return
  const headerBytes = (bytes[view.upper + TCP_OFFSET.dataOffset] >> 4) * 4
  const control = (flags & TCP_FLAG.syn ? 1 : 0) + (flags & TCP_FLAG.fin ? 1 : 0)
  const occupied = Math.max(0, view.upperLength - headerBytes) + control
  const acknowledges = (flags & TCP_FLAG.ack) !== 0
  const index = reserveOwn(state)
  const own = state.operations.own.bytes
  const offset = ownOffset(state, index)
  const gateway = view.version === 4 ? state.gateway4 : state.gateway6
  const to = bytes.subarray(view.source, view.source + view.addressBytes)
  const addresses = emitIpHeader(own, offset, gateway, to, PROTOCOL.tcp, TCP_HEADER_BYTES)
  const header = view.version === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES
  const acknowledgement = (u32be(bytes, view.upper + TCP_OFFSET.sequence) + occupied) >>> 0
  emitTcp(
    own,
    offset + header,
    {
      sourcePort: view.destinationPort,
      destinationPort: view.sourcePort,
      sequence: acknowledges ? u32be(bytes, view.upper + TCP_OFFSET.acknowledgement) : 0,
      acknowledgement: acknowledges ? 0 : acknowledgement,
      flags: acknowledges ? TCP_FLAG.rst : TCP_FLAG.rst | TCP_FLAG.ack,
      window: 0,
    },
    addresses,
    view.addressBytes,
  )
  sendOwn(state, index, peer, header + TCP_HEADER_BYTES)
}

/** The checksum of a datagram; IPv4 allows none (RFC 768), IPv6 does not (RFC 8200 §8.1). */
function udpHolds(bytes: Uint8Array, view: PacketView, length: number): boolean {
  if (u16be(bytes, view.upper + UDP_OFFSET.checksum) === 0) return view.version === 4
  const pseudo = sumPseudoHeader(bytes, view.source, view.addressBytes, PROTOCOL.udp, length)
  return checksumHolds(bytes, view.upper, length, pseudo)
}

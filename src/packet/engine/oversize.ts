/**
 * A packet from the TUN above its peer's MTU: its sender is told the MTU by ICMP, or the packet is cut into fragments
 * where its sender allows that (IPv4 without "don't fragment").
 */
import { ICMP_TYPE, ICMP_UNREACHABLE, isIcmpError } from '../wire/icmp.ts'
import { ICMPV6_TYPE, isIcmpv6Error } from '../wire/icmpv6.ts'
import { emitFragment, IPV4_DONT_FRAGMENT, IPV4_HEADER_BYTES, IPV4_OFFSET } from '../wire/ipv4.ts'
import type { PacketView } from '../wire/packet.ts'
import { ANSWER, mayAnswer } from './answers.ts'
import { countDrop } from './counters.ts'
import { DROP } from './drops.ts'
import { emitError } from './gateway.ts'
import { MIN_INNER_MTU } from './mtu.ts'
import { ownOffset, reserveOwn, sendOwn, writeOwn } from './own.ts'
import { type EngineState, ROLE } from './state.ts'
import type { PeerId } from './types.ts'

/** `isCut`: the end of the packet is not there (`readCutPacket`). */
export function handleOversize(
  state: EngineState,
  peer: PeerId,
  bytes: Uint8Array,
  view: PacketView,
  isCut: boolean,
): void {
  if (view.version === 4 && !isCut && mayFragment(bytes, view)) {
    sendFragments(state, peer, bytes, view)
    return
  }
  // RFC 8200 §5: no IPv6 sender makes packets smaller than 1280 bytes, whatever it is told.
  if (view.version === 6 && view.length <= MIN_INNER_MTU) {
    countDrop(state.counters, peer, DROP['path-too-small'])
    return
  }
  countDrop(state.counters, peer, DROP.oversize)
  if (mayReport(view) && mayAnswer(state.answers, peer, ANSWER.tooBig, state.nowMs)) {
    sendTooBig(state, peer, bytes, view)
  }
}

/** A header with options is left whole: which of them belong into each fragment is not ours to know (RFC 791 §3.1). */
function mayFragment(bytes: Uint8Array, view: PacketView): boolean {
  const at = view.offset + IPV4_OFFSET.flagsAndFragment
  return (bytes[at] & (IPV4_DONT_FRAGMENT >> 8)) === 0 && view.upper - view.offset === IPV4_HEADER_BYTES
}

function sendFragments(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): void {
  // Sending reads each fragment into the same view.
  const { offset, length } = view
  const own = state.operations.own.bytes
  for (let done = 0; done < length - IPV4_HEADER_BYTES;) {
    const index = reserveOwn(state)
    const payload = emitFragment(own, ownOffset(state, index), bytes, offset, done, state.mtu[peer])
    sendOwn(state, index, peer, IPV4_HEADER_BYTES + payload)
    done += payload
  }
}

/** Errors are never answered by errors (RFC 1122 §3.2.2), nor are later fragments. */
function mayReport(view: PacketView): boolean {
  if (view.fragmentOffset > 0) return false
  return view.icmpType < 0 || !(view.version === 4 ? isIcmpError(view.icmpType) : isIcmpv6Error(view.icmpType))
}

/**
 * RFC 1191 §4, RFC 4443 §3.2. On the consumer's side it comes from the gateway. On the exit the gateway's address is one of
 * the host's own, from which the kernel takes nothing that arrives: there it comes from the session's address, for which
 * the packet was, and passes the exit's rules and NAT like any error that the consumer's host would send.
 */
function sendTooBig(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): void {
  const gateway = view.version === 4 ? state.gateway4 : state.gateway6
  const destination = bytes.subarray(view.destination, view.destination + view.addressBytes)
  const from = state.role[peer] === ROLE.consumer ? destination : gateway
  const mtu = state.mtu[peer]
  const error =
    view.version === 4
      ? { type: ICMP_TYPE.unreachable, code: ICMP_UNREACHABLE.fragmentationNeeded, rest: mtu }
      : { type: ICMPV6_TYPE.packetTooBig, code: 0, rest: Math.max(MIN_INNER_MTU, mtu) }
  const index = reserveOwn(state)
  writeOwn(state, index, emitError(state, index, from, bytes, view, error))
}

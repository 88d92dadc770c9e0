/**
 * From the TUN to the peers. The walk of a packet: read -> which peer may receive it (allowed-IPs) -> may it go (size,
 * spoofed gateway) -> `dispatch.ts`.
 */
import { IPV4_DONT_FRAGMENT, IPV4_OFFSET } from '../wire/ipv4.ts'
import { type PacketView, readPacket } from '../wire/packet.ts'
import { lookup4, lookup6 } from '../wireguard/allowed-ips.ts'
import { type Batch, DESCRIPTOR, DESCRIPTOR_WORDS } from './batch.ts'
import { countDrop, NO_PEER } from './counters.ts'
import { dispatchPacket, isGateway, isMeter, sealAndSend } from './dispatch.ts'
import { DROP } from './drops.ts'
import { sendTooBig } from './gateway.ts'
import { type EngineState, ROLE } from './state.ts'
import type { PeerId } from './types.ts'

/** Carries one batch from the TUN. The number of packets read. */
export function transmitBatch(state: EngineState): number {
  const { tx } = state.operations
  const count = state.operations.readSplit(tx)
  for (let index = 0; index < count; index++) routePacket(state, tx, index)
  if (count > 0) sealAndSend(state, tx, count)
  return count
}

function routePacket(state: EngineState, batch: Batch, index: number): void {
  const { view } = state
  const { bytes, descriptors } = batch
  const at = index * DESCRIPTOR_WORDS
  const offset = descriptors[at + DESCRIPTOR.offset]
  if (!readPacket(bytes, offset, descriptors[at + DESCRIPTOR.length], view)) {
    countDrop(state.counters, NO_PEER, DROP['inner-malformed'])
    return
  }
  const peer = (view.version === 4 ? lookup4 : lookup6)(state.allowed, bytes, view.destination)
  if (peer < 0) {
    countDrop(state.counters, NO_PEER, DROP['no-route'])
    return
  }
  if (view.length > state.options.mtu) {
    countDrop(state.counters, peer, DROP.oversize)
    const mayFragment =
      view.version === 4 && (bytes[view.offset + IPV4_OFFSET.flagsAndFragment] & (IPV4_DONT_FRAGMENT >> 8)) === 0
    if (!mayFragment) sendTooBig(state, bytes, view)
    return
  }
  if (pretendsGateway(state, peer, bytes, view)) {
    countDrop(state.counters, peer, DROP['gateway-source'])
    return
  }
  dispatchPacket(state, batch, index, peer, bytes, view)
}

/**
 * Packets from the TUN must not look like the engine's own: nothing comes from the gateway (on the exit), and no
 * program but the daemon talks to its meter port (on the consumer).
 */
function pretendsGateway(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): boolean {
  if (state.role[peer] === ROLE.consumer) return isGateway(state, bytes, view, view.source)
  return isMeter(state, bytes, view)
}

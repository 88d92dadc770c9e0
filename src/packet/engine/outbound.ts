/**
 * From the TUN to the peers. The walk of a packet: read -> which peer may receive it (allowed-IPs) -> may it go (spoofed
 * gateway, size: `oversize.ts`) -> `dispatch.ts`.
 */
import { type PacketView, readCutPacket, readPacket } from '../wire/packet.ts'
import { lookup4, lookup6 } from '../wireguard/allowed-ips.ts'
import { type Batch, DESCRIPTOR, DESCRIPTOR_WORDS } from './batch.ts'
import { countDrop, NO_PEER } from './counters.ts'
import { dispatchPacket, isGateway, isMeter, sealAndSend } from './dispatch.ts'
import { DROP } from './drops.ts'
import { handleOversize } from './oversize.ts'
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
  const available = descriptors[at + DESCRIPTOR.length]
  // Whoever raised the MTU of the interface may send more than a slot holds: the beginning tells who must hear of it.
  if (!readPacket(bytes, offset, available, view) && !readCutPacket(bytes, offset, available, view)) {
    countDrop(state.counters, NO_PEER, DROP['inner-malformed'])
    return
  }
  const peer = (view.version === 4 ? lookup4 : lookup6)(state.allowed, bytes, view.destination)
  if (peer < 0) {
    countDrop(state.counters, NO_PEER, DROP['no-route'])
    return
  }
  if (pretendsGateway(state, peer, bytes, view)) {
    countDrop(state.counters, peer, DROP['gateway-source'])
    return
  }
  if (view.length > state.mtu[peer]) handleOversize(state, peer, bytes, view, view.length > available)
  else dispatchPacket(state, batch, index, peer, bytes, view)
}

/**
 * Packets from the TUN must not look like the engine's own: nothing comes from the gateway (on the exit), and no
 * program but the daemon talks to its meter port (on the consumer).
 */
function pretendsGateway(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): boolean {
  if (state.role[peer] === ROLE.consumer) return isGateway(state, bytes, view, view.source)
  return isMeter(state, bytes, view)
}

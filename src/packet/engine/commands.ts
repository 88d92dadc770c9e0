/** What the main thread asks of the engine, as plain data that can cross to the worker. */
import { unreachable } from '#base/result.ts'
import { dropKeys, installKeys } from './keys.ts'
import { sendControl, sendGatewayDatagram, sendKeepalive, sendProbe, sendStaged } from './own.ts'
import { addPeer, type EngineState, removePeer, ROLE, setEndpoint, setPeerMtu } from './state.ts'
import type { Endpoint, GatewayDatagram, PeerId, PeerOptions, TransportKeys } from './types.ts'

export type Command =
  | { readonly kind: 'addPeer'; readonly peer: PeerId; readonly options: PeerOptions }
  | { readonly kind: 'removePeer'; readonly peer: PeerId }
  | { readonly kind: 'setEndpoint'; readonly peer: PeerId; readonly endpoint: Endpoint }
  | { readonly kind: 'installKeys'; readonly peer: PeerId; readonly keys: TransportKeys }
  | { readonly kind: 'dropKeys'; readonly peer: PeerId; readonly localIndex: number }
  | { readonly kind: 'setPeerMtu'; readonly peer: PeerId; readonly mtu: number }
  | { readonly kind: 'sendControl'; readonly endpoint: Endpoint; readonly bytes: Uint8Array }
  | { readonly kind: 'sendKeepalive'; readonly peer: PeerId }
  | { readonly kind: 'sendProbe'; readonly peer: PeerId }
  | { readonly kind: 'sendGatewayDatagram'; readonly peer: PeerId; readonly datagram: GatewayDatagram }
  | { readonly kind: 'stop' }

/** Commands for a peer that was removed meanwhile have no effect. */
export function handleCommand(state: EngineState, command: Command): void {
  switch (command.kind) {
    case 'addPeer':
      addPeer(state, command.peer, command.options)
      return
    case 'removePeer':
      removePeer(state, command.peer)
      return
    case 'setEndpoint':
      if (state.role[command.peer] !== ROLE.none) setEndpoint(state, command.peer, command.endpoint)
      return
    case 'installKeys':
      if (state.role[command.peer] !== ROLE.none) {
        installKeys(state.keys, state.operations, command.peer, command.keys, state.nowMs)
        if (command.keys.slot === 'current') sendStaged(state, command.peer)
      }
      command.keys.sendKey.fill(0)
      command.keys.receiveKey.fill(0)
      return
    case 'dropKeys':
      dropKeys(state.keys, state.operations, command.localIndex)
      return
    case 'setPeerMtu':
      setPeerMtu(state, command.peer, command.mtu)
      return
    case 'sendControl':
      sendControl(state, command.endpoint, command.bytes)
      return
    case 'sendKeepalive':
      if (state.role[command.peer] !== ROLE.none) sendKeepalive(state, command.peer)
      return
    case 'sendProbe':
      if (state.role[command.peer] !== ROLE.none) sendProbe(state, command.peer)
      return
    case 'sendGatewayDatagram':
      sendGatewayDatagram(state, command.peer, command.datagram)
      return
    case 'stop':
      state.stopping = true
      return
    default:
      unreachable(command)
  }
}

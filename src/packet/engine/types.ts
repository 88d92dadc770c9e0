/**
 * The packet engine: everything that touches each packet. It owns the TUN device, the UDP socket, transport keys,
 * replay windows, allowed-IPs, flow tables and counters. Handshakes, cookies and timers are the sans-IO protocol of
 * `../wireguard`, on the main thread; `device.ts` joins the two. Money is unknown here: the engine counts bytes and
 * obeys a byte allowance.
 */
import type { Prefix } from '#base/ip.ts'

/** Index of a peer in the engine's tables, chosen by the caller: 0 <= peer < MAX_PEERS. One session is one peer. */
export type PeerId = number
export const MAX_PEERS = 1024

export interface Endpoint {
  /** Canonical text form (`base/ip.ts`). */
  readonly address: string
  readonly port: number
}

/** Transport keys of one completed handshake (WireGuard paper §5.4.5). The engine copies them. */
export interface TransportKeys {
  readonly localIndex: number
  readonly remoteIndex: number
  /** 32 bytes each. */
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  /** The responder of a handshake may send on it only after it received a first packet: it is installed as `next`. */
  readonly slot: 'current' | 'next'
}

/** Who the peer is to us: a consumer that we serve as an exit, or the exit that we use. */
export interface PeerOptions {
  readonly role: 'consumer' | 'exit'
  /** Inner addresses that this peer may use as source, and that are routed to it. */
  readonly allowedIps: readonly Prefix[]
  readonly endpoint?: Endpoint
}

/** `open`: all is carried, within the allowance. `paused`: only the meter port of the gateway is. */
export type Service = 'open' | 'paused'

export interface EngineOptions {
  /** Name of the TUN device; it is created by the engine and disappears with it. */
  readonly tunName: string
  readonly mtu: number
  /** 0 chooses a free port. */
  readonly listenPort: number
  /** SO_MARK of the data socket; 0 sets none. */
  readonly fwmark: number
  /** Inner addresses that the engine itself answers (exit) or exchanges meter datagrams with (consumer). */
  readonly gateway: { readonly address4: string; readonly address6: string }
  readonly meterPort: number
  /** UDP ports of the gateway handed to the main thread as `gatewayDatagram` besides the meter port (exit: 53). */
  readonly servicePorts: readonly number[]
}

export interface PacketEngine extends AsyncDisposable {
  readonly capabilities: { readonly implementation: 'ffi' | 'native' | 'kernel' | 'memory'; readonly batch: number }
  readonly tun: { readonly name: string; readonly mtu: number }
  /** UDP port that is bound, in both families. */
  readonly port: number

  addPeer(peer: PeerId, options: PeerOptions): void
  /** Removes keys, routes, flows; counters stay readable until the id is used again. */
  removePeer(peer: PeerId): void
  setEndpoint(peer: PeerId, endpoint: Endpoint): void
  installKeys(peer: PeerId, keys: TransportKeys): void
  dropKeys(peer: PeerId, localIndex: number): void
  /**
   * Bytes of the largest inner packet that is sent to this peer, from `MIN_PEER_MTU` to the TUN's MTU (which it is after
   * `addPeer`). What is larger is answered with "too big" or, where its sender allows that, cut into fragments.
   */
  setPeerMtu(peer: PeerId, mtu: number): void
  setService(peer: PeerId, service: Service): void
  /**
   * Bytes (billable up received + down sent since `addPeer`) up to which an exit serves this peer; beyond it packets
   * are dropped and counted as `overAllowance`. Written to shared memory: takes effect within one batch.
   */
  setAllowance(peer: PeerId, bytes: bigint): void

  /** Sends a handshake or cookie message, as it is. */
  sendControl(endpoint: Endpoint, bytes: Uint8Array): void
  /** Sends an empty data message on the current keys. */
  sendKeepalive(peer: PeerId): void
  /**
   * Sends a data message of the TUN's MTU with nothing but padding, on the current keys: routers on a narrower path
   * answer it, so that the kernel knows the path's MTU before a packet of somebody is lost. Not counted as traffic.
   */
  sendProbe(peer: PeerId): void
  /**
   * Sends a UDP datagram inside the tunnel between the gateway and the consumer's inner address, from whichever of the
   * two we are. On the meter port it is carried always and counted in `meter*`; on another port it is traffic like any.
   */
  sendGatewayDatagram(peer: PeerId, datagram: GatewayDatagram): void

  /** Shared with the worker: read it at any time (`counters.ts` has the layout). */
  readonly counters: BigUint64Array
  on(listener: (events: readonly EngineEvent[]) => void): void
  close(): Promise<void>
}

export interface GatewayDatagram {
  readonly family: 4 | 6
  readonly gatewayPort: number
  /** Port and inner address (text) of the consumer, on both sides of the tunnel. */
  readonly peerPort: number
  readonly peerAddress: string
  readonly payload: Uint8Array
}

export type EngineEvent =
  | { readonly kind: 'control'; readonly from: Endpoint; readonly bytes: Uint8Array }
  | {
      readonly kind: 'needHandshake'
      readonly peer: PeerId
      readonly reason: 'no-keys' | 'rekey-time' | 'rekey-messages'
    }
  | { readonly kind: 'nextConfirmed'; readonly peer: PeerId; readonly localIndex: number }
  | { readonly kind: 'endpointChanged'; readonly peer: PeerId; readonly endpoint: Endpoint }
  /** Coalesced, at most one a batch and peer: for the timers of the paper (§6). `data` is false for keepalives. */
  | { readonly kind: 'sent'; readonly peer: PeerId; readonly data: boolean }
  | { readonly kind: 'received'; readonly peer: PeerId; readonly data: boolean }
  | { readonly kind: 'gatewayDatagram'; readonly peer: PeerId; readonly datagram: GatewayDatagram }
  /**
   * The kernel refused a data message of `innerBytes` (with padding) as too big for the path to this peer. Coalesced: the
   * first one, then at most one each 200 ms.
   */
  | { readonly kind: 'sendTooBig'; readonly peer: PeerId; readonly innerBytes: number }
  | { readonly kind: 'fatal'; readonly error: string }

/**
 * Counters of one peer. Bytes are whole inner IP packets as carried in one data message, without WireGuard's padding,
 * header or tag; meter datagrams are in `meter*` only and in no other field. `sent`/`received` are seen from here.
 */
export interface PeerCounters {
  /** Inner bytes that left towards / arrived from the peer (authentic, not replayed, allowed). */
  readonly sentBytes: bigint
  readonly receivedBytes: bigint
  readonly sentPackets: bigint
  readonly receivedPackets: bigint
  /** Consumer side: the part of `received*` that belongs to flows that this side opened. Only this is billable. */
  readonly billableReceivedBytes: bigint
  readonly billableReceivedPackets: bigint
  /** Highest transport counter seen minus messages received, over all keys: packets the path lost. */
  readonly lostPackets: bigint
  readonly meterSentBytes: bigint
  readonly meterReceivedBytes: bigint
}

/**
 * A WireGuard device as the daemons see it: the sans-IO protocol (`../wireguard`) joined to a packet engine
 * (`device.ts`). One device has one static key pair, one UDP port and one TUN, and any number of peers.
 */
import type { Clock } from '#base/clock.ts'
import type { Prefix } from '#base/ip.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Drops } from './counters.ts'
import type {
  Endpoint,
  EngineOptions,
  GatewayDatagram,
  PacketEngine,
  PeerCounters,
  PeerId,
  PeerOptions,
  Service,
} from './types.ts'

export interface TunnelDeviceOptions {
  /** Creates the engine: `openPacketEngine` (TUN and UDP in a worker), or a memory engine in tests. */
  readonly openEngine: (options: EngineOptions) => Promise<PacketEngine>
  readonly engineOptions: EngineOptions
  /** 32 bytes; fresh for each session on the consumer's side. */
  readonly privateKey: Uint8Array
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The last TAI64N that this key sent (12 bytes), as it was persisted: a clock that went back does not lock us out. */
  readonly lastTai64n?: Uint8Array
  /** Persist it before the message leaves: called synchronously for each initiation that we send. */
  readonly onTai64n?: (stamp: Uint8Array) => void
  /**
   * Bytes of the largest IP packet that the host knows to pass to `address` (from a socket with the engine's mark). With
   * it each peer's inner MTU follows its path (`path-mtu.ts`); without it the TUN's MTU holds for all.
   */
  readonly pathMtu?: (address: string) => Promise<number>
}

export interface TunnelPeerOptions {
  readonly publicKey: Uint8Array
  readonly presharedKey?: Uint8Array
  readonly endpoint?: Endpoint
  readonly role: PeerOptions['role']
  readonly allowedIps: readonly Prefix[]
  /** 0 or absent: off. */
  readonly persistentKeepaliveSeconds?: number
}

export interface PeerStatus {
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  readonly endpoint: Endpoint | undefined
  /** Wall-clock time of the last completed handshake, undefined before the first. */
  readonly lastHandshakeMs: number | undefined
  /** Wall-clock time of the last authenticated packet from the peer (data, keepalive or handshake). */
  readonly lastReceivedMs: number | undefined
  /** Bytes of the largest inner packet that is sent to the peer. */
  readonly mtu: number
}

export type TunnelDeviceEvent =
  /** Transport keys were installed: the first handshake or a rekey. */
  | { readonly kind: 'handshake'; readonly peer: PeerId; readonly initiator: boolean }
  | { readonly kind: 'endpointChanged'; readonly peer: PeerId; readonly endpoint: Endpoint }
  /** No answer to handshakes for REKEY_ATTEMPT_TIME (90 s), or the keys died: the tunnel to this peer is down. */
  | { readonly kind: 'unreachable'; readonly peer: PeerId }
  | { readonly kind: 'gatewayDatagram'; readonly peer: PeerId; readonly datagram: GatewayDatagram }
  /** The path to the peer carries more or less than before: its inner MTU is now `mtu`. */
  | { readonly kind: 'peerMtu'; readonly peer: PeerId; readonly mtu: number }
  /** The engine is gone (TUN removed, worker failed): close the device. */
  | { readonly kind: 'fatal'; readonly error: string }

export interface TunnelDevice extends AsyncDisposable {
  readonly engine: PacketEngine
  readonly publicKey: Uint8Array
  readonly port: number
  readonly tun: { readonly name: string; readonly mtu: number }

  /** Throws `AditError` `peer-limit`, or `peer-exists` for a public key that is already a peer. */
  addPeer(options: TunnelPeerOptions): PeerId
  removePeer(peer: PeerId): void
  setEndpoint(peer: PeerId, endpoint: Endpoint): void
  /** Starts a handshake now, without waiting for a packet. */
  initiate(peer: PeerId): void
  peerStatus(peer: PeerId): PeerStatus
  /** Readable until the id is used again, also after `removePeer`. */
  counters(peer: PeerId): PeerCounters
  /** Packets dropped by reason, of one peer or of the whole device. */
  drops(peer?: PeerId): Drops
  /** Handshake messages dropped by the protocol, by reason (`../wireguard/errors.ts`). */
  handshakeDrops(): Readonly<Record<string, number>>
  /** Until the next reading of the path, if there is one (`pathMtu`). At most the TUN's MTU, at least 492. */
  setPeerMtu(peer: PeerId, mtu: number): void
  setService(peer: PeerId, service: Service): void
  setAllowance(peer: PeerId, bytes: bigint): void
  sendGatewayDatagram(peer: PeerId, datagram: GatewayDatagram): void
  /** Returns a function that removes the listener. */
  on(listener: (event: TunnelDeviceEvent) => void): () => void
  onGatewayDatagram(listener: (peer: PeerId, datagram: GatewayDatagram) => void): () => void
  close(): Promise<void>
}

/** The signature of `device.ts`. */
export type OpenTunnelDevice = (options: TunnelDeviceOptions) => Promise<TunnelDevice>

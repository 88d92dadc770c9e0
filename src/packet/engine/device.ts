/**
 * The shell around the sans-IO protocol (`../wireguard/device.ts`): it feeds engine events and commands into `step`,
 * performs the outputs in their order and sets one timer for the next deadline.
 */
import { AditError } from '#base/errors.ts'
import { hexOf } from '#base/bytes.ts'
import { unreachable } from '#base/result.ts'
import { nodeSuite } from '#crypto/suite.ts'
import { createDevice, type DeviceState, nextDeadline, publicKeyOf, step } from '../wireguard/device.ts'
import type { DeviceDeps, DeviceEvent, DeviceInput, DeviceOutput } from '../wireguard/types.ts'
import { type Drops, readCounters, readDrops } from './counters.ts'
import type {
  PeerStatus,
  TunnelDevice,
  TunnelDeviceEvent,
  TunnelDeviceOptions,
  TunnelPeerOptions,
} from './device-types.ts'
import { MIN_PEER_MTU } from './mtu.ts'
import { PathMtu } from './path-mtu.ts'
import { type Endpoint, type EngineEvent, type GatewayDatagram, MAX_PEERS } from './types.ts'
import type { PacketEngine, PeerCounters, PeerId, Service } from './types.ts'

/** Node's timers hold at most this; the timer then only looks again. */
const MAX_TIMER_MS = 0x7fff_ffff

/** Throws the `AditError` of an engine that cannot be opened, or `WireguardError` `key-invalid`. */
export async function openTunnelDevice(options: TunnelDeviceOptions): Promise<TunnelDevice> {
  const deps: DeviceDeps = { suite: nodeSuite, random: options.random, clock: options.clock }
  const { privateKey, lastTai64n } = options
  const state = createDevice(lastTai64n === undefined ? { privateKey } : { privateKey, lastTai64n }, deps)
  const engine = await options.openEngine(options.engineOptions)
  return new EngineDevice(options, deps, state, engine)
}

interface KnownPeer {
  readonly publicKey: Uint8Array
  endpoint: Endpoint | undefined
  lastHandshakeMs: number | undefined
  lastReceivedMs: number | undefined
  mtu: number
}

class EngineDevice implements TunnelDevice {
  readonly engine: PacketEngine
  readonly publicKey: Uint8Array
  readonly port: number
  readonly tun: { readonly name: string; readonly mtu: number }
  readonly #options: TunnelDeviceOptions
  readonly #deps: DeviceDeps
  readonly #state: DeviceState
  /** Absent where nobody says what paths carry. */
  readonly #paths: PathMtu | undefined
  readonly #peers = new Map<PeerId, KnownPeer>()
  readonly #listeners = new Set<(event: TunnelDeviceEvent) => void>()
  #nextPeer: PeerId = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: TunnelDeviceOptions, deps: DeviceDeps, state: DeviceState, engine: PacketEngine) {
    this.#options = options
    this.#deps = deps
    this.#state = state
    this.engine = engine
    this.publicKey = publicKeyOf(state)
    this.port = engine.port
    this.tun = engine.tun
    const { pathMtu, clock, log } = options
    this.#paths =
      pathMtu &&
      new PathMtu({
        tunMtu: engine.tun.mtu,
        pathMtu,
        apply: (peer, mtu) => this.#changeMtu(peer, mtu),
        probe: (peer) => engine.sendProbe(peer),
        monotonicMs: () => clock.monotonicMs(),
        log,
      })
    engine.on((events) => this.#handleEngine(events))
  }

  addPeer(options: TunnelPeerOptions): PeerId {
    const peer = this.#freePeer()
    const { publicKey, presharedKey, endpoint, persistentKeepaliveSeconds } = options
    const key = hexOf(publicKey)
    if ([...this.#peers.values()].some((known) => hexOf(known.publicKey) === key)) {
      throw new AditError('peer-exists', 'public key: expected one that is no peer yet', {
        remedy: 'remove the peer first',
      })
    }
    const config = {
      publicKey,
      ...(presharedKey === undefined ? {} : { presharedKey }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(persistentKeepaliveSeconds === undefined ? {} : { persistentKeepaliveSeconds }),
    }
    const { role, allowedIps } = options
    this.engine.addPeer(peer, { role, allowedIps, ...(endpoint === undefined ? {} : { endpoint }) })
    this.#peers.set(peer, {
      publicKey: Uint8Array.from(publicKey),
      endpoint,
      lastHandshakeMs: undefined,
      lastReceivedMs: undefined,
      mtu: this.tun.mtu,
    })
    try {
      this.#step({ kind: 'addPeer', peer, config })
    } catch (cause) {
      this.#peers.delete(peer)
      this.engine.removePeer(peer)
      throw cause
    }
    if (endpoint !== undefined) this.#paths?.handleEndpoint(peer, endpoint)
    return peer
  }

  removePeer(peer: PeerId): void {
    this.#known(peer)
    this.#step({ kind: 'removePeer', peer })
    this.#peers.delete(peer)
    this.#paths?.forget(peer)
    this.engine.removePeer(peer)
  }

  setEndpoint(peer: PeerId, endpoint: Endpoint): void {
    this.#known(peer)
    this.#step({ kind: 'setEndpoint', peer, endpoint })
  }

  initiate(peer: PeerId): void {
    this.#known(peer)
    this.#step({ kind: 'initiate', peer })
  }

  peerStatus(peer: PeerId): PeerStatus {
    return { peer, ...this.#known(peer) }
  }

  counters(peer: PeerId): PeerCounters {
    return readCounters(this.engine.counters, peer)
  }

  drops(peer?: PeerId): Drops {
    return readDrops(this.engine.counters, peer)
  }

  handshakeDrops(): Readonly<Record<string, number>> {
    return { ...this.#state.drops }
  }

  setPeerMtu(peer: PeerId, mtu: number): void {
    this.#known(peer)
    this.#changeMtu(peer, Math.min(this.tun.mtu, Math.max(MIN_PEER_MTU, mtu)))
  }

  setService(peer: PeerId, service: Service): void {
    this.engine.setService(peer, service)
  }

  setAllowance(peer: PeerId, bytes: bigint): void {
    this.engine.setAllowance(peer, bytes)
  }

  sendGatewayDatagram(peer: PeerId, datagram: GatewayDatagram): void {
    this.engine.sendGatewayDatagram(peer, datagram)
  }

  on(listener: (event: TunnelDeviceEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  onGatewayDatagram(listener: (peer: PeerId, datagram: GatewayDatagram) => void): () => void {
    return this.on((event) => {
      if (event.kind === 'gatewayDatagram') listener(event.peer, event.datagram)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#paths?.[Symbol.dispose]()
    await this.engine.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #handleEngine(events: readonly EngineEvent[]): void {
    if (this.#closed) return
    let controls = events.filter((event) => event.kind === 'control').length
    for (const event of events) {
      if (event.kind === 'control') controls--
      this.#handleEvent(event, controls)
    }
    this.#setTimer()
  }

  /** `queued`: how many handshake messages wait behind this one, which tells the protocol that it is under load. */
  #handleEvent(event: EngineEvent, queued: number): void {
    switch (event.kind) {
      case 'control':
        this.#perform(step(this.#state, { kind: 'datagram', from: event.from, bytes: event.bytes, queued }, this.#deps))
        return
      case 'sendTooBig':
        this.#paths?.handleRefusal(event.peer, event.innerBytes)
        return
      case 'needHandshake':
      case 'nextConfirmed':
      case 'sent':
        this.#perform(step(this.#state, event, this.#deps))
        return
      case 'received': {
        const known = this.#peers.get(event.peer)
        if (known !== undefined) known.lastReceivedMs = this.#deps.clock.wallMs()
        this.#perform(step(this.#state, event, this.#deps))
        return
      }
      case 'endpointChanged':
        this.#perform(step(this.#state, event, this.#deps))
        this.#moved(event.peer, event.endpoint)
        return
      case 'gatewayDatagram':
        // The peer may have been removed while the datagram was on its way to us.
        if (this.#peers.has(event.peer)) this.#emit(event)
        return
      case 'fatal':
        this.#emit(event)
        return
      default:
        unreachable(event)
    }
  }

  #step(input: DeviceInput): void {
    this.#perform(step(this.#state, input, this.#deps))
    this.#setTimer()
  }

  #perform(outputs: readonly DeviceOutput[]): void {
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          this.engine.sendControl(output.to, output.bytes)
          break
        case 'installKeys':
          this.engine.installKeys(output.peer, output.keys)
          // The engine copied them (they crossed to the worker): this was the last use of ours.
          output.keys.sendKey.fill(0)
          output.keys.receiveKey.fill(0)
          break
        case 'dropKeys':
          this.engine.dropKeys(output.peer, output.localIndex)
          break
        case 'setEndpoint':
          this.engine.setEndpoint(output.peer, output.endpoint)
          this.#moved(output.peer, output.endpoint)
          break
        case 'sendKeepalive':
          this.engine.sendKeepalive(output.peer)
          break
        case 'event':
          this.#handleProtocolEvent(output.event)
          break
        default:
          unreachable(output)
      }
    }
  }

  #handleProtocolEvent(event: DeviceEvent): void {
    switch (event.kind) {
      case 'tai64n':
        this.#options.onTai64n?.(event.tai64n)
        return
      case 'handshakeComplete': {
        const known = this.#peers.get(event.peer)
        if (known !== undefined) known.lastHandshakeMs = this.#deps.clock.wallMs()
        this.#emit({ kind: 'handshake', peer: event.peer, initiator: event.role === 'initiator' })
        this.#paths?.handleKeys(event.peer)
        return
      }
      case 'handshakeGaveUp':
      case 'sessionExpired':
        this.#emit({ kind: 'unreachable', peer: event.peer })
        return
      case 'handshakeStarted':
        this.#options.log.debug({ peer: event.peer, attempt: event.attempt }, 'handshake started')
        return
      default:
        unreachable(event)
    }
  }

  #moved(peer: PeerId, endpoint: Endpoint): void {
    const known = this.#peers.get(peer)
    if (known === undefined) return
    if (known.endpoint?.address === endpoint.address && known.endpoint.port === endpoint.port) return
    known.endpoint = endpoint
    this.#paths?.handleEndpoint(peer, endpoint)
    this.#emit({ kind: 'endpointChanged', peer, endpoint })
  }

  #changeMtu(peer: PeerId, mtu: number): void {
    const known = this.#peers.get(peer)
    if (known === undefined || known.mtu === mtu) return
    known.mtu = mtu
    this.engine.setPeerMtu(peer, mtu)
    this.#emit({ kind: 'peerMtu', peer, mtu })
  }

  #emit(event: TunnelDeviceEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    if (this.#closed) return
    const deadline = nextDeadline(this.#state)
    if (deadline === Infinity) return
    const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(deadline - this.#deps.clock.monotonicMs())))
    this.#timer = setTimeout(() => this.#step({ kind: 'tick' }), waitMs)
  }

  #known(peer: PeerId): KnownPeer {
    const known = this.#peers.get(peer)
    if (known === undefined) throw new AditError('peer-unknown', `peer ${peer}: expected one that was added`)
    return known
  }

  /** Ids go round, so that the counters of a removed peer stay readable for as long as possible. */
  #freePeer(): PeerId {
    for (let tried = 0; tried < MAX_PEERS; tried++) {
      const peer = this.#nextPeer
      this.#nextPeer = (peer + 1) % MAX_PEERS
      if (!this.#peers.has(peer)) return peer
    }
    throw new AditError('peer-limit', `peers: expected at most ${MAX_PEERS}`, { remedy: 'remove a peer first' })
  }
}

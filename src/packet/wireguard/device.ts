/**
 * The handshake side of a WireGuard interface, for up to a thousand peers: a pure step over plain state. Datagrams,
 * ticks, commands and the data path's events go in; datagrams, keys and events come out. The shell performs the outputs
 * in their order and sets one timer for `nextDeadline`.
 *
 * Reading order: types.ts, messages.ts, handshake.ts, session.ts, timers.ts, then receive.ts and peer.ts.
 */
import type { Millis } from '#base/clock.ts'
import { hexOf } from '#base/bytes.ts'
import { unreachable } from '#base/result.ts'
import { KEY_BYTES } from './constants.ts'
import { createCookieSecret, macKeysOf, type CookieSecret, type MacKeys } from './cookie.ts'
import { DROP_REASONS, WireguardError, type DropReason } from './errors.ts'
import { eraseRemote, localStaticOf, remoteStaticOf, type LocalStatic } from './handshake.ts'
import {
  createLoadMeter,
  createRateLimiter,
  DEFAULT_HANDSHAKES_PER_SECOND,
  type LoadMeter,
  type RateLimiter,
} from './load.ts'
import {
  dropOutputs,
  endAttempt,
  handlePeerTimers,
  peerDeadline,
  rekeyBecauseReceived,
  rekeyBecauseSent,
  wantHandshake,
  type PeerState,
} from './peer.ts'
import { handleDatagram } from './receive.ts'
import { confirmNext, createSession } from './session.ts'
import { NO_TAI64N } from './tai64n.ts'
import { createTimers, onAnyReceived, onAnySent, OFF, onDataReceived, onDataSent } from './timers.ts'
import type { DeviceConfig, DeviceDeps, DeviceInput, DeviceOutput, Endpoint, PeerConfig, PeerId } from './types.ts'

/** Owned by the device: the shell reads `drops` and nothing else. */
export interface DeviceState {
  readonly local: LocalStatic
  readonly macKeys: MacKeys
  readonly peers: Map<PeerId, PeerState>
  readonly peersByKey: Map<string, PeerState>
  /** Local indices of pending handshakes and of live keypairs. */
  readonly peersByIndex: Map<number, PeerState>
  readonly load: LoadMeter
  readonly limiter: RateLimiter
  readonly cookieSecret: CookieSecret
  lastTai64n: Uint8Array
  /** Datagrams dropped, by reason (`errors.ts`). */
  readonly drops: Record<DropReason, number>
}

/** Throws `WireguardError` where the private key does not have 32 bytes. */
export function createDevice(config: DeviceConfig, deps: DeviceDeps): DeviceState {
  if (config.privateKey.length !== KEY_BYTES) throw invalidKey('private key', config.privateKey.length)
  const local = localStaticOf(deps.suite, config.privateKey)
  const nowMs = deps.clock.monotonicMs()
  return {
    local,
    macKeys: macKeysOf(deps.suite, local.pair.publicKey),
    peers: new Map(),
    peersByKey: new Map(),
    peersByIndex: new Map(),
    load: createLoadMeter(config.underLoadHandshakesPerSecond ?? DEFAULT_HANDSHAKES_PER_SECOND, nowMs),
    limiter: createRateLimiter(),
    cookieSecret: createCookieSecret(deps.random, nowMs),
    lastTai64n: Uint8Array.from(config.lastTai64n ?? NO_TAI64N),
    drops: Object.fromEntries(Object.keys(DROP_REASONS).map((reason) => [reason, 0])) as Record<DropReason, number>,
  }
}

/**
 * Takes one input and returns what to do, in order. Foreign bytes never throw; a command for an unknown peer does
 * (`WireguardError`), an event of the data path for one does not: it may have been on its way when the peer was removed.
 */
export function step(state: DeviceState, input: DeviceInput, deps: DeviceDeps): DeviceOutput[] {
  const nowMs = deps.clock.monotonicMs()
  switch (input.kind) {
    case 'datagram':
      return handleDatagram(state, input.from, input.bytes, input.queued ?? 0, deps, nowMs)
    case 'tick':
      return handleTick(state, deps, nowMs)
    case 'addPeer':
      return addPeer(state, input.peer, input.config, deps, nowMs)
    case 'removePeer':
      return removePeer(state, input.peer)
    case 'initiate':
      return wantHandshake(state, peerOf(state, input.peer), deps, nowMs)
    case 'setEndpoint':
      return setEndpoint(state, peerOf(state, input.peer), input.endpoint, deps, nowMs)
    case 'needHandshake':
    case 'nextConfirmed':
    case 'endpointChanged':
    case 'sent':
    case 'received': {
      const peer = state.peers.get(input.peer)
      return peer === undefined ? [] : handleDataEvent(state, peer, input, deps, nowMs)
    }
    default:
      return unreachable(input)
  }
}

/** When to give the next `tick`, in `monotonicMs`; Infinity where nothing is due. */
export function nextDeadline(state: DeviceState): Millis {
  let deadline = Infinity
  for (const peer of state.peers.values()) deadline = Math.min(deadline, peerDeadline(peer))
  return deadline
}

/** 32 bytes: what peers configure for us. */
export function publicKeyOf(state: DeviceState): Uint8Array {
  return state.local.pair.publicKey
}

function handleTick(state: DeviceState, deps: DeviceDeps, nowMs: Millis): DeviceOutput[] {
  const outputs: DeviceOutput[] = []
  for (const peer of state.peers.values()) {
    if (nowMs >= peerDeadline(peer)) outputs.push(...handlePeerTimers(state, peer, deps, nowMs))
  }
  return outputs
}

function addPeer(state: DeviceState, id: PeerId, config: PeerConfig, deps: DeviceDeps, nowMs: Millis): DeviceOutput[] {
  const { publicKey, presharedKey = new Uint8Array(KEY_BYTES) } = config
  if (state.peers.has(id)) throw new WireguardError('peer-exists', `peer ${id}: exists; remove it first`)
  if (publicKey.length !== KEY_BYTES) throw invalidKey('public key', publicKey.length)
  if (presharedKey.length !== KEY_BYTES) throw invalidKey('preshared key', presharedKey.length)
  const key = hexOf(publicKey)
  if (state.peersByKey.has(key)) throw new WireguardError('peer-key-in-use', `peer ${id}: another peer has this key`)
  if (key === hexOf(state.local.pair.publicKey)) {
    throw new WireguardError('peer-key-own', `peer ${id}: the key is our own`)
  }
  const remote = remoteStaticOf(deps.suite, state.local, publicKey, presharedKey)
  if (remote === undefined) throw new WireguardError('key-invalid', `peer ${id}: the key has low order`)

  const peer: PeerState = {
    id,
    remote,
    macKeys: macKeysOf(deps.suite, publicKey),
    jar: { lastMac1: undefined, cookie: undefined },
    session: createSession(),
    timers: createTimers((config.persistentKeepaliveSeconds ?? 0) * 1000),
    endpoint: config.endpoint,
    attempt: { kind: 'idle' },
    lastInitiationSentMs: -Infinity,
    lastInitiationReceivedMs: -Infinity,
    greatestTai64n: NO_TAI64N,
    lateRekeyTried: false,
  }
  state.peers.set(id, peer)
  state.peersByKey.set(key, peer)
  startPersistentKeepalive(peer, nowMs)
  return []
}

/** wg(8) does not say when it begins: as soon as there is an endpoint, so that a NAT has a mapping from the start. */
function startPersistentKeepalive(peer: PeerState, nowMs: Millis): void {
  const { timers } = peer
  if (timers.persistentKeepaliveMs === 0 || timers.persistentKeepalive !== OFF || peer.endpoint === undefined) return
  timers.persistentKeepalive = nowMs
}

function removePeer(state: DeviceState, id: PeerId): DeviceOutput[] {
  const peer = peerOf(state, id)
  endAttempt(state, peer)
  const outputs = dropOutputs(state, peer, peer.session.keypairs)
  eraseRemote(peer.remote)
  state.peers.delete(id)
  state.peersByKey.delete(hexOf(peer.remote.publicKey))
  return outputs
}

function setEndpoint(
  state: DeviceState,
  peer: PeerState,
  endpoint: Endpoint,
  deps: DeviceDeps,
  nowMs: Millis,
): DeviceOutput[] {
  peer.endpoint = { address: endpoint.address, port: endpoint.port }
  const outputs: DeviceOutput[] = [{ kind: 'setEndpoint', peer: peer.id, endpoint: peer.endpoint }]
  if (peer.attempt.kind === 'wanted') outputs.push(...wantHandshake(state, peer, deps, nowMs))
  startPersistentKeepalive(peer, nowMs)
  return outputs
}

type DataEvent = Extract<
  DeviceInput,
  { kind: 'needHandshake' | 'nextConfirmed' | 'endpointChanged' | 'sent' | 'received' }
>

function handleDataEvent(
  state: DeviceState,
  peer: PeerState,
  event: DataEvent,
  deps: DeviceDeps,
  nowMs: Millis,
): DeviceOutput[] {
  switch (event.kind) {
    case 'needHandshake':
      return wantHandshake(state, peer, deps, nowMs)
    case 'nextConfirmed':
      if (!confirmNext(peer.session, event.localIndex)) return []
      // The peer reached us with fresh keys: an attempt of our own is no longer needed.
      endAttempt(state, peer)
      peer.lateRekeyTried = false
      return [{ kind: 'event', event: { kind: 'handshakeComplete', peer: peer.id, role: 'responder' } }]
    case 'endpointChanged':
      peer.endpoint = { address: event.endpoint.address, port: event.endpoint.port }
      return []
    case 'sent':
      if (event.data) onDataSent(peer.timers, deps.random, nowMs)
      onAnySent(peer.timers, nowMs)
      return rekeyBecauseSent(state, peer, deps, nowMs)
    case 'received':
      if (event.data) onDataReceived(peer.timers, nowMs)
      onAnyReceived(peer.timers, nowMs)
      return rekeyBecauseReceived(state, peer, deps, nowMs)
    default:
      return unreachable(event)
  }
}

function peerOf(state: DeviceState, id: PeerId): PeerState {
  const peer = state.peers.get(id)
  if (peer === undefined) throw new WireguardError('peer-unknown', `peer ${id}: not added`)
  return peer
}

function invalidKey(name: string, length: number): WireguardError {
  return new WireguardError('key-invalid', `${name}: expected 32 bytes, got ${length}`)
}

/** One peer: its keys, its handshake in progress, its session and timers, and what happens when a timer fires. */
import type { Millis } from '#base/clock.ts'
import { u32le } from '#base/bytes.ts'
import {
  KEEPALIVE_TIMEOUT_MS,
  REJECT_AFTER_TIME_MS,
  REKEY_AFTER_TIME_MS,
  REKEY_ATTEMPT_TIME_MS,
  REKEY_TIMEOUT_MS,
} from './constants.ts'
import { writeMacs, type CookieJar, type MacKeys } from './cookie.ts'
import type { DeviceState } from './device.ts'
import { createInitiation, erasePending, type PendingHandshake, type RemoteStatic } from './handshake.ts'
import { emitInitiation } from './messages.ts'
import { dropExpired, nextExpiry, type Keypair, type Session } from './session.ts'
import { nextTai64n } from './tai64n.ts'
import { nextTimer, OFF, onAnySent, onInitiationSent, restartPersistentKeepalive, type Timers } from './timers.ts'
import type { DeviceDeps, DeviceOutput, Endpoint, PeerId } from './types.ts'

/** Our own attempts to reach the peer; answering it needs no state. */
export type Attempt =
  | { readonly kind: 'idle' }
  /** A handshake is wanted, but there is no endpoint yet, or the last initiation is too fresh. */
  | { readonly kind: 'wanted'; readonly sinceMs: Millis; readonly count: number }
  | {
      readonly kind: 'waiting'
      readonly sinceMs: Millis
      readonly count: number
      readonly localIndex: number
      readonly pending: PendingHandshake
    }

export interface PeerState {
  readonly id: PeerId
  readonly remote: RemoteStatic
  readonly macKeys: MacKeys
  readonly jar: CookieJar
  readonly session: Session
  readonly timers: Timers
  endpoint: Endpoint | undefined
  attempt: Attempt
  lastInitiationSentMs: Millis
  lastInitiationReceivedMs: Millis
  /** The greatest timestamp seen from this peer (§5.1). */
  greatestTai64n: Uint8Array
  /** §6.2: a rekey because the keys get old while we only receive is tried once a session. */
  lateRekeyTried: boolean
}

/** When something has to be done for this peer. */
export function peerDeadline(peer: PeerState): Millis {
  return Math.min(nextTimer(peer.timers), nextExpiry(peer.session))
}

/** Wants a handshake from now on for REKEY_ATTEMPT_TIME (§6.4: a new reason starts the time again). */
export function wantHandshake(state: DeviceState, peer: PeerState, deps: DeviceDeps, nowMs: Millis): DeviceOutput[] {
  if (peer.attempt.kind === 'waiting') {
    peer.attempt = { ...peer.attempt, sinceMs: nowMs }
    return []
  }
  peer.attempt = { kind: 'wanted', sinceMs: nowMs, count: 0 }
  return tryInitiate(state, peer, deps, nowMs)
}

/** Sends an initiation for a wanted handshake, where there is an endpoint and the last one is REKEY_TIMEOUT ago (§6.1). */
export function tryInitiate(state: DeviceState, peer: PeerState, deps: DeviceDeps, nowMs: Millis): DeviceOutput[] {
  if (peer.attempt.kind === 'idle') return []
  const { sinceMs, count } = peer.attempt
  forgetPending(state, peer)
  peer.attempt = { kind: 'wanted', sinceMs, count }
  peer.timers.retransmit = OFF
  if (peer.endpoint === undefined) return []
  if (nowMs < peer.lastInitiationSentMs + REKEY_TIMEOUT_MS) {
    peer.timers.retransmit = peer.lastInitiationSentMs + REKEY_TIMEOUT_MS
    return []
  }

  const tai64n = nextTai64n(state.lastTai64n, deps.clock.wallMs())
  state.lastTai64n = tai64n
  const localIndex = allocateIndex(state, peer, deps)
  const ephemeral = deps.suite.dhKeyPair(deps.random.bytes(32))
  const { message, pending } = createInitiation(deps.suite, state.local, peer.remote, ephemeral, localIndex, tai64n)
  const bytes = emitInitiation(message)
  writeMacs(deps.suite, peer.macKeys, peer.jar, bytes, nowMs)

  peer.attempt = { kind: 'waiting', sinceMs, count: count + 1, localIndex, pending }
  peer.lastInitiationSentMs = nowMs
  onInitiationSent(peer.timers, deps.random, nowMs)
  onAnySent(peer.timers, nowMs)
  return [
    { kind: 'event', event: { kind: 'tai64n', tai64n } },
    { kind: 'event', event: { kind: 'handshakeStarted', peer: peer.id, attempt: count + 1 } },
    { kind: 'send', to: peer.endpoint, bytes },
  ]
}

/** Ends our own attempt: it was answered, given up, or is no longer needed. Its secrets are overwritten. */
export function endAttempt(state: DeviceState, peer: PeerState): void {
  forgetPending(state, peer)
  peer.attempt = { kind: 'idle' }
  peer.timers.retransmit = OFF
}

/** §6.2: our side initiated these keys, they are 120 s old, and we send on them. */
export function rekeyBecauseSent(state: DeviceState, peer: PeerState, deps: DeviceDeps, nowMs: Millis): DeviceOutput[] {
  const current = peer.session.current
  if (current?.role !== 'initiator' || nowMs < current.createdMs + REKEY_AFTER_TIME_MS) return []
  return peer.attempt.kind === 'idle' ? wantHandshake(state, peer, deps, nowMs) : []
}

/** §6.2: we only receive, and the keys will be refused before a passive keepalive could renew them. */
export function rekeyBecauseReceived(
  state: DeviceState,
  peer: PeerState,
  deps: DeviceDeps,
  nowMs: Millis,
): DeviceOutput[] {
  const current = peer.session.current
  if (peer.lateRekeyTried || current?.role !== 'initiator') return []
  if (nowMs < current.createdMs + REJECT_AFTER_TIME_MS - KEEPALIVE_TIMEOUT_MS - REKEY_TIMEOUT_MS) return []
  peer.lateRekeyTried = true
  return peer.attempt.kind === 'idle' ? wantHandshake(state, peer, deps, nowMs) : []
}

/** Does what is due at `nowMs`. */
export function handlePeerTimers(state: DeviceState, peer: PeerState, deps: DeviceDeps, nowMs: Millis): DeviceOutput[] {
  const { timers } = peer
  const outputs: DeviceOutput[] = []
  const expired = dropExpired(peer.session, nowMs)
  if (expired.length > 0) {
    outputs.push(...dropOutputs(state, peer, expired))
    if (peer.session.keypairs.length === 0) {
      outputs.push({ kind: 'event', event: { kind: 'sessionExpired', peer: peer.id } })
    }
  }
  if (nowMs >= timers.retransmit) outputs.push(...handleUnanswered(state, peer, deps, nowMs))
  if (nowMs >= timers.silence) {
    timers.silence = OFF
    outputs.push(...wantHandshake(state, peer, deps, nowMs))
  }
  if (nowMs >= timers.keepalive) {
    const again = timers.keepaliveAgain
    outputs.push(...sendKeepalive(peer, nowMs))
    timers.keepalive = again ? nowMs + KEEPALIVE_TIMEOUT_MS : OFF
  }
  if (nowMs >= timers.persistentKeepalive) {
    restartPersistentKeepalive(timers, nowMs)
    if (peer.session.current !== undefined) outputs.push(...sendKeepalive(peer, nowMs))
    else if (peer.attempt.kind === 'idle') outputs.push(...wantHandshake(state, peer, deps, nowMs))
  }
  return outputs
}

/** An empty message on the current keys, where there are any. */
export function sendKeepalive(peer: PeerState, nowMs: Millis): DeviceOutput[] {
  onAnySent(peer.timers, nowMs)
  return peer.session.current === undefined ? [] : [{ kind: 'sendKeepalive', peer: peer.id }]
}

/** Frees the indices of keypairs that ended, and tells the data path to erase them. */
export function dropOutputs(state: DeviceState, peer: PeerState, dropped: readonly Keypair[]): DeviceOutput[] {
  for (const keypair of dropped) state.peersByIndex.delete(keypair.localIndex)
  return dropped.map((keypair) => ({ kind: 'dropKeys', peer: peer.id, localIndex: keypair.localIndex }))
}

/** A fresh random index (§5.4: it tells an observer nothing), registered for `peer`. */
export function allocateIndex(state: DeviceState, peer: PeerState, deps: DeviceDeps): number {
  for (;;) {
    const index = u32le(deps.random.bytes(4), 0)
    if (state.peersByIndex.has(index)) continue
    state.peersByIndex.set(index, peer)
    return index
  }
}

/** §6.4: again with a fresh ephemeral key, until REKEY_ATTEMPT_TIME has passed. */
function handleUnanswered(state: DeviceState, peer: PeerState, deps: DeviceDeps, nowMs: Millis): DeviceOutput[] {
  if (peer.attempt.kind === 'idle') {
    peer.timers.retransmit = OFF
    return []
  }
  if (nowMs - peer.attempt.sinceMs < REKEY_ATTEMPT_TIME_MS) return tryInitiate(state, peer, deps, nowMs)
  endAttempt(state, peer)
  peer.timers.keepalive = OFF
  return [{ kind: 'event', event: { kind: 'handshakeGaveUp', peer: peer.id } }]
}

function forgetPending(state: DeviceState, peer: PeerState): void {
  if (peer.attempt.kind !== 'waiting') return
  state.peersByIndex.delete(peer.attempt.localIndex)
  erasePending(peer.attempt.pending)
}

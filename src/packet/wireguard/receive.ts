/**
 * A handshake datagram on its way in: parse, mac1, load (mac2, cookie, rate limit), then by type. Nothing of the state
 * changes before the message is authenticated, but counters, the load meter and the rate limiter.
 */
import type { Millis } from '#base/clock.ts'
import { hexOf } from '#base/bytes.ts'
import { err, ok, unreachable, type Result } from '#base/result.ts'
import {
  createCookieReply,
  hasValidMac1,
  hasValidMac2,
  refreshCookieSecret,
  takeCookieReply,
  writeMacs,
} from './cookie.ts'
import type { DeviceState } from './device.ts'
import type { DropReason } from './errors.ts'
import { completeHandshake, createResponse, openInitiation, openTimestamp } from './handshake.ts'
import { allowSource, noteHandshake } from './load.ts'
import { emitResponse, parseHandshakeMessage, type CookieReply, type Initiation, type Response } from './messages.ts'
import { allocateIndex, dropOutputs, endAttempt, sendKeepalive, type PeerState } from './peer.ts'
import { addInitiated, addResponded } from './session.ts'
import { isLater } from './tai64n.ts'
import { onAnyReceived, onAnySent } from './timers.ts'
import type { DeviceDeps, DeviceOutput, Endpoint } from './types.ts'

type Outputs = Result<DeviceOutput[], DropReason>

export function handleDatagram(
  state: DeviceState,
  from: Endpoint,
  bytes: Uint8Array,
  queued: number,
  deps: DeviceDeps,
  nowMs: Millis,
): DeviceOutput[] {
  const parsed = parseHandshakeMessage(bytes)
  if (!parsed.ok) return dropped(state, parsed.error)
  const message = parsed.value
  if (message.kind === 'cookie') return outputsOf(state, handleCookieReply(state, message, deps, nowMs))

  if (!hasValidMac1(deps.suite, state.macKeys, bytes)) return dropped(state, 'mac1')
  if (noteHandshake(state.load, queued, nowMs)) {
    refreshCookieSecret(state.cookieSecret, deps.random, nowMs)
    if (!hasValidMac2(deps.suite, state.cookieSecret, from, bytes)) {
      const { suite, random } = deps
      const reply = createCookieReply(
        suite,
        random,
        state.macKeys,
        state.cookieSecret,
        from,
        bytes,
        message.senderIndex,
      )
      return [...dropped(state, 'cookie-sent'), { kind: 'send', to: from, bytes: reply }]
    }
    if (!allowSource(state.limiter, from, nowMs)) return dropped(state, 'rate-limited')
  }
  switch (message.kind) {
    case 'initiation':
      return outputsOf(state, handleInitiation(state, from, message, deps, nowMs))
    case 'response':
      return outputsOf(state, handleResponse(state, from, message, deps, nowMs))
    default:
      return unreachable(message)
  }
}

/** §5.4.2 and §5.4.3: answers with a response; the new keys wait for the initiator's first packet. */
function handleInitiation(
  state: DeviceState,
  from: Endpoint,
  message: Initiation,
  deps: DeviceDeps,
  nowMs: Millis,
): Outputs {
  const { suite } = deps
  const opened = openInitiation(suite, state.local, message)
  if (!opened.ok) return opened
  const peer = state.peersByKey.get(hexOf(opened.value.publicKey))
  if (peer === undefined) return err('unknown-peer')
  const timed = openTimestamp(suite, peer.remote, opened.value, message)
  if (!timed.ok) return timed
  // §5.1: an initiation that was recorded and sent again must not end a session.
  if (!isLater(timed.value.tai64n, peer.greatestTai64n)) return err('timestamp-replayed')
  if (nowMs - peer.lastInitiationReceivedMs < INITIATION_INTERVAL_MS) return err('initiation-flood')

  const ephemeral = suite.dhKeyPair(deps.random.bytes(32))
  const localIndex = allocateIndex(state, peer, deps)
  const response = createResponse(suite, peer.remote, timed.value.opened, message, ephemeral, localIndex)
  if (!response.ok) {
    state.peersByIndex.delete(localIndex)
    return response
  }
  peer.greatestTai64n = timed.value.tai64n
  peer.lastInitiationReceivedMs = nowMs
  onAnyReceived(peer.timers, nowMs)
  const outputs = moveEndpoint(peer, from)

  const bytes = emitResponse(response.value.message)
  writeMacs(suite, peer.macKeys, peer.jar, bytes, nowMs)
  onAnySent(peer.timers, nowMs)
  const replaced = addResponded(peer.session, { localIndex, role: 'responder', createdMs: nowMs })
  outputs.push(...dropOutputs(state, peer, replaced))
  outputs.push({
    kind: 'installKeys',
    peer: peer.id,
    keys: { localIndex, remoteIndex: message.senderIndex, ...response.value.keys, slot: 'next' },
  })
  outputs.push({ kind: 'send', to: from, bytes })
  return ok(outputs)
}

/** §5.4.3: the keys are confirmed on both sides; an empty message tells the responder so. */
function handleResponse(
  state: DeviceState,
  from: Endpoint,
  message: Response,
  deps: DeviceDeps,
  nowMs: Millis,
): Outputs {
  const peer = state.peersByIndex.get(message.receiverIndex)
  if (peer === undefined) return err('unknown-index')
  const { attempt } = peer
  if (attempt.kind !== 'waiting' || attempt.localIndex !== message.receiverIndex) return err('no-handshake')
  const completed = completeHandshake(deps.suite, state.local, peer.remote, attempt.pending, message)
  if (!completed.ok) return completed

  const { localIndex } = attempt
  endAttempt(state, peer)
  state.peersByIndex.set(localIndex, peer)
  peer.lateRekeyTried = false
  onAnyReceived(peer.timers, nowMs)
  const outputs = moveEndpoint(peer, from)
  const replaced = addInitiated(peer.session, { localIndex, role: 'initiator', createdMs: nowMs })
  outputs.push(...dropOutputs(state, peer, replaced))
  outputs.push({
    kind: 'installKeys',
    peer: peer.id,
    keys: { localIndex, remoteIndex: message.senderIndex, ...completed.value, slot: 'current' },
  })
  outputs.push(...sendKeepalive(peer, nowMs))
  outputs.push({ kind: 'event', event: { kind: 'handshakeComplete', peer: peer.id, role: 'initiator' } })
  return ok(outputs)
}

/** §5.4.7: kept for the next initiation; nothing is sent again before the retransmission timer. */
function handleCookieReply(state: DeviceState, message: CookieReply, deps: DeviceDeps, nowMs: Millis): Outputs {
  const peer = state.peersByIndex.get(message.receiverIndex)
  if (peer === undefined) return err('unknown-index')
  if (peer.jar.lastMac1 === undefined) return err('no-handshake')
  return takeCookieReply(deps.suite, peer.macKeys, peer.jar, message, nowMs) ? ok([]) : err('cookie-decrypt')
}

/** §2.1: a peer is where its last authenticated message came from. */
function moveEndpoint(peer: PeerState, from: Endpoint): DeviceOutput[] {
  if (peer.endpoint?.address === from.address && peer.endpoint.port === from.port) return []
  peer.endpoint = { address: from.address, port: from.port }
  return [{ kind: 'setEndpoint', peer: peer.id, endpoint: peer.endpoint }]
}

function outputsOf(state: DeviceState, outputs: Outputs): DeviceOutput[] {
  return outputs.ok ? outputs.value : dropped(state, outputs.error)
}

function dropped(state: DeviceState, reason: DropReason): DeviceOutput[] {
  state.drops[reason]++
  return []
}

/** At most fifty initiations a second of one peer: an honest one sends one in five seconds. */
const INITIATION_INTERVAL_MS = 20

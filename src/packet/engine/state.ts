/**
 * The state of one engine and the commands that change it. Tables by peer id, nothing that grows with traffic; the walk
 * of a packet is in `inbound.ts` (UDP to TUN) and `outbound.ts` (TUN to UDP).
 */
import { GATEWAY_4, GATEWAY_6, INNER_PREFIX_4, INNER_PREFIX_6 } from '#base/addressing.ts'
import { parseIp, parsePrefix, type Prefix } from '#base/ip.ts'
import { emitSockaddr, parseSockaddr, SOCKADDR_BYTES } from '../link/sockaddr.ts'
import { createPacketView, type PacketView } from '../wire/packet.ts'
import { type AllowedIps, createAllowedIps, insertAllowedIp, removeAllowedIps } from '../wireguard/allowed-ips.ts'
import { type AnswerBudget, createAnswerBudget } from './answers.ts'
import { countDrop, ROW_WORDS, WORD } from './counters.ts'
import { DROP } from './drops.ts'
import { clearFlows, createFlowTable, type FlowTable } from './flows.ts'
import { createKeyTable, dropAllKeys, type KeyTable } from './keys.ts'
import { MIN_PEER_MTU } from './mtu.ts'
import { ADDRESS_ROWS, type BatchOperations } from './operations.ts'
import {
  type Endpoint,
  type EngineEvent,
  type EngineOptions,
  MAX_PEERS,
  type PeerId,
  type PeerOptions,
} from './types.ts'

export const ROLE = { none: 0, consumer: 1, exit: 2 } as const

/** What happened to a peer since the last report (`flushEvents`). */
export const ACTIVITY = { sent: 1, sentData: 2, received: 4, receivedData: 8, endpoint: 16, sentLast: 32 } as const

/** Packets that wait for keys, per peer; the oldest goes when another comes. */
const STAGED_PACKETS = 64
/** A packet older than this is worth nothing to anyone: TCP has sent it again. */
const STAGED_LIFETIME_MS = 10_000
/** `needHandshake` at most this often per peer; the protocol has its own, longer limit. */
const NEED_HANDSHAKE_INTERVAL_MS = 1_000
/** `sendTooBig` at most this often per peer: a flight of packets is refused at once, one report is enough. */
const SEND_TOO_BIG_INTERVAL_MS = 200
/** Handshake messages and gateway datagrams that may wait for the main thread. */
export const MAX_WAITING_EVENTS = 1024
const MAX_WAITING_HANDSHAKES = 768

/** Words shared with the main thread. */
export const SHARED = { handledEvents: 0, waitingCommands: 1, words: 2 } as const

export interface StagedPacket {
  readonly bytes: Uint8Array
  readonly sinceMs: number
}

export interface EngineState {
  readonly operations: BatchOperations
  readonly options: EngineOptions
  readonly counters: BigUint64Array
  readonly shared: Int32Array
  readonly keys: KeyTable
  readonly allowed: AllowedIps
  readonly flows: FlowTable
  readonly view: PacketView
  readonly gateway4: Uint8Array
  readonly gateway6: Uint8Array
  readonly inner4: Prefix
  readonly inner6: Prefix
  /** By UDP port: 1 for ports of the gateway whose datagrams go to the main thread. */
  readonly servicePorts: Uint8Array
  /** By peer: one of `ROLE`. */
  readonly role: Uint8Array
  readonly hasEndpoint: Uint8Array
  readonly staged: (StagedPacket[] | undefined)[]
  /** By peer: bytes of the largest inner packet that its path carries; at most `options.mtu`. */
  readonly mtu: Uint32Array
  readonly answers: AnswerBudget
  readonly needHandshakeMs: Float64Array
  readonly sendTooBigMs: Float64Array
  readonly activity: Uint8Array
  readonly active: Int32Array
  activeCount: number
  /** Handshake messages and gateway datagrams that we handed over, since the beginning. */
  handedEvents: number
  events: EngineEvent[]
  eventsDueMs: number
  /** Packets in `operations.own` that wait to be sealed, sent or written. */
  ownCount: number
  /** Time of the current batch. */
  nowMs: number
  stopping: boolean
}

export interface StateParts {
  readonly operations: BatchOperations
  readonly options: EngineOptions
  readonly counters: BigUint64Array
  readonly shared: Int32Array
  /** Two random words for the flow table. */
  readonly seeds: Uint32Array
  readonly nowMs: number
}

export function createState(parts: StateParts): EngineState {
  const { options, nowMs } = parts
  const servicePorts = new Uint8Array(65536)
  for (const port of [options.meterPort, ...options.servicePorts]) servicePorts[port] = 1
  return {
    ...parts,
    keys: createKeyTable(),
    allowed: createAllowedIps(),
    flows: createFlowTable(parts.seeds, nowMs),
    view: createPacketView(),
    gateway4: parseIp(options.gateway.address4) ?? parseIp(GATEWAY_4)!,
    gateway6: parseIp(options.gateway.address6) ?? parseIp(GATEWAY_6)!,
    inner4: parsePrefix(INNER_PREFIX_4)!,
    inner6: parsePrefix(INNER_PREFIX_6)!,
    servicePorts,
    role: new Uint8Array(MAX_PEERS),
    hasEndpoint: new Uint8Array(MAX_PEERS),
    staged: Array.from({ length: MAX_PEERS }, () => undefined),
    mtu: new Uint32Array(MAX_PEERS).fill(options.mtu),
    answers: createAnswerBudget(nowMs),
    needHandshakeMs: new Float64Array(MAX_PEERS).fill(-Infinity),
    sendTooBigMs: new Float64Array(MAX_PEERS).fill(-Infinity),
    activity: new Uint8Array(MAX_PEERS),
    active: new Int32Array(MAX_PEERS),
    activeCount: 0,
    handedEvents: 0,
    events: [],
    eventsDueMs: -Infinity,
    ownCount: 0,
    stopping: false,
  }
}

export function addPeer(state: EngineState, peer: PeerId, options: PeerOptions): void {
  forgetPeer(state, peer)
  // Service and allowance are the main thread's words: it may have written them already.
  const row = peer * ROW_WORDS
  state.counters.fill(0n, row, row + WORD.service)
  state.counters.fill(0n, row + WORD.drops, row + ROW_WORDS)
  state.role[peer] = options.role === 'consumer' ? ROLE.consumer : ROLE.exit
  for (const prefix of options.allowedIps) insertAllowedIp(state.allowed, prefix, peer)
  if (options.endpoint !== undefined) setEndpoint(state, peer, options.endpoint)
  state.mtu[peer] = state.options.mtu
  state.needHandshakeMs[peer] = -Infinity
  state.sendTooBigMs[peer] = -Infinity
}

/** Keys, routes, flows and waiting packets go; counters stay readable. */
export function removePeer(state: EngineState, peer: PeerId): void {
  const waiting = state.staged[peer]?.length ?? 0
  for (let packet = 0; packet < waiting; packet++) countDrop(state.counters, peer, DROP['staged-stale'])
  forgetPeer(state, peer)
}

function forgetPeer(state: EngineState, peer: PeerId): void {
  if (state.role[peer] === ROLE.exit) clearFlows(state.flows)
  dropAllKeys(state.keys, state.operations, peer)
  removeAllowedIps(state.allowed, peer)
  state.role[peer] = ROLE.none
  state.hasEndpoint[peer] = 0
  state.staged[peer] = undefined
  state.activity[peer] = 0
}

export function setEndpoint(state: EngineState, peer: PeerId, endpoint: Endpoint): void {
  const { addresses, socketFamily } = state.operations
  const at = (ADDRESS_ROWS.peers + peer) * SOCKADDR_BYTES
  state.hasEndpoint[peer] = emitSockaddr(addresses, at, endpoint.address, endpoint.port, socketFamily) ? 1 : 0
}

export function setPeerMtu(state: EngineState, peer: PeerId, mtu: number): void {
  state.mtu[peer] = Math.min(state.options.mtu, Math.max(MIN_PEER_MTU, mtu))
}

/** Keeps a copy of a packet until there are keys, and asks for a handshake. */
export function stagePacket(state: EngineState, peer: PeerId, offset: number, length: number, bytes: Uint8Array): void {
  const queue = (state.staged[peer] ??= [])
  if (queue.length >= STAGED_PACKETS) {
    queue.shift()
    countDrop(state.counters, peer, DROP['staged-full'])
  }
  queue.push({ bytes: bytes.slice(offset, offset + length), sinceMs: state.nowMs })
  needHandshake(state, peer, 'no-keys')
}

/** The packets that waited and are still worth sending; the queue is empty afterwards. */
export function takeStaged(state: EngineState, peer: PeerId): readonly StagedPacket[] {
  const queue = state.staged[peer]
  if (queue === undefined) return []
  state.staged[peer] = undefined
  const fresh = queue.filter((packet) => state.nowMs - packet.sinceMs <= STAGED_LIFETIME_MS)
  for (let packet = fresh.length; packet < queue.length; packet++) {
    countDrop(state.counters, peer, DROP['staged-stale'])
  }
  return fresh
}

export function needHandshake(
  state: EngineState,
  peer: PeerId,
  reason: Extract<EngineEvent, { kind: 'needHandshake' }>['reason'],
): void {
  if (state.nowMs - state.needHandshakeMs[peer] < NEED_HANDSHAKE_INTERVAL_MS) return
  state.needHandshakeMs[peer] = state.nowMs
  state.events.push({ kind: 'needHandshake', peer, reason })
}

export function reportSendTooBig(state: EngineState, peer: PeerId, innerBytes: number): void {
  if (state.nowMs - state.sendTooBigMs[peer] < SEND_TOO_BIG_INTERVAL_MS) return
  state.sendTooBigMs[peer] = state.nowMs
  state.events.push({ kind: 'sendTooBig', peer, innerBytes })
}

/** Notes what happened, for the timers of the protocol (paper §6); reported by `flushEvents`. */
export function noteActivity(state: EngineState, peer: PeerId, bits: number): void {
  if (state.activity[peer] === 0) state.active[state.activeCount++] = peer
  const before = state.activity[peer]
  if ((bits & (ACTIVITY.sent | ACTIVITY.sentData)) !== 0) state.activity[peer] = before | bits | ACTIVITY.sentLast
  else if ((bits & (ACTIVITY.received | ACTIVITY.receivedData)) !== 0) {
    state.activity[peer] = (before | bits) & ~ACTIVITY.sentLast
  } else state.activity[peer] = before | bits
}

/**
 * Whether one more event may wait for the main thread. Handshake messages are anybody's: they get three quarters of the
 * room, so that a flood of them leaves room for the datagrams of peers (vouchers), which are authentic.
 */
export function mayHandOver(state: EngineState, isAuthentic: boolean): boolean {
  const waiting = (state.handedEvents - Atomics.load(state.shared, SHARED.handledEvents)) | 0
  if (waiting >= (isAuthentic ? MAX_WAITING_EVENTS : MAX_WAITING_HANDSHAKES)) return false
  state.handedEvents = (state.handedEvents + 1) | 0
  return true
}

/**
 * The events since the last call. Activity comes at most once an `intervalMs` (in the order in which it ended: what
 * arms a timer and what disarms it must not change places); everything else at once.
 */
export function flushEvents(state: EngineState, intervalMs: number): readonly EngineEvent[] {
  if (state.activeCount > 0 && state.nowMs >= state.eventsDueMs) {
    state.eventsDueMs = state.nowMs + intervalMs
    for (let index = 0; index < state.activeCount; index++) reportActivity(state, state.active[index])
    state.activeCount = 0
  }
  if (state.events.length === 0) return state.events
  const events = state.events
  state.events = []
  return events
}

function reportActivity(state: EngineState, peer: PeerId): void {
  const bits = state.activity[peer]
  state.activity[peer] = 0
  const sent = { kind: 'sent', peer, data: (bits & ACTIVITY.sentData) !== 0 } as const
  const received = { kind: 'received', peer, data: (bits & ACTIVITY.receivedData) !== 0 } as const
  const hasSent = (bits & ACTIVITY.sent) !== 0
  const hasReceived = (bits & ACTIVITY.received) !== 0
  if (hasSent && (bits & ACTIVITY.sentLast) === 0) state.events.push(sent)
  if (hasReceived) state.events.push(received)
  if (hasSent && (bits & ACTIVITY.sentLast) !== 0) state.events.push(sent)
  if ((bits & ACTIVITY.endpoint) !== 0) {
    const at = (ADDRESS_ROWS.peers + peer) * SOCKADDR_BYTES
    state.events.push({ kind: 'endpointChanged', peer, endpoint: parseSockaddr(state.operations.addresses, at) })
  }
}

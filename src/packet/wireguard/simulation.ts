/**
 * Complete peers in memory, for tests: the device, the plain data path of `transport.ts`, virtual time, seeded chance,
 * and a network that loses, doubles, delays and reorders. Three minutes of protocol take some milliseconds.
 */
import type { Millis } from '#base/clock.ts'
import { setU16be, setU32be, u32be, u32le } from '#base/bytes.ts'
import { unreachable } from '#base/result.ts'
import type { Random } from '#base/random.ts'
import { nodeSuite } from '#crypto/suite.ts'
import { MESSAGE_DATA } from './constants.ts'
import { createDevice, nextDeadline, publicKeyOf, step, type DeviceState } from './device.ts'
import { DATA } from './messages.ts'
import { closeTransport, openData, openTransport, sealData, type DataDrop, type Transport } from './transport.ts'
import type { DeviceConfig, DeviceDeps, DeviceEvent, DeviceInput, DeviceOutput, Endpoint, PeerId } from './types.ts'

export interface NetworkOptions {
  /** Each between 0 and 1. */
  readonly loss: number
  readonly duplicate: number
  readonly delayMs: Millis
  /** Up to this much more delay for each datagram, so that they overtake each other. */
  readonly jitterMs: Millis
}

export interface Datagram {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly bytes: Uint8Array
  readonly sentMs: Millis
}

export interface World {
  nowMs: Millis
  network: NetworkOptions
  /** Where true, the datagram never arrives; it is recorded all the same. */
  cut: (datagram: Datagram) => boolean
  readonly random: Random
  readonly nodes: SimulatedNode[]
  readonly sent: Datagram[]
  readonly flying: { readonly datagram: Datagram; readonly arrivesMs: Millis }[]
}

export interface SimulatedNode {
  readonly world: World
  readonly device: DeviceState
  readonly deps: DeviceDeps
  /** Added to the two clocks: a jump. */
  readonly offsets: { wallOffsetMs: Millis; monotonicOffsetMs: Millis }
  endpoint: Endpoint
  readonly endpoints: Map<PeerId, Endpoint>
  readonly transports: Map<number, { readonly peer: PeerId; readonly transport: Transport; confirmed: boolean }>
  readonly sending: Map<PeerId, Transport>
  readonly staged: Map<PeerId, Uint8Array[]>
  /** Every transport that was ever closed, to see that its keys are gone. */
  readonly closed: Transport[]
  /** Sequence numbers of the inner packets that arrived, in order. */
  readonly delivered: number[]
  readonly events: { readonly atMs: Millis; readonly event: DeviceEvent }[]
  readonly dataDrops: Partial<Record<DataDrop, number>>
}

export const PERFECT: NetworkOptions = { loss: 0, duplicate: 0, delayMs: 10, jitterMs: 0 }
const WALL_START_MS = 1_800_000_000_000
const STAGED_MAX = 128
const INNER_MTU = 1420

export function createWorld(seed: number, network: NetworkOptions = PERFECT): World {
  return { nowMs: 1_000, network, cut: () => false, random: seededRandom(seed), nodes: [], sent: [], flying: [] }
}

export function createNode(world: World, address: string, config: Partial<DeviceConfig> = {}): SimulatedNode {
  const offsets = { wallOffsetMs: 0, monotonicOffsetMs: 0 }
  const deps: DeviceDeps = {
    suite: nodeSuite,
    random: world.random,
    clock: {
      wallMs: () => WALL_START_MS + world.nowMs + offsets.wallOffsetMs,
      monotonicMs: () => world.nowMs + offsets.monotonicOffsetMs,
    },
  }
  const node: SimulatedNode = {
    world,
    device: createDevice({ privateKey: world.random.bytes(32), ...config }, deps),
    deps,
    offsets,
    endpoint: { address, port: 51820 },
    endpoints: new Map(),
    transports: new Map(),
    sending: new Map(),
    staged: new Map(),
    closed: [],
    delivered: [],
    events: [],
    dataDrops: {},
  }
  world.nodes.push(node)
  return node
}

/** Makes two nodes peers of each other; peer id 0 on both sides unless given. Only `left` knows where the other is. */
export function connect(
  left: SimulatedNode,
  right: SimulatedNode,
  options: {
    readonly leftPsk?: Uint8Array
    readonly rightPsk?: Uint8Array
    readonly keepaliveSeconds?: number
    readonly bothKnow?: boolean
    readonly rightPeer?: PeerId
  } = {},
): void {
  const { leftPsk, rightPsk, keepaliveSeconds = 0, bothKnow = false, rightPeer = 0 } = options
  give(left, {
    kind: 'addPeer',
    peer: 0,
    config: {
      publicKey: publicKeyOf(right.device),
      endpoint: right.endpoint,
      persistentKeepaliveSeconds: keepaliveSeconds,
      ...(leftPsk === undefined ? {} : { presharedKey: leftPsk }),
    },
  })
  left.endpoints.set(0, right.endpoint)
  give(right, {
    kind: 'addPeer',
    peer: rightPeer,
    config: {
      publicKey: publicKeyOf(left.device),
      ...(bothKnow ? { endpoint: left.endpoint } : {}),
      ...(rightPsk === undefined ? {} : { presharedKey: rightPsk }),
    },
  })
  if (bothKnow) right.endpoints.set(rightPeer, left.endpoint)
}

/** Sends an inner packet that carries `sequence`, or keeps it until there are keys. */
export function sendInner(node: SimulatedNode, sequence: number, peer: PeerId = 0, size = 60): void {
  transmit(node, peer, innerPacket(sequence, size))
}

/** Lets time pass until `untilMs`: datagrams arrive, timers fire. */
export function runUntil(world: World, untilMs: Millis): void {
  for (;;) {
    const arrival = world.flying.reduce((least, flight) => Math.min(least, flight.arrivesMs), Infinity)
    const timer = world.nodes.reduce(
      (least, node) => Math.min(least, nextDeadline(node.device) - node.offsets.monotonicOffsetMs),
      Infinity,
    )
    const next = Math.min(arrival, timer)
    if (next > untilMs) break
    world.nowMs = Math.max(world.nowMs, next)
    if (arrival <= timer) deliverOne(world, arrival)
    else for (const node of world.nodes) give(node, { kind: 'tick' })
  }
  world.nowMs = untilMs
}

export function runFor(world: World, forMs: Millis): void {
  runUntil(world, world.nowMs + forMs)
}

/** Gives the device an input and performs what comes out. */
export function give(node: SimulatedNode, input: DeviceInput): void {
  for (const output of step(node.device, input, node.deps)) perform(node, output)
}

/** A datagram that anyone may have sent. */
export function inject(node: SimulatedNode, from: Endpoint, bytes: Uint8Array): void {
  receive(node, { from, to: node.endpoint, bytes, sentMs: node.world.nowMs })
}

export function eventsOf(node: SimulatedNode, kind: DeviceEvent['kind']): readonly Millis[] {
  return node.events.filter(({ event }) => event.kind === kind).map(({ atMs }) => atMs)
}

/** Deterministic (xorshift128): for tests only. */
export function seededRandom(seed: number): Random {
  const state = Uint32Array.of(seed, 0x9e3779b9, 0x243f6a88, 0xb7e15162)
  const next = () => {
    let t = state[3]
    t ^= t << 11
    t ^= t >>> 8
    state.copyWithin(1, 0, 3)
    state[0] = t ^ state[0] ^ (state[0] >>> 19)
    return state[0]
  }
  for (let round = 0; round < 16; round++) next()
  return { bytes: (length) => Uint8Array.from({ length }, () => next() >>> 24) }
}

function perform(node: SimulatedNode, output: DeviceOutput): void {
  switch (output.kind) {
    case 'send': {
      launch(node, output.to, output.bytes)
      return
    }
    case 'installKeys': {
      const transport = openTransport(output.keys)
      const current = output.keys.slot === 'current'
      node.transports.set(transport.localIndex, { peer: output.peer, transport, confirmed: current })
      if (current) startSending(node, output.peer, transport)
      return
    }
    case 'dropKeys': {
      drop(node, output.peer, output.localIndex)
      return
    }
    case 'setEndpoint':
      node.endpoints.set(output.peer, output.endpoint)
      return
    case 'sendKeepalive': {
      transmit(node, output.peer, new Uint8Array(0))
      return
    }
    case 'event':
      node.events.push({ atMs: node.world.nowMs, event: output.event })
      return
    default:
      return unreachable(output)
  }
}

function startSending(node: SimulatedNode, peer: PeerId, transport: Transport): void {
  node.sending.set(peer, transport)
  const staged = node.staged.get(peer) ?? []
  node.staged.delete(peer)
  for (const packet of staged) transmit(node, peer, packet)
}

function drop(node: SimulatedNode, peer: PeerId, localIndex: number): void {
  const transport = node.transports.get(localIndex)!.transport
  closeTransport(transport)
  node.closed.push(transport)
  node.transports.delete(localIndex)
  if (node.sending.get(peer) === transport) node.sending.delete(peer)
}

function transmit(node: SimulatedNode, peer: PeerId, packet: Uint8Array): void {
  const transport = node.sending.get(peer)
  const to = node.endpoints.get(peer)
  if (transport === undefined || to === undefined) {
    const staged = node.staged.get(peer) ?? []
    node.staged.set(peer, [...staged, packet].slice(-STAGED_MAX))
    give(node, { kind: 'needHandshake', peer, reason: 'no-keys' })
    return
  }
  launch(node, to, sealData(nodeSuite, transport, packet, INNER_MTU)!)
  give(node, { kind: 'sent', peer, data: packet.length > 0 })
}

function launch(node: SimulatedNode, to: Endpoint, bytes: Uint8Array): void {
  const { world } = node
  const datagram: Datagram = { from: node.endpoint, to, bytes, sentMs: world.nowMs }
  world.sent.push(datagram)
  if (world.cut(datagram)) return
  const copies = chance(world, world.network.duplicate) ? 2 : 1
  for (let copy = 0; copy < copies; copy++) {
    if (chance(world, world.network.loss)) continue
    const arrivesMs = world.nowMs + world.network.delayMs + fraction(world) * world.network.jitterMs
    world.flying.push({ datagram, arrivesMs })
  }
}

function deliverOne(world: World, arrival: Millis): void {
  const [{ datagram }] = world.flying.splice(
    world.flying.findIndex((flight) => flight.arrivesMs === arrival),
    1,
  )
  const { to } = datagram
  const node = world.nodes.find(({ endpoint }) => endpoint.address === to.address && endpoint.port === to.port)
  if (node !== undefined) receive(node, datagram)
}

function receive(node: SimulatedNode, { from, bytes }: Datagram): void {
  if (bytes[0] !== MESSAGE_DATA) {
    give(node, { kind: 'datagram', from, bytes })
    return
  }
  const found = bytes.length < DATA.payload ? undefined : node.transports.get(u32le(bytes, DATA.receiver))
  if (found === undefined) {
    count(node, 'data-index')
    return
  }
  const { peer, transport } = found
  const opened = openData(nodeSuite, transport, bytes)
  if (!opened.ok) {
    count(node, opened.error)
    return
  }
  const known = node.endpoints.get(peer)
  if (known?.address !== from.address || known.port !== from.port) {
    node.endpoints.set(peer, from)
    give(node, { kind: 'endpointChanged', peer, endpoint: from })
  }
  if (!found.confirmed) {
    found.confirmed = true
    give(node, { kind: 'nextConfirmed', peer, localIndex: transport.localIndex })
    startSending(node, peer, transport)
  }
  if (opened.value.length > 0) node.delivered.push(u32be(opened.value, SEQUENCE))
  give(node, { kind: 'received', peer, data: opened.value.length > 0 })
}

function count(node: SimulatedNode, reason: DataDrop): void {
  node.dataDrops[reason] = (node.dataDrops[reason] ?? 0) + 1
}

function innerPacket(sequence: number, size: number): Uint8Array {
  const packet = new Uint8Array(size)
  packet[0] = 0x45
  setU16be(packet, 2, size)
  setU32be(packet, SEQUENCE, sequence)
  return packet
}

function chance(world: World, probability: number): boolean {
  return probability > 0 && fraction(world) < probability
}

function fraction(world: World): number {
  return u32be(world.random.bytes(4), 0) / 2 ** 32
}

/** Where the sequence number stands in an inner packet: after the IPv4 header. */
const SEQUENCE = 20

/** What others may send us: floods, replays, forgeries, junk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { setU32le } from '#base/bytes.ts'
import { nodeSuite } from '#crypto/suite.ts'
import { macKeysOf, writeMacs } from './cookie.ts'
import { publicKeyOf } from './device.ts'
import type { DropReason } from './errors.ts'
import { createInitiation, localStaticOf, remoteStaticOf } from './handshake.ts'
import { allowSource, createLoadMeter, createRateLimiter, noteHandshake } from './load.ts'
import { emitInitiation } from './messages.ts'
import {
  connect,
  createNode,
  createWorld,
  eventsOf,
  give,
  inject,
  runFor,
  sendInner,
  type SimulatedNode,
  type World,
} from './simulation.ts'
import { tai64nOf } from './tai64n.ts'
import type { Endpoint } from './types.ts'

const STRANGER: Endpoint = { address: '203.0.113.9', port: 9 }

test('a recorded initiation is refused when it comes again, from wherever', () => {
  const { world, left, right } = session(1)
  const recorded = world.sent.find(({ bytes }) => bytes[0] === 1)!.bytes
  const before = snapshot(right)
  runFor(world, 1_000)
  for (let round = 0; round < 3; round++) inject(right, STRANGER, recorded)
  assert.equal(right.device.drops['timestamp-replayed'], 3)
  assert.equal(snapshot(right), before)
  // Also after the next handshake, when an older one is replayed.
  runFor(world, 10_000)
  give(left, { kind: 'initiate', peer: 0 })
  runFor(world, 1_000)
  inject(right, STRANGER, recorded)
  assert.equal(right.device.drops['timestamp-replayed'], 4)
  sendInner(left, 7)
  runFor(world, 100)
  assert.equal(right.delivered.at(-1), 7)
})

test('a recorded response, cookie or data message changes nothing either', () => {
  const { world, left, right } = session(2)
  runFor(world, 1_000)
  const before = [snapshot(left), snapshot(right)]
  for (const { bytes } of [...world.sent]) {
    if (bytes[0] === 1) continue
    inject(left, STRANGER, bytes)
    inject(right, STRANGER, bytes)
  }
  assert.deepEqual([snapshot(left), snapshot(right)], before)
})

test('a response counts for the initiation that it names, not for another index of the same peer', () => {
  const { world, left, right } = session(9)
  runFor(world, 10_000)
  world.cut = ({ bytes }) => bytes[0] === 2
  give(left, { kind: 'initiate', peer: 0 })
  runFor(world, 100)
  const response = world.sent.findLast(({ bytes }) => bytes[0] === 2)!.bytes
  const elsewhere = Uint8Array.from(response)
  setU32le(elsewhere, 8, [...left.transports.keys()][0])
  inject(left, right.endpoint, withMacs(left, elsewhere.fill(0, 60)))
  assert.equal(left.device.drops['no-handshake'], 1)
  assert.equal(left.transports.size, 1)
  inject(left, right.endpoint, response)
  assert.equal(left.transports.size, 2)
})

test('no random datagram, and no real one with a changed byte, changes a session or throws', () => {
  const { world, left, right } = session(3)
  const real = world.sent.map(({ bytes }) => bytes)
  runFor(world, 1_000)
  const nodes = [left, right]
  const before = nodes.map(snapshot)
  const junk = fc.uint8Array({ maxLength: 180 }).map((bytes) => {
    if (bytes.length > 3) bytes.set([1 + (bytes[0] % 4), 0, 0, 0])
    return bytes
  })
  const sized = fc
    .tuple(
      fc.constantFrom([1, 148], [2, 92], [3, 64], [4, 32], [4, 96]),
      fc.uint8Array({ minLength: 148, maxLength: 148 }),
    )
    .map(([[type, length], bytes]) => Uint8Array.from([type, 0, 0, 0, ...bytes.subarray(4, length)]))
  const altered = fc
    .tuple(fc.nat(real.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([which, at, mask]) => {
      const bytes = Uint8Array.from(real[which])
      // mac2 is not looked at without load: all else is.
      const covered = bytes[0] < 3 ? bytes.length - 16 : bytes.length
      bytes[at % covered] ^= mask
      return bytes
    })
  fc.assert(
    fc.property(fc.oneof(junk, sized, altered), (bytes) => {
      for (const node of nodes) inject(node, STRANGER, bytes)
      assert.deepEqual(nodes.map(snapshot), before)
    }),
    { numRuns: 400 },
  )
  sendInner(left, 5)
  sendInner(right, 6)
  runFor(world, 100)
  assert.deepEqual([right.delivered.at(-1), left.delivered.at(-1)], [5, 6])
})

test('each kind of bad message is counted under its own reason', () => {
  const { world, left, right } = session(4)
  const expectDrop = (reason: DropReason, bytes: Uint8Array) => {
    const before = right.device.drops[reason]
    inject(right, STRANGER, bytes)
    assert.equal(right.device.drops[reason], before + 1, reason)
  }
  expectDrop('message-type', Uint8Array.of(9, 0, 0, 0))
  expectDrop('message-length', Uint8Array.of(1, 0, 0, 0))
  expectDrop('mac1', Object.assign(new Uint8Array(148), { 0: 1 }))
  expectDrop('unknown-peer', initiationOf(world, right, {}))
  expectDrop('low-order-key', initiationOf(world, right, { change: (bytes) => bytes.fill(0, 8, 40) }))
  expectDrop('static-decrypt', initiationOf(world, right, { change: (bytes) => (bytes[50] ^= 1) }))
  expectDrop('timestamp-decrypt', initiationOf(world, right, { from: left, change: (bytes) => (bytes[90] ^= 1) }))
  const response = Object.assign(new Uint8Array(92), { 0: 2 })
  expectDrop('unknown-index', withMacs(right, response))
  const cookie = Object.assign(new Uint8Array(64), { 0: 3 })
  expectDrop('unknown-index', cookie)
})

test('initiations of one peer closer than 20 ms are dropped', () => {
  const { world, left, right } = session(5)
  for (let count = 0; count < 5; count++) {
    left.offsets.wallOffsetMs += 1_000
    inject(right, STRANGER, initiationOf(world, right, { from: left }))
  }
  assert.equal(right.device.drops['initiation-flood'], 4)
})

test('under load a peer gets a cookie, comes back with it at its next try, and is served', () => {
  const world = createWorld(6)
  const right = createNode(world, '192.0.2.2', { underLoadHandshakesPerSecond: 20 })
  const left = createNode(world, '192.0.2.1')
  connect(left, right)
  const strangers = Array.from({ length: 30 }, () => initiationOf(world, right, {}))
  const flood = () => {
    for (const [count, bytes] of strangers.entries()) inject(right, { address: `203.0.113.${count}`, port: 1 }, bytes)
  }
  flood()
  sendInner(left, 1)
  for (let tenth = 0; tenth < 80; tenth++) {
    if (tenth % 5 === 0) flood()
    runFor(world, 100)
  }
  assert.ok(right.device.drops['cookie-sent'] > 100)
  assert.deepEqual(right.delivered, [1])
  assert.equal(eventsOf(left, 'handshakeStarted').length, 2, 'one to get the cookie, one with it')
  // §5.3: a cookie reply is smaller than what it answers, and there is one for each message at most.
  const replies = world.sent.filter(({ bytes }) => bytes[0] === 3)
  assert.ok(replies.every(({ bytes }) => bytes.length === 64))
  assert.ok(replies.length <= right.device.drops['cookie-sent'])
})

test('a cookie is worth nothing from another address, and not for long', () => {
  const world = createWorld(7)
  const right = createNode(world, '192.0.2.2', { underLoadHandshakesPerSecond: 0 })
  const left = createNode(world, '192.0.2.1')
  connect(left, right)
  give(left, { kind: 'initiate', peer: 0 })
  runFor(world, 100)
  assert.equal(right.device.drops['cookie-sent'], 1)
  const { jar } = left.device.peers.get(0)!
  assert.ok(jar.cookie !== undefined)

  const withCookie = () => initiationOf(world, right, { from: left, jar })
  left.offsets.wallOffsetMs += 1_000
  inject(right, STRANGER, withCookie())
  assert.equal(right.device.drops['cookie-sent'], 2, 'another address')
  inject(right, { ...left.endpoint, port: 1 }, withCookie())
  assert.equal(right.device.drops['cookie-sent'], 3, 'another port')
  inject(right, left.endpoint, withCookie())
  assert.equal(right.device.drops['cookie-sent'], 3)
  assert.equal(right.transports.size, 1)

  const late = withCookie()
  runFor(world, 121_000)
  inject(right, left.endpoint, late)
  assert.equal(right.device.drops['cookie-sent'], 4, 'the secret has changed')
  assert.ok(
    withCookie()
      .subarray(-16)
      .every((byte) => byte === 0),
    'a sender does not use an old cookie',
  )
})

test('a cookie reply that was not made for our last message is refused', () => {
  const world = createWorld(8)
  const right = createNode(world, '192.0.2.2', { underLoadHandshakesPerSecond: 0 })
  const left = createNode(world, '192.0.2.1')
  connect(left, right)
  give(left, { kind: 'initiate', peer: 0 })
  world.cut = ({ bytes }) => bytes[0] === 3
  runFor(world, 100)
  const reply = Uint8Array.from(world.sent.find(({ bytes }) => bytes[0] === 3)!.bytes)
  const forged = Uint8Array.from(reply)
  forged[40] ^= 1
  inject(left, right.endpoint, forged)
  assert.equal(left.device.drops['cookie-decrypt'], 1)
  inject(left, right.endpoint, reply)
  assert.ok(left.device.peers.get(0)!.jar.cookie !== undefined)
  inject(left, right.endpoint, reply)
  assert.equal(left.device.drops['no-handshake'], 1, 'the same reply again')
})

test('under load one source gets twenty handshakes a second, five at once; others are not affected', () => {
  const limiter = createRateLimiter()
  const passed = (address: string, times: number, nowMs: number) =>
    Array.from({ length: times }, () => allowSource(limiter, { address, port: 1 }, nowMs)).filter(Boolean).length
  assert.equal(passed('192.0.2.1', 10, 0), 5)
  assert.equal(passed('192.0.2.2', 10, 0), 5, 'IPv4 by address')
  assert.equal(passed('192.0.2.1', 10, 100), 2)
  assert.equal(passed('192.0.2.1', 100, 10_000), 5)
  assert.equal(passed('2001:db8::1', 10, 0), 5)
  assert.equal(passed('2001:db8::ffff:2', 10, 0), 0, 'IPv6 by /64')
  assert.equal(passed('2001:db8:0:1::1', 10, 0), 5)
  assert.equal(passed('::ffff:192.0.2.77', 10, 0), 5, 'IPv4 in IPv6 is IPv4')
  assert.equal(passed('::ffff:192.0.2.78', 10, 0), 5)
  for (let host = 0; host < 20_000; host++)
    allowSource(limiter, { address: `10.${host >> 8}.${host & 255}.1`, port: 1 }, 0)
  assert.ok(limiter.buckets.size <= 8192, 'bounded')
})

test('load is many handshakes in a second or a long queue, and ends a second later', () => {
  const meter = createLoadMeter(10, 0)
  const calm = Array.from({ length: 10 }, () => noteHandshake(meter, 0, 0))
  assert.ok(calm.every((loaded) => !loaded))
  assert.ok(noteHandshake(meter, 0, 0))
  assert.ok(noteHandshake(meter, 0, 999))
  assert.ok(!noteHandshake(meter, 0, 2_100))
  assert.ok(noteHandshake(meter, 32, 2_200))
  assert.ok(noteHandshake(meter, 0, 3_100))
  assert.ok(!noteHandshake(meter, 0, 4_300))
})

/** Two peers with a session and a few packets in both directions. */
function session(seed: number) {
  const world = createWorld(seed)
  const [left, right] = [createNode(world, '192.0.2.1'), createNode(world, '192.0.2.2')]
  connect(left, right)
  for (let sequence = 0; sequence < 5; sequence++) {
    sendInner(left, sequence)
    runFor(world, 100)
    sendInner(right, sequence)
    runFor(world, 100)
  }
  return { world, left, right }
}

/** A well-formed initiation for `to`: of a stranger, or of `from`; `change` is made before the macs are written. */
function initiationOf(
  world: World,
  to: SimulatedNode,
  options: {
    readonly from?: SimulatedNode
    readonly change?: (bytes: Uint8Array) => void
    readonly jar?: Parameters<typeof writeMacs>[2]
  },
): Uint8Array {
  const local = options.from?.device.local ?? localStaticOf(nodeSuite, world.random.bytes(32))
  const remote = remoteStaticOf(nodeSuite, local, publicKeyOf(to.device), new Uint8Array(32))!
  const ephemeral = nodeSuite.dhKeyPair(world.random.bytes(32))
  const wallMs = (options.from ?? to).deps.clock.wallMs() + 1_000
  const { message } = createInitiation(nodeSuite, local, remote, ephemeral, 77, tai64nOf(wallMs))
  const bytes = emitInitiation(message)
  options.change?.(bytes)
  return withMacs(to, bytes, options.jar)
}

function withMacs(
  to: SimulatedNode,
  bytes: Uint8Array,
  jar: Parameters<typeof writeMacs>[2] = { lastMac1: undefined, cookie: undefined },
): Uint8Array {
  writeMacs(nodeSuite, macKeysOf(nodeSuite, publicKeyOf(to.device)), jar, bytes, to.world.nowMs)
  return bytes
}

/** Everything of a node that a stranger must not change, as text. */
function snapshot(node: SimulatedNode): string {
  const peers = [...node.device.peers.values()].map((peer) => ({
    endpoint: peer.endpoint,
    session: peer.session,
    timers: Object.entries(peer.timers).map(([name, value]) => `${name} ${String(value)}`),
    attempt: peer.attempt.kind,
    jar: peer.jar.cookie,
    greatest: Array.from(peer.greatestTai64n),
    received: String(peer.lastInitiationReceivedMs),
  }))
  const transports = [...node.transports].map(([index, { transport, confirmed }]) => [
    index,
    confirmed,
    transport.sendCounter.toString(),
    Array.from(transport.receiveKey),
    Array.from(transport.replay.subarray(0, 40)),
  ])
  const indices = [...node.device.peersByIndex.keys()]
  const sending = [...node.sending].map(([peer, transport]) => [peer, transport.localIndex])
  return JSON.stringify({
    peers,
    transports,
    indices,
    sending,
    endpoints: [...node.endpoints],
    delivered: node.delivered,
  })
}

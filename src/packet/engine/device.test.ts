import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { utf8 } from '#base/bytes.ts'
import { parsePrefix } from '#base/ip.ts'
import { SILENT_LOG } from '#base/log.ts'
import { systemClock, systemRandom } from '#crypto/system.ts'
import { MemoryNetwork, MemoryTun } from '../link/memory.ts'
import { openTunnelDevice } from './device.ts'
import type { TunnelDevice, TunnelDeviceEvent } from './device-types.ts'
import { type MemoryEngine, openMemoryEngine } from './memory-engine.ts'
import { innerMtu } from './mtu.ts'
import type { EngineOptions } from './types.ts'

const OPTIONS: EngineOptions = {
  tunName: 'memory',
  mtu: 1420,
  listenPort: 0,
  fwmark: 0,
  gateway: { address4: '198.18.0.1', address6: '2001:2::1' },
  meterPort: 5391,
  servicePorts: [53],
}

interface Side {
  readonly device: TunnelDevice
  readonly engine: MemoryEngine
  readonly events: TunnelDeviceEvent[]
  readonly stamps: Uint8Array[]
}

async function open(
  context: TestContext,
  network: MemoryNetwork,
  address: string,
  lastTai64n?: Uint8Array,
  pathMtu?: () => Promise<number>,
): Promise<Side> {
  const udp = network.open(address, 51820)
  let engine: MemoryEngine | undefined
  const stamps: Uint8Array[] = []
  const device = await openTunnelDevice({
    openEngine: (options) => {
      engine = openMemoryEngine(options, { udp, tun: new MemoryTun(), monotonicMs: () => systemClock.monotonicMs() })
      return Promise.resolve(engine)
    },
    engineOptions: OPTIONS,
    privateKey: Uint8Array.from(randomBytes(32)),
    clock: systemClock,
    random: systemRandom,
    log: SILENT_LOG,
    onTai64n: (stamp) => void stamps.push(Uint8Array.from(stamp)),
    ...(lastTai64n === undefined ? {} : { lastTai64n }),
    ...(pathMtu === undefined ? {} : { pathMtu }),
  })
  context.after(() => device.close())
  const events: TunnelDeviceEvent[] = []
  device.on((event) => void events.push(event))
  return { device, engine: engine!, events, stamps }
}

/** Both engines take turns, and the devices' timers run, until nothing moves for a moment. */
async function settle(...sides: Side[]): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet++) {
    while (sides.some(({ engine }) => engine.pump() > 0 || engine.udp.queue.length > 0)) quiet = 0
    await delay(2)
  }
}

async function connected(
  context: TestContext,
  presharedKeys: readonly [Uint8Array, Uint8Array] | [] = [],
  pathMtu?: () => Promise<number>,
) {
  const network = new MemoryNetwork()
  const consumer = await open(context, network, '192.0.2.1', undefined, pathMtu)
  const exit = await open(context, network, '192.0.2.2')
  const [here, there] = presharedKeys
  const toExit = consumer.device.addPeer({
    publicKey: exit.device.publicKey,
    role: 'exit',
    allowedIps: [parsePrefix('0.0.0.0/0')!],
    endpoint: { address: '192.0.2.2', port: 51820 },
    ...(here === undefined ? {} : { presharedKey: here }),
  })
  const toConsumer = exit.device.addPeer({
    publicKey: consumer.device.publicKey,
    role: 'consumer',
    allowedIps: [parsePrefix('198.18.5.5')!],
    ...(there === undefined ? {} : { presharedKey: there }),
  })
  consumer.device.initiate(toExit)
  await settle(consumer, exit)
  return { network, consumer, exit, toExit, toConsumer }
}

const handshakes = (side: Side) => side.events.filter((event) => event.kind === 'handshake')

test('two devices shake hands, exchange gateway datagrams and know about each other', async (context) => {
  const { consumer, exit, toExit, toConsumer } = await connected(context)
  assert.deepEqual(handshakes(consumer), [{ kind: 'handshake', peer: toExit, initiator: true }])
  assert.deepEqual(handshakes(exit), [{ kind: 'handshake', peer: toConsumer, initiator: false }])
  assert.equal(consumer.stamps.length, 1)
  assert.deepEqual(exit.device.peerStatus(toConsumer).endpoint, { address: '192.0.2.1', port: 51820 })
  assert.ok(Date.now() - exit.device.peerStatus(toConsumer).lastHandshakeMs! < 5000)
  const got: string[] = []
  const stop = exit.device.onGatewayDatagram((peer, { payload, peerPort }) => {
    got.push(`${peer} ${peerPort} ${new TextDecoder().decode(payload)}`)
  })
  const datagram = {
    family: 4,
    gatewayPort: 5391,
    peerPort: 700,
    peerAddress: '198.18.5.5',
    payload: utf8('voucher'),
  } as const
  consumer.device.sendGatewayDatagram(toExit, datagram)
  await settle(consumer, exit)
  stop()
  consumer.device.sendGatewayDatagram(toExit, datagram)
  await settle(consumer, exit)
  assert.deepEqual(got, [`${toConsumer} 700 voucher`])
  assert.equal(exit.device.counters(toConsumer).meterReceivedBytes, 70n)
})

test('a consumer that moves is followed, and both sides say so', async (context) => {
  const { network, consumer, exit, toExit, toConsumer } = await connected(context)
  network.move(consumer.engine.udp, '192.0.2.99', 4000)
  consumer.engine.sendKeepalive(toExit)
  await settle(consumer, exit)
  assert.deepEqual(exit.device.peerStatus(toConsumer).endpoint, { address: '192.0.2.99', port: 4000 })
  assert.ok(exit.events.some((event) => event.kind === 'endpointChanged' && event.endpoint.port === 4000))
})

test('another preshared key: no handshake; the same: one', async (context) => {
  const psk = Uint8Array.from(randomBytes(32))
  const wrong = await connected(context, [psk, Uint8Array.from(randomBytes(32))])
  assert.deepEqual(handshakes(wrong.consumer), [])
  const right = await connected(context, [psk, psk])
  assert.equal(handshakes(right.consumer).length, 1)
})

test('a path that gets narrow: a refused send, a reading of the path, and large packets are answered', async (context) => {
  const paths = { mtu: 1500 }
  const { network, consumer, exit, toExit } = await connected(context, [], () => Promise.resolve(paths.mtu))
  assert.equal(consumer.device.peerStatus(toExit).mtu, 1420)
  paths.mtu = 1400
  network.pathMtu = 1400 - 28
  const packet = new Uint8Array(1400)
  packet.set([0x45, 0, 1400 >> 8, 1400 & 0xff, 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 18, 5, 5, 203, 0, 113, 9])
  consumer.engine.tunLink.outgoing.push(packet)
  await settle(consumer, exit)
  await delay(300)
  assert.equal(consumer.device.peerStatus(toExit).mtu, 1340)
  assert.deepEqual(
    consumer.events.filter((event) => event.kind === 'peerMtu'),
    [{ kind: 'peerMtu', peer: toExit, mtu: 1340 }],
  )
  consumer.engine.tunLink.outgoing.push(packet)
  await settle(consumer, exit)
  assert.equal(consumer.engine.tunLink.incoming.length, 1)
  assert.equal(consumer.device.drops()['send-size'], 1n)
  consumer.device.setPeerMtu(toExit, 100)
  assert.equal(consumer.device.peerStatus(toExit).mtu, 492)
})

test('a removed peer is forgotten; its id is not used again at once; a key is a peer only once', async (context) => {
  const { consumer, exit, toExit, toConsumer } = await connected(context)
  exit.device.removePeer(toConsumer)
  assert.throws(() => exit.device.peerStatus(toConsumer), { code: 'peer-unknown' })
  consumer.engine.sendKeepalive(toExit)
  await settle(consumer, exit)
  assert.equal(exit.device.drops()['unknown-index'], 1n)
  const again = exit.device.addPeer({ publicKey: consumer.device.publicKey, role: 'consumer', allowedIps: [] })
  assert.notEqual(again, toConsumer)
  assert.throws(() => exit.device.addPeer({ publicKey: consumer.device.publicKey, role: 'consumer', allowedIps: [] }), {
    code: 'peer-exists',
  })
})

test('after a restart the timestamp goes on where it was, though the clock fell back', async (context) => {
  const last = new Uint8Array(12).fill(0x41)
  const network = new MemoryNetwork()
  const consumer = await open(context, network, '192.0.2.1', last)
  const endpoint = { address: '192.0.2.2', port: 51820 }
  const publicKey = (await open(context, network, '192.0.2.2')).device.publicKey
  const peer = consumer.device.addPeer({ publicKey, role: 'exit', allowedIps: [], endpoint })
  consumer.device.initiate(peer)
  assert.equal(consumer.stamps.length, 1)
  assert.ok(Buffer.compare(consumer.stamps[0], last) > 0)
})

test('the inner MTU leaves room for a data message', () => {
  assert.deepEqual([innerMtu(1500, 4), innerMtu(1500, 6), innerMtu(1492, 4)], [1440, 1420, 1432])
})

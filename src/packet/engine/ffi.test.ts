import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import koffi from 'koffi'
import { setU32le } from '#base/bytes.ts'
import { parsePrefix } from '#base/ip.ts'
import { nodeSuite } from '#crypto/suite.ts'
import { WakeEvent } from '../link/event.ts'
import { close, NativeMemory, read, write } from '../link/libc.ts'
import { MemoryNetwork, MemoryTun } from '../link/memory.ts'
import { emitSockaddr, parseSockaddr, SOCKADDR_BYTES } from '../link/sockaddr.ts'
import { openUdp, type UdpSocket } from '../link/udp.ts'
import { emitIpv4 } from '../wire/ipv4.ts'
import { emitUdp } from '../wire/udp.ts'
import { openData, openTransport, sealData } from '../wireguard/transport.ts'
import { EvpAead } from './aead.ts'
import { readCounters, readDrops } from './counters.ts'
import { FfiOperations } from './ffi-operations.ts'
import { type MemoryEngine, openMemoryEngine } from './memory-engine.ts'
import type { EngineOptions } from './types.ts'

const OPTIONS: EngineOptions = {
  tunName: 'pair',
  mtu: 1420,
  listenPort: 0,
  fwmark: 0,
  gateway: { address4: '198.18.0.1', address6: '2001:2::1' },
  meterPort: 5391,
  servicePorts: [53],
}
const AF_UNIX = 1
const SOCK_SEQPACKET_NONBLOCK = 5 | 0o4000
const socketpair = koffi.load(null).func('socketpair', 'int', ['int', 'int', 'int', 'uintptr_t']) as (
  ...values: number[]
) => number

test('the AEAD through koffi agrees with the plain transport, for all lengths and high counters', () => {
  using aead = new EvpAead()
  using memory = new NativeMemory(4096)
  for (const counter of [0n, 1n, 0xffff_ffffn, 1n << 32n, (1n << 63n) + 5n]) {
    for (const length of [0, 20, 64, 100, 1333, 1420]) {
      const key = Uint8Array.from(randomBytes(32))
      const packet = Uint8Array.from(randomBytes(length))
      if (length > 0) packet.set([0x45, 0, length >> 8, length & 0xff])
      const keys = (): Parameters<typeof openTransport>[0] => ({
        localIndex: 7,
        remoteIndex: 7,
        sendKey: Uint8Array.from(key),
        receiveKey: Uint8Array.from(key),
        slot: 'current',
      })
      const transport = openTransport(keys())
      transport.sendCounter = counter
      const reference = sealData(nodeSuite, transport, packet, 1420)!
      const [low, high] = [Number(counter & 0xffff_ffffn), Number(counter >> 32n)]
      const padded = reference.length - 32
      memory.bytes.fill(0)
      memory.bytes.set(packet, 16)
      const sealing = aead.createSealing(key)
      assert.ok(aead.seal(sealing, low, high, memory.address + 16, padded))
      assert.deepEqual(memory.bytes.slice(16, 32 + padded), reference.slice(16))
      // The other way round: what koffi sealed, the plain transport opens.
      const datagram = memory.bytes.slice(0, 32 + padded)
      datagram[0] = 4
      setU32le(datagram, 4, 7)
      setU32le(datagram, 8, low)
      setU32le(datagram, 12, high)
      const opened = openData(nodeSuite, openTransport(keys()), datagram)
      assert.ok(opened.ok)
      assert.deepEqual(opened.value, packet)
      const opening = aead.createOpening(key)
      const bits = [0, padded + 15]
      for (const bit of bits) {
        memory.bytes.set(reference)
        memory.bytes[16 + bit] ^= 0x40
        assert.equal(aead.open(opening, low, high, memory.address + 16, padded + 16), false)
      }
      memory.bytes.set(reference)
      assert.equal(aead.open(opening, low ^ 1, high, memory.address + 16, padded + 16), false)
      memory.bytes.set(reference)
      assert.ok(aead.open(opening, low, high, memory.address + 16, padded + 16))
      assert.deepEqual(memory.bytes.slice(16, 16 + length), packet)
      aead.free(sealing)
      aead.free(opening)
    }
  }
  assert.throws(() => aead.createSealing(new Uint8Array(31)), { code: 'aead-key' })
})

test('a dual-stack socket: addresses of both families survive the kernel structure', () => {
  using socket = openUdp({ port: 0, mark: 0 })
  assert.ok(socket.port > 0)
  assert.throws(() => openUdp({ port: socket.port, mark: 0 }), { code: 'udp-port' })
  const row = new Uint8Array(SOCKADDR_BYTES)
  for (const address of ['192.0.2.7', '2001:db8::7', '::1']) {
    assert.ok(emitSockaddr(row, 0, address, 51820, 6))
    assert.deepEqual(parseSockaddr(row, 0), { address, port: 51820 })
  }
  assert.ok(emitSockaddr(row, 0, '192.0.2.7', 9, 4))
  assert.deepEqual(parseSockaddr(row, 0), { address: '192.0.2.7', port: 9 })
  assert.equal(emitSockaddr(row, 0, '2001:db8::7', 9, 4), false)
  assert.equal(emitSockaddr(row, 0, 'not an address', 9, 6), false)
})

test('an eventfd wakes a wait, and only once', () => {
  using end = openEnd()
  assert.equal(end.operations.wait(0), 0)
  end.wake.wake()
  assert.equal(end.operations.wait(1000), 4)
  assert.equal(end.operations.wait(0), 0)
})

test('same bytes in, same bytes and counters out: the ffi set and the memory set', () => {
  const packets = Array.from({ length: 200 }, (_, index) => packetOf(index))
  const memory = memoryPair()
  const ffi = ffiPair()
  try {
    const results = [memory, ffi].map((pair) => {
      const [toExit, toConsumer] = [carry(pair, pair.consumer, pair.exit, packets), packets.map(answerOf)]
      const back = carry(pair, pair.exit, pair.consumer, toConsumer)
      const { sentBytes, receivedBytes, billableReceivedBytes } = readCounters(pair.consumer.engine.counters, 0)
      const exit = readCounters(pair.exit.engine.counters, 0)
      const dropped = Object.values(readDrops(pair.exit.engine.counters)).reduce((sum, count) => sum + count, 0n)
      return { toExit, back, sentBytes, receivedBytes, billableReceivedBytes, exit, dropped }
    })
    assert.deepEqual(results[1], results[0])
    assert.deepEqual(results[1].toExit, packets)
    assert.equal(results[1].exit.receivedBytes, results[1].sentBytes)
    assert.equal(results[1].dropped, 0n)
  } finally {
    ffi.close()
  }
})

interface End {
  readonly engine: MemoryEngine
  readonly inject: (packet: Uint8Array) => void
  readonly collect: () => Uint8Array[]
}

interface TestPair {
  readonly consumer: End
  readonly exit: End
  readonly close: () => void
}

/** One engine end over real descriptors: a UDP socket, and a socket pair in place of the TUN. */
function openEnd() {
  const stack = new DisposableStack()
  const udp = stack.use(openUdp({ port: 0, mark: 0 }))
  const wake = stack.use(new WakeEvent())
  const memory = stack.use(new NativeMemory(4096))
  assert.equal(socketpair(AF_UNIX, SOCK_SEQPACKET_NONBLOCK, 0, memory.address), 0)
  const [tunFd, hostFd] = [memory.view.getInt32(0, true), memory.view.getInt32(4, true)]
  stack.defer(() => [tunFd, hostFd].map((fd) => close(fd)))
  const operations = stack.use(
    new FfiOperations({ tunFd, udpFd: udp.fd, udpFamily: udp.family, wakeFd: wake.fd, mtu: OPTIONS.mtu }),
  )
  const inject = (packet: Uint8Array): void => {
    memory.bytes.set(packet)
    assert.equal(write(hostFd, memory.address, packet.length), packet.length)
  }
  const collect = (): Uint8Array[] => {
    const packets: Uint8Array[] = []
    for (;;) {
      const length = read(hostFd, memory.address, 4096)
      if (length <= 0) return packets
      packets.push(memory.bytes.slice(0, length))
    }
  }
  return { udp, wake, operations, inject, collect, [Symbol.dispose]: () => stack.dispose() }
}

function ffiPair(): TestPair {
  const [first, second] = [openEnd(), openEnd()]
  // `wait` would block where nothing comes: a test looks at all descriptors without waiting, commands included.
  for (const { operations } of [first, second]) {
    const wait = operations.wait.bind(operations)
    operations.wait = () => wait(2) | 4
  }
  const engine = (end: typeof first): MemoryEngine =>
    openMemoryEngine(OPTIONS, {
      udp: new MemoryNetwork().open('127.0.0.1', end.udp.port),
      tun: new MemoryTun(),
      monotonicMs: () => 1000,
      operations: end.operations,
    })
  const pair = connect(
    { ...first, engine: engine(first) },
    { ...second, engine: engine(second) },
    first.udp,
    second.udp,
  )
  return {
    ...pair,
    close: () => {
      first[Symbol.dispose]()
      second[Symbol.dispose]()
    },
  }
}

function memoryPair(): TestPair {
  const network = new MemoryNetwork()
  const end = (port: number): End => {
    const tun = new MemoryTun()
    const engine = openMemoryEngine(OPTIONS, { udp: network.open('127.0.0.1', port), tun, monotonicMs: () => 1000 })
    return { engine, inject: (packet) => void tun.outgoing.push(packet), collect: () => tun.incoming.splice(0) }
  }
  return connect(end(1), end(2), { port: 1 }, { port: 2 })
}

function connect(consumer: End, exit: End, here: Pick<UdpSocket, 'port'>, there: Pick<UdpSocket, 'port'>): TestPair {
  const [up, down] = [randomBytes(32), randomBytes(32)]
  consumer.engine.addPeer(0, {
    role: 'exit',
    allowedIps: [parsePrefix('0.0.0.0/0')!],
    endpoint: { address: '127.0.0.1', port: there.port },
  })
  exit.engine.addPeer(0, {
    role: 'consumer',
    allowedIps: [parsePrefix('198.18.5.5')!],
    endpoint: { address: '127.0.0.1', port: here.port },
  })
  exit.engine.setAllowance(0, 1n << 40n)
  consumer.engine.installKeys(0, { localIndex: 1, remoteIndex: 2, sendKey: up, receiveKey: down, slot: 'current' })
  exit.engine.installKeys(0, { localIndex: 2, remoteIndex: 1, sendKey: down, receiveKey: up, slot: 'current' })
  consumer.engine.pump()
  exit.engine.pump()
  return { consumer, exit, close: () => undefined }
}

/** In portions, so that no socket buffer overflows. */
function carry(pair: TestPair, from: End, to: End, packets: readonly Uint8Array[]): Uint8Array[] {
  const arrived: Uint8Array[] = []
  for (let at = 0; at < packets.length; at += 50) {
    for (const packet of packets.slice(at, at + 50)) from.inject(packet)
    while (pair.consumer.engine.pump() + pair.exit.engine.pump() > 0);
    arrived.push(...to.collect())
  }
  return arrived
}

function packetOf(index: number): Uint8Array {
  return udpPacket([198, 18, 5, 5], [203, 0, 113, 5], 5000 + index, 443, (index * 53) % 1392)
}

function answerOf(packet: Uint8Array, index: number): Uint8Array {
  return udpPacket([203, 0, 113, 5], [198, 18, 5, 5], 443, 5000 + index, packet.length - 28)
}

function udpPacket(
  from: number[],
  to: number[],
  sourcePort: number,
  destinationPort: number,
  size: number,
): Uint8Array {
  const bytes = new Uint8Array(28 + size).fill(size)
  const header = { source: Uint8Array.from(from), destination: Uint8Array.from(to), protocol: 17, timeToLive: 64 }
  const fragment = { identification: 0, dontFragment: true, moreFragments: false, fragmentOffset: 0 }
  emitIpv4(bytes, 0, { ...header, ...fragment }, 8 + size)
  emitUdp(bytes, 20, { sourcePort, destinationPort }, size, 12, 4)
  return bytes
}

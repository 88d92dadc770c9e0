import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { concat, equalBytes, setU16be, u16be, utf8 } from '#base/bytes.ts'
import { formatIp, parseIp, parsePrefix } from '#base/ip.ts'
import { MemoryNetwork, MemoryTun } from '../link/memory.ts'
import { checksumHolds, foldChecksum, sumPseudoHeader, sumWords } from '../wire/checksum.ts'
import { emitIcmp, ICMP_TYPE } from '../wire/icmp.ts'
import { emitIcmpv6, ICMPV6_TYPE } from '../wire/icmpv6.ts'
import { PROTOCOL } from '../wire/ipv4.ts'
import { createPacketView, readPacket } from '../wire/packet.ts'
import { emitTcp, TCP_FLAG } from '../wire/tcp.ts'
import { emitUdp } from '../wire/udp.ts'
import { readCounters, readDrops } from './counters.ts'
import type { DropReason } from './drops.ts'
import { createFlowTable, isKnownFlow, rememberFlow } from './flows.ts'
import { type MemoryEngine, openMemoryEngine } from './memory-engine.ts'
import { emitIpHeader } from './own.ts'
import type { EngineEvent, EngineOptions, GatewayDatagram, PeerId } from './types.ts'

const OPTIONS: EngineOptions = {
  tunName: 'memory',
  mtu: 1420,
  listenPort: 0,
  fwmark: 0,
  gateway: { address4: '198.18.0.1', address6: '2001:2::1' },
  meterPort: 5391,
  servicePorts: [53],
}
const CONSUMER_4 = '198.18.7.7'
const CONSUMER_6 = '2001:2::7:7'
const WEB_4 = '203.0.113.80'
const WEB_6 = '2001:db8::80'

function udp(
  from: string,
  to: string,
  ports: readonly [number, number],
  payload: Uint8Array | string = 'hello',
): Uint8Array {
  const data = typeof payload === 'string' ? utf8(payload) : payload
  const source = parseIp(from)!
  const header = source.length === 4 ? 20 : 40
  const bytes = concat(new Uint8Array(header + 8), data)
  const addresses = emitIpHeader(bytes, 0, source, parseIp(to)!, PROTOCOL.udp, 8 + data.length)
  emitUdp(bytes, header, { sourcePort: ports[0], destinationPort: ports[1] }, data.length, addresses, source.length)
  return bytes
}

function tcp(
  from: string,
  to: string,
  ports: readonly [number, number],
  flags: number,
  options: number[] = [],
): Uint8Array {
  const source = parseIp(from)!
  const header = source.length === 4 ? 20 : 40
  const bytes = new Uint8Array(header + 20 + options.length)
  const addresses = emitIpHeader(bytes, 0, source, parseIp(to)!, PROTOCOL.tcp, 20 + options.length)
  const fields = { sequence: 7, acknowledgement: 9, flags, window: 1000 }
  emitTcp(bytes, header, { sourcePort: ports[0], destinationPort: ports[1], ...fields }, addresses, source.length)
  bytes[header + 12] = ((20 + options.length) / 4) << 4
  bytes.set(options, header + 20)
  setU16be(bytes, header + 16, 0)
  const length = 20 + options.length
  const pseudo = sumPseudoHeader(bytes, addresses, source.length, PROTOCOL.tcp, length)
  setU16be(bytes, header + 16, foldChecksum(sumWords(bytes, header, length) + pseudo))
  return bytes
}

function echo(from: string, to: string, kind: 'echoRequest' | 'echoReply', id: number, size = 56): Uint8Array {
  const source = parseIp(from)!
  const v4 = source.length === 4
  const header = v4 ? 20 : 40
  const bytes = new Uint8Array(header + 8 + size).fill(0x61)
  emitIpHeader(bytes, 0, source, parseIp(to)!, v4 ? PROTOCOL.icmp : PROTOCOL.icmpv6, 8 + size)
  if (v4) emitIcmp(bytes, header, { type: ICMP_TYPE[kind], code: 0, rest: id << 16 }, size)
  else emitIcmpv6(bytes, header, { type: ICMPV6_TYPE[kind], code: 0, rest: id << 16 }, size, 8)
  return bytes
}

interface Side {
  readonly engine: MemoryEngine
  readonly events: EngineEvent[]
}

/** A consumer and an exit, back to back, with keys installed; peer 3 at the exit is the consumer, 1 the other way. */
class Rig {
  nowMs = 1_000_000
  readonly network = new MemoryNetwork()
  readonly consumer = this.open('10.0.0.1', 1111)
  readonly exit: Side
  readonly toExit: PeerId = 1
  readonly toConsumer: PeerId = 3
  #index = 100

  constructor(options: { readonly keys: boolean; readonly exitMtu?: number } = { keys: true }) {
    this.exit = this.open('10.0.0.2', 2222, options.exitMtu)
    this.consumer.engine.addPeer(this.toExit, {
      role: 'exit',
      allowedIps: [parsePrefix('0.0.0.0/0')!, parsePrefix('::/0')!],
      endpoint: { address: '10.0.0.2', port: 2222 },
    })
    this.exit.engine.addPeer(this.toConsumer, {
      role: 'consumer',
      allowedIps: [parsePrefix(CONSUMER_4)!, parsePrefix(CONSUMER_6)!],
      endpoint: { address: '10.0.0.1', port: 1111 },
    })
    this.exit.engine.setAllowance(this.toConsumer, 1n << 40n)
    if (options.keys) this.installKeys()
    this.pump()
  }

  open(address: string, port: number, mtu = OPTIONS.mtu): Side {
    const links = { udp: this.network.open(address, port), tun: new MemoryTun(), monotonicMs: () => this.nowMs }
    const engine = openMemoryEngine({ ...OPTIONS, mtu }, links)
    const events: EngineEvent[] = []
    engine.on((batch) => void events.push(...batch))
    return { engine, events }
  }

  /** Fresh keys, the consumer being the initiator. Returns its local index. */
  installKeys(): number {
    const [up, down] = [randomBytes(32), randomBytes(32)]
    const localIndex = this.#index++
    const remoteIndex = this.#index++
    this.exit.engine.installKeys(this.toConsumer, {
      localIndex: remoteIndex,
      remoteIndex: localIndex,
      sendKey: down,
      receiveKey: up,
      slot: 'next',
    })
    const keys = { localIndex, remoteIndex, sendKey: up, receiveKey: down, slot: 'current' } as const
    this.consumer.engine.installKeys(this.toExit, keys)
    this.consumer.engine.sendKeepalive(this.toExit)
    this.pump()
    return localIndex
  }

  pump(): void {
    const { consumer, exit } = this
    while (consumer.engine.pump() + exit.engine.pump() + consumer.engine.udp.queue.length > 0);
  }

  /** Packets that the exit's host sees when the consumer's host sends `packets`. */
  up(...packets: Uint8Array[]): Uint8Array[] {
    return this.#carry(this.consumer, this.exit, packets)
  }

  down(...packets: Uint8Array[]): Uint8Array[] {
    return this.#carry(this.exit, this.consumer, packets)
  }

  get consumerCounters() {
    return readCounters(this.consumer.engine.counters, this.toExit)
  }

  get exitCounters() {
    return readCounters(this.exit.engine.counters, this.toConsumer)
  }

  consumerDrops(reason: DropReason): number {
    return Number(readDrops(this.consumer.engine.counters)[reason])
  }

  exitDrops(reason: DropReason): number {
    return Number(readDrops(this.exit.engine.counters)[reason])
  }

  #carry(from: Side, to: Side, packets: readonly Uint8Array[]): Uint8Array[] {
    from.engine.tunLink.outgoing.push(...packets)
    this.pump()
    return to.engine.tunLink.incoming.splice(0)
  }
}

test('packets of both families pass both ways; both sides count the same bytes', () => {
  const rig = new Rig()
  const ups = [udp(CONSUMER_4, WEB_4, [5000, 53]), udp(CONSUMER_6, WEB_6, [5001, 443], new Uint8Array(1300))]
  assert.deepEqual(rig.up(...ups), ups)
  const downs = [
    udp(WEB_4, CONSUMER_4, [53, 5000], 'answer'),
    udp(WEB_6, CONSUMER_6, [443, 5001], new Uint8Array(1372)),
  ]
  assert.deepEqual(rig.down(...downs), downs)
  const bytes = (packets: Uint8Array[]): bigint => BigInt(packets.reduce((sum, packet) => sum + packet.length, 0))
  assert.deepEqual(
    [rig.consumerCounters.sentBytes, rig.exitCounters.receivedBytes, rig.consumerCounters.sentPackets],
    [bytes(ups), bytes(ups), 2n],
  )
  assert.deepEqual(
    [rig.exitCounters.sentBytes, rig.consumerCounters.billableReceivedBytes, rig.consumerCounters.receivedBytes],
    [bytes(downs), bytes(downs), bytes(downs)],
  )
  assert.equal(rig.consumerCounters.lostPackets, 0n)
  assert.deepEqual(
    rig.exit.events.find((event) => event.kind === 'nextConfirmed'),
    { kind: 'nextConfirmed', peer: 3, localIndex: 101 },
  )
})

test('paused: only the meter port is carried, and what is dropped is not counted as received', () => {
  const rig = new Rig()
  rig.up(udp(CONSUMER_4, WEB_4, [1, 2]))
  const before = rig.exitCounters
  rig.exit.engine.setService(rig.toConsumer, 'paused')
  assert.deepEqual(rig.up(udp(CONSUMER_4, WEB_4, [1, 2])), [])
  assert.deepEqual(rig.down(udp(WEB_4, CONSUMER_4, [2, 1])), [])
  rig.consumer.engine.sendGatewayDatagram(rig.toExit, meter('voucher'))
  rig.exit.engine.sendGatewayDatagram(rig.toConsumer, meter('challenge'))
  rig.pump()
  assert.equal(rig.exitDrops('paused'), 2)
  assert.deepEqual(
    [rig.exitCounters.receivedBytes, rig.exitCounters.sentBytes],
    [before.receivedBytes, before.sentBytes],
  )
  assert.deepEqual(payloads(rig.exit), ['voucher'])
  assert.deepEqual(payloads(rig.consumer), ['challenge'])
  rig.exit.engine.setService(rig.toConsumer, 'open')
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2])).length, 1)
})

test('the allowance is exact to one packet, over both directions', () => {
  const rig = new Rig()
  const packet = udp(CONSUMER_4, WEB_4, [1, 2], new Uint8Array(72)) // 100 bytes
  const answer = udp(WEB_4, CONSUMER_4, [2, 1], new Uint8Array(72))
  rig.exit.engine.setAllowance(rig.toConsumer, 499n)
  assert.equal(rig.up(packet, packet).length, 2)
  assert.equal(rig.down(answer, answer, answer).length, 2)
  assert.equal(rig.up(packet).length, 0)
  assert.equal(rig.exitDrops('over-allowance'), 2)
  rig.exit.engine.setAllowance(rig.toConsumer, 500n)
  assert.equal(rig.down(answer, answer).length, 1)
  assert.equal(rig.exitCounters.sentBytes + rig.exitCounters.receivedBytes, 500n)
  const fresh = new Rig()
  fresh.exit.engine.setAllowance(fresh.toConsumer, 0n)
  assert.equal(fresh.up(packet).length, 0)
})

test('meter datagrams are counted in meter* only, on both sides, and are refused from the TUN', () => {
  const rig = new Rig()
  rig.exit.engine.sendGatewayDatagram(rig.toConsumer, meter('challenge', 6))
  rig.consumer.engine.sendGatewayDatagram(rig.toExit, meter('voucher', 6))
  rig.pump()
  assert.deepEqual(rig.exit.events.at(-1)?.kind === 'gatewayDatagram' || payloads(rig.exit), ['voucher'])
  assert.deepEqual(payloads(rig.consumer), ['challenge'])
  const [exit, consumer] = [rig.exitCounters, rig.consumerCounters]
  assert.equal(exit.meterSentBytes, 48n + 9n)
  assert.deepEqual(
    [exit.meterSentBytes, exit.meterReceivedBytes],
    [consumer.meterReceivedBytes, consumer.meterSentBytes],
  )
  assert.deepEqual([exit.sentBytes, exit.receivedBytes, consumer.sentBytes, consumer.receivedBytes], [0n, 0n, 0n, 0n])
  rig.up(udp(CONSUMER_4, '198.18.0.1', [9, 5391], 'forged by a local program'))
  rig.down(udp('198.18.0.1', CONSUMER_4, [5391, 9], 'forged on the exit'))
  assert.deepEqual([rig.consumerDrops('gateway-source'), rig.exitDrops('gateway-source')], [1, 1])
  assert.deepEqual([payloads(rig.exit).length, payloads(rig.consumer).length], [1, 1])
})

test('unsolicited packets are dropped and never billed; answers, errors and fragments of opened flows pass', () => {
  const rig = new Rig()
  rig.up(
    udp(CONSUMER_4, WEB_4, [5000, 443]),
    echo(CONSUMER_4, WEB_4, 'echoRequest', 77),
    echo(CONSUMER_6, WEB_6, 'echoRequest', 78),
  )
  const unsolicited = [
    udp(WEB_4, CONSUMER_4, [443, 5001]), // another port
    udp('203.0.113.81', CONSUMER_4, [443, 5000]), // another host
    tcp(WEB_4, CONSUMER_4, [443, 5000], TCP_FLAG.syn), // another protocol
    echo(WEB_4, CONSUMER_4, 'echoRequest', 77), // asks instead of answering
    echo(WEB_4, CONSUMER_4, 'echoReply', 76), // another id
    portUnreachable(WEB_4, CONSUMER_4, udp(CONSUMER_4, WEB_4, [5002, 443])),
    fragment(udp(WEB_4, CONSUMER_4, [443, 5000], new Uint8Array(64)), 9, 64),
  ]
  assert.deepEqual(rig.down(...unsolicited), [])
  assert.equal(rig.consumerDrops('unsolicited'), unsolicited.length)
  assert.equal(rig.consumerCounters.billableReceivedBytes, 0n)
  const answers = [
    udp(WEB_4, CONSUMER_4, [443, 5000]),
    echo(WEB_4, CONSUMER_4, 'echoReply', 77),
    echo(WEB_6, CONSUMER_6, 'echoReply', 78),
    portUnreachable('192.0.2.9', CONSUMER_4, udp(CONSUMER_4, WEB_4, [5000, 443])),
    fragment(udp(WEB_4, CONSUMER_4, [443, 5000], new Uint8Array(64)), 9, 0),
    fragment(udp(WEB_4, CONSUMER_4, [443, 5000], new Uint8Array(64)), 9, 64),
  ]
  assert.deepEqual(rig.down(...answers), answers)
  assert.equal(rig.consumerCounters.billableReceivedPackets, 6n)
  // A later fragment has no ports and opens nothing.
  rig.up(fragment(udp(CONSUMER_4, '203.0.113.90', [5, 6], new Uint8Array(64)), 9, 64))
  assert.deepEqual(rig.down(udp('203.0.113.90', CONSUMER_4, [0, 0])), [])
  rig.nowMs += 301_000
  rig.installKeys()
  assert.deepEqual(rig.down(udp(WEB_4, CONSUMER_4, [443, 5000])), [])
})

test('the flow table stays bounded and keeps the newest', () => {
  const table = createFlowTable(Uint32Array.of(1, 2), 0)
  const words = table.entries.length
  const view = createPacketView()
  const packet = udp(CONSUMER_4, WEB_4, [0, 443])
  const answer = udp(WEB_4, CONSUMER_4, [443, 0])
  // Twice what the table holds: 2 x 65,536 flows.
  for (let flow = 0; flow < 131_072; flow++) {
    setU16be(packet, 18, flow >>> 1)
    setU16be(packet, 20, flow & 0xffff)
    assert.ok(readPacket(packet, 0, packet.length, view))
    rememberFlow(table, packet, view, flow)
    if (flow % 1000 !== 0) continue
    setU16be(answer, 14, flow >>> 1)
    setU16be(answer, 22, flow & 0xffff)
    assert.ok(readPacket(answer, 0, answer.length, view))
    assert.ok(isKnownFlow(table, answer, view, flow))
    assert.equal(isKnownFlow(table, answer, view, flow + 302_000), false)
  }
  assert.equal(table.entries.length, words)
})

test('a consumer reaches no other consumer and sends with no foreign source', () => {
  const rig = new Rig()
  assert.deepEqual(rig.up(udp(CONSUMER_4, '198.18.9.9', [1, 2]), udp(CONSUMER_6, '2001:2::9:9', [1, 2])), [])
  assert.equal(rig.exitDrops('consumer-to-consumer'), 2)
  assert.deepEqual(rig.up(udp('198.18.7.8', WEB_4, [1, 2]), udp('2001:2::7:8', WEB_6, [1, 2])), [])
  assert.equal(rig.exitDrops('source-address'), 2)
  // The address of another session is as foreign as one of nobody.
  rig.exit.engine.addPeer(4, { role: 'consumer', allowedIps: [parsePrefix('198.18.7.8')!] })
  rig.exit.engine.setAllowance(4, 1n << 40n)
  assert.deepEqual(rig.up(udp('198.18.7.8', WEB_4, [1, 2])), [])
  assert.equal(rig.exitDrops('source-address'), 3)
  assert.equal(rig.exitCounters.receivedBytes, 0n)
})

test('the gateway answers echo, refuses TCP and unknown ports, and hands service datagrams over', () => {
  const rig = new Rig()
  const view = createPacketView()
  for (const [consumer, gateway] of [
    [CONSUMER_4, '198.18.0.1'],
    [CONSUMER_6, '2001:2::1'],
  ]) {
    rig.up(
      echo(consumer, gateway, 'echoRequest', 5, 1300),
      udp(consumer, gateway, [4000, 80]),
      tcp(consumer, gateway, [4001, 22], TCP_FLAG.syn),
      udp(consumer, gateway, [4002, 53], `query ${gateway}`),
    )
    const [reply, unreachable, reset] = rig.consumer.engine.tunLink.incoming.splice(0)
    const expected = echo(gateway, consumer, 'echoReply', 5, 1300)
    assert.ok(equalBytes(reply, expected))
    assert.ok(readPacket(unreachable, 0, unreachable.length, view))
    const v4 = view.version === 4
    assert.deepEqual([unreachable[view.upper], unreachable[view.upper + 1]], v4 ? [3, 3] : [1, 4])
    const pseudo = v4 ? 0 : sumPseudoHeader(unreachable, 8, 16, PROTOCOL.icmpv6, view.upperLength)
    assert.ok(checksumHolds(unreachable, view.upper, view.upperLength, pseudo))
    assert.ok(readPacket(reset, 0, reset.length, view))
    assert.equal(reset[view.upper + 13], TCP_FLAG.rst | TCP_FLAG.ack)
    assert.equal(reset[view.upper + 11], 8) // acknowledges sequence 7 and the SYN
    assert.deepEqual([view.sourcePort, view.destinationPort], [22, 4001])
  }
  assert.deepEqual(payloads(rig.exit), ['query 198.18.0.1', 'query 2001:2::1'])
  assert.deepEqual(rig.exit.engine.tunLink.incoming, [])
  // An answer from the gateway's DNS is traffic like any: billed on both sides.
  rig.exit.engine.sendGatewayDatagram(rig.toConsumer, { ...meter('answer'), gatewayPort: 53, peerPort: 4002 })
  rig.pump()
  assert.equal(rig.consumer.engine.tunLink.incoming.length, 1)
  assert.equal(rig.exitCounters.sentBytes, rig.consumerCounters.billableReceivedBytes)
  assert.equal(rig.exitCounters.receivedBytes, rig.consumerCounters.sentBytes)
})

test('the queue of gateway datagrams is bounded', () => {
  const rig = new Rig()
  rig.exit.engine.state.handedEvents = 1024
  rig.up(udp(CONSUMER_4, '198.18.0.1', [9, 53]))
  assert.equal(rig.exitDrops('gateway-queue'), 1)
  assert.deepEqual(payloads(rig.exit), [])
})

test('a packet from a new address moves the endpoint, a forged one does not', () => {
  const rig = new Rig()
  const { network, consumer, exit } = rig
  exit.events.length = 0
  network.move(consumer.engine.udp, '10.0.0.9', 999)
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2])).length, 1)
  assert.deepEqual(
    exit.events.filter((event) => event.kind === 'endpointChanged'),
    [{ kind: 'endpointChanged', peer: 3, endpoint: { address: '10.0.0.9', port: 999 } }],
  )
  assert.equal(rig.down(udp(WEB_4, CONSUMER_4, [2, 1])).length, 1)
  const recorded: Uint8Array[] = []
  network.filter = (datagram) => (recorded.push(datagram.bytes), [datagram])
  rig.up(udp(CONSUMER_4, WEB_4, [1, 2]))
  network.open('10.6.6.6', 666).send({ address: '10.0.0.2', port: 2222 }, recorded[0])
  const damaged = Uint8Array.from(recorded[0])
  damaged[20] ^= 1
  network.open('10.6.6.7', 666).send({ address: '10.0.0.2', port: 2222 }, damaged)
  rig.pump()
  assert.deepEqual([rig.exitDrops('replay'), rig.exitDrops('authentication')], [1, 1])
  assert.equal(rig.down(udp(WEB_4, CONSUMER_4, [2, 1])).length, 1)
})

test('duplicates, reordering and loss: each packet once, loss is counted and late packets give it back', () => {
  const rig = new Rig()
  let held: readonly Parameters<typeof rig.network.filter>[0][] = []
  let count = 0
  rig.network.filter = (datagram) => {
    count++
    if (count === 2) return [] // lost
    if (count === 4) {
      held = [datagram]
      return []
    }
    if (count === 8) return [datagram, ...held] // number 4 comes late
    return [datagram, datagram]
  }
  const packets = Array.from({ length: 8 }, (_, index) => udp(CONSUMER_4, WEB_4, [1, 2], `packet ${index + 1}`))
  const arrived = rig.up(...packets)
  assert.equal(arrived.length, 7)
  assert.deepEqual(arrived.at(-1), packets[3])
  assert.equal(rig.exitCounters.lostPackets, 1n)
  assert.equal(rig.exitDrops('replay'), 5)
  assert.equal(rig.exitCounters.receivedPackets, 7n)
})

test('junk never throws and is counted by reason', () => {
  const rig = new Rig()
  const socket = rig.network.open('10.6.6.6', 6)
  const to = { address: '10.0.0.2', port: 2222 }
  const data = (index: number, length = 64): Uint8Array => {
    const bytes = new Uint8Array(length)
    bytes[0] = 4
    bytes[4] = index
    return bytes
  }
  socket.send(to, new Uint8Array(0))
  socket.send(to, new Uint8Array(31))
  socket.send(to, new Uint8Array(9000).fill(4))
  socket.send(to, new Uint8Array(64).fill(9))
  socket.send(to, data(9))
  socket.send(to, data(101, 32))
  for (let run = 0; run < 500; run++) {
    const bytes = Uint8Array.from(randomBytes((run * 37) % 2200))
    if (run % 3 === 0) bytes.set(data(101, Math.min(8, bytes.length)).subarray(0, Math.min(8, bytes.length)))
    socket.send(to, bytes)
  }
  rig.pump()
  const drops = readDrops(rig.exit.engine.counters)
  assert.ok(drops['outer-length'] >= 3n && drops['outer-type'] >= 1n && drops['unknown-index'] >= 1n)
  assert.ok(drops.authentication >= 100n)
  assert.equal(
    Object.values(drops).reduce((sum, value) => sum + value, 0n),
    506n,
  )
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2])).length, 1)
  // Authentic but rubbish inside: a packet that is no IP packet, and one that claims more than there is.
  const rubbish = [Uint8Array.of(0x45, 0, 0xff, 0xff), new Uint8Array(40).fill(0x99)]
  for (const packet of rubbish) rig.consumer.engine.tunLink.outgoing.push(packet)
  rig.pump()
  assert.equal(rig.consumerDrops('inner-malformed'), 2)
})

test('packets wait for keys, bounded, and go when they come', () => {
  const rig = new Rig({ keys: false })
  const packets = Array.from({ length: 70 }, (_, index) => udp(CONSUMER_4, WEB_4, [1, 2], `packet ${index}`))
  assert.deepEqual(rig.up(...packets), [])
  assert.deepEqual(
    rig.consumer.events.filter((event) => event.kind === 'needHandshake'),
    [{ kind: 'needHandshake', peer: 1, reason: 'no-keys' }],
  )
  assert.equal(rig.consumerDrops('staged-full'), 6)
  rig.installKeys()
  assert.deepEqual(rig.exit.engine.tunLink.incoming.splice(0), packets.slice(6))
  const stale = new Rig({ keys: false })
  stale.up(packets[0])
  stale.nowMs += 11_000
  stale.installKeys()
  assert.deepEqual([stale.exit.engine.tunLink.incoming, stale.consumerDrops('staged-stale')], [[], 1])
})

test('keys: rekey at 120 s by the initiator only, the previous key still receives, nothing after 180 s', () => {
  const rig = new Rig()
  rig.consumer.events.length = 0
  rig.nowMs += 120_000
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2])).length, 1)
  assert.equal(rig.down(udp(WEB_4, CONSUMER_4, [2, 1])).length, 1)
  const wants = (side: Side): string[] =>
    side.events.flatMap((event) => (event.kind === 'needHandshake' ? [event.reason] : []))
  assert.deepEqual([wants(rig.consumer), wants(rig.exit)], [['rekey-time'], []])
  // A packet sealed on the old keys arrives after the rekey.
  const late: Parameters<typeof rig.network.filter>[0][] = []
  rig.network.filter = (datagram) => (late.push(datagram), [])
  rig.up(udp(CONSUMER_4, WEB_4, [1, 2], 'late'))
  rig.down(udp(WEB_4, CONSUMER_4, [2, 1], 'late'))
  rig.network.filter = (datagram) => [datagram]
  rig.installKeys()
  for (const datagram of late) rig.network.send(datagram)
  rig.pump()
  assert.equal(rig.exit.engine.tunLink.incoming.splice(0).length, 1)
  assert.equal(rig.consumer.engine.tunLink.incoming.splice(0).length, 1)
  rig.nowMs += 180_000
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2])).length, 0)
  assert.equal(wants(rig.consumer).at(-1), 'no-keys')
  rig.network.send(late[0])
  rig.pump()
  assert.equal(rig.exitDrops('key-expired'), 1)
})

test('keys: rekey after 2^60 messages, none beyond 2^64 - 2^13 - 1, counters above 2^32 work', () => {
  const rig = new Rig()
  const { keys } = rig.consumer.engine.state
  const slot = keys.current[rig.toExit]
  keys.counterLow[slot] = 0xffff_ffff
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2]), udp(CONSUMER_4, WEB_4, [1, 2])).length, 2)
  assert.deepEqual([keys.counterHigh[slot], keys.counterLow[slot]], [1, 1])
  keys.counterHigh[slot] = 2 ** 28
  rig.up(udp(CONSUMER_4, WEB_4, [1, 2]))
  assert.ok(rig.consumer.events.some((event) => event.kind === 'needHandshake' && event.reason === 'rekey-messages'))
  keys.counterHigh[slot] = 0xffff_ffff
  keys.counterLow[slot] = 0xffff_dffe
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2]), udp(CONSUMER_4, WEB_4, [1, 2])).length, 1)
})

test('a removed peer carries nothing, also what was on its way, and its keys are gone', () => {
  const rig = new Rig()
  rig.up(udp(CONSUMER_4, WEB_4, [1, 2]))
  rig.consumer.engine.tunLink.outgoing.push(udp(CONSUMER_4, WEB_4, [1, 2]))
  rig.consumer.engine.pump()
  rig.exit.engine.removePeer(rig.toConsumer)
  rig.exit.engine.installKeys(rig.toConsumer, {
    localIndex: 7,
    remoteIndex: 8,
    sendKey: randomBytes(32),
    receiveKey: randomBytes(32),
    slot: 'current',
  })
  rig.exit.engine.sendKeepalive(rig.toConsumer)
  rig.exit.engine.sendGatewayDatagram(rig.toConsumer, meter('late'))
  const counters = rig.exitCounters
  rig.pump()
  assert.deepEqual(rig.exit.engine.tunLink.incoming.length, 0)
  assert.equal(rig.exitDrops('unknown-index'), 1)
  assert.deepEqual(rig.exitCounters, counters)
  assert.deepEqual(rig.down(udp(WEB_4, CONSUMER_4, [2, 1])), [])
  assert.equal(rig.exitDrops('no-route'), 1)
  assert.equal(rig.exit.engine.state.keys.slotOfIndex.size, 0)
  rig.exit.engine.addPeer(rig.toConsumer, { role: 'consumer', allowedIps: [] })
  rig.pump()
  assert.equal(rig.exitCounters.receivedBytes, 0n)
})

test('the MSS of a SYN is clamped in both directions', () => {
  // The exit's tunnel is wider: whatever is clamped, the consumer did, on its way out and in.
  const rig = new Rig({ keys: true, exitMtu: 9000 })
  const mss = [2, 4, 0x05, 0xb4]
  const [up] = rig.up(tcp(CONSUMER_4, WEB_4, [1, 2], TCP_FLAG.syn, mss))
  assert.equal(u16be(up, 42), 1380)
  const [down] = rig.down(tcp(WEB_4, CONSUMER_4, [2, 1], TCP_FLAG.syn | TCP_FLAG.ack, mss))
  assert.equal(u16be(down, 42), 1380)
  const [up6] = rig.up(tcp(CONSUMER_6, WEB_6, [1, 2], TCP_FLAG.syn, mss))
  assert.equal(u16be(up6, 62), 1360)
})

test('a packet above the MTU is answered with "too big", a refused datagram is counted and not billed', () => {
  const rig = new Rig()
  const view = createPacketView()
  for (const [from, to, size] of [
    [CONSUMER_4, WEB_4, 1393],
    [CONSUMER_6, WEB_6, 1373],
  ] as const) {
    assert.deepEqual(rig.up(udp(from, to, [1, 2], new Uint8Array(size))), [])
    const [answer] = rig.consumer.engine.tunLink.incoming.splice(0)
    assert.ok(readPacket(answer, 0, answer.length, view))
    assert.deepEqual([answer[view.upper], answer[view.upper + 1]], view.version === 4 ? [3, 4] : [2, 0])
    assert.equal(u16be(answer, view.upper + 6), 1420)
  }
  assert.equal(rig.consumerDrops('oversize'), 2)
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2], new Uint8Array(1392))).length, 1)
  const before = rig.consumerCounters
  rig.network.pathMtu = 1200
  assert.deepEqual(rig.up(udp(CONSUMER_4, WEB_4, [1, 2], new Uint8Array(1300))), [])
  assert.equal(rig.consumerDrops('send-size'), 1)
  assert.deepEqual(
    [rig.consumerCounters.sentBytes, rig.consumerCounters.sentPackets],
    [before.sentBytes, before.sentPackets],
  )
  rig.exit.engine.tunLink.up = false
  rig.up(udp(CONSUMER_4, WEB_4, [1, 2]))
  assert.equal(rig.exitDrops('tun-refused'), 1)
})

test('a peer on a narrower path: "too big" with its MTU, fragments where allowed, MSS clamped to it both ways', () => {
  const rig = new Rig({ keys: true, exitMtu: 9000 })
  const { consumer, exit } = rig
  consumer.engine.setPeerMtu(rig.toExit, 1340)
  const view = createPacketView()
  for (const [from, to, size] of [
    [CONSUMER_4, WEB_4, 1341 - 28],
    [CONSUMER_6, WEB_6, 1341 - 48],
  ] as const) {
    assert.equal(rig.up(udp(from, to, [1, 2], new Uint8Array(size - 1))).length, 1)
    assert.deepEqual(rig.up(udp(from, to, [1, 2], new Uint8Array(size))), [])
    const [answer] = consumer.engine.tunLink.incoming.splice(0)
    assert.ok(readPacket(answer, 0, answer.length, view))
    assert.deepEqual([answer[view.upper], answer[view.upper + 1]], view.version === 4 ? [3, 4] : [2, 0])
    assert.equal(u16be(answer, view.upper + 6), 1340)
    assert.equal(formatIp(answer.subarray(view.source, view.source + view.addressBytes)), gatewayOf(view.version))
  }
  const mss = [2, 4, 0x05, 0xb4]
  assert.equal(u16be(rig.up(tcp(CONSUMER_4, WEB_4, [1, 2], TCP_FLAG.syn, mss))[0], 42), 1300)
  assert.equal(u16be(rig.down(tcp(WEB_4, CONSUMER_4, [2, 1], TCP_FLAG.syn | TCP_FLAG.ack, mss))[0], 42), 1300)
  const whole = dontCare(udp(CONSUMER_4, WEB_4, [1, 2], Uint8Array.from(randomBytes(1392))))
  const pieces = rig.up(whole)
  assert.deepEqual(
    pieces.map((piece) => [piece.length, u16be(piece, 6)]),
    [
      [20 + 1320, 0x2000],
      [20 + 80, 1320 / 8],
    ],
  )
  assert.ok(pieces.every((piece) => checksumHolds(piece, 0, 20)))
  assert.deepEqual(concat(...pieces.map((piece) => piece.subarray(20))), whole.subarray(20))
  assert.equal(rig.consumerCounters.sentBytes, rig.exitCounters.receivedBytes)
  assert.equal(rig.consumerCounters.lostPackets, 0n)
  // Each piece is padded to at most the peer's MTU, so that the message is never larger than the path.
  consumer.engine.setPeerMtu(rig.toExit, 1333)
  rig.network.pathMtu = 1333 + 32
  assert.equal(rig.up(udp(CONSUMER_4, WEB_4, [1, 2], new Uint8Array(1333 - 28))).length, 1)
  assert.equal(exit.engine.state.mtu[rig.toConsumer], 9000)
})

test('the exit tells a server from the address of the session, which its rules and NAT let pass', () => {
  const rig = new Rig()
  rig.exit.engine.setPeerMtu(rig.toConsumer, 1340)
  const view = createPacketView()
  for (const [from, to] of [
    [WEB_4, CONSUMER_4],
    [WEB_6, CONSUMER_6],
  ] as const) {
    assert.deepEqual(rig.down(udp(from, to, [1, 2], new Uint8Array(1350))), [])
    const [answer] = rig.exit.engine.tunLink.incoming.splice(0)
    assert.ok(readPacket(answer, 0, answer.length, view))
    const address = (at: number): string => formatIp(answer.subarray(at, at + view.addressBytes))
    assert.deepEqual([address(view.source), address(view.destination)], [to, from])
    assert.ok(view.version === 6 || checksumHolds(answer, view.upper, view.upperLength))
  }
})

test('a path below 1280 bytes: larger IPv6 is told 1280, smaller is counted; nobody sets less than 492', () => {
  const rig = new Rig()
  rig.consumer.engine.setPeerMtu(rig.toExit, 1240)
  rig.up(udp(CONSUMER_6, WEB_6, [1, 2], new Uint8Array(1300)))
  const [answer] = rig.consumer.engine.tunLink.incoming.splice(0)
  assert.equal(u16be(answer, 46), 1280)
  rig.up(udp(CONSUMER_6, WEB_6, [1, 2], new Uint8Array(1241 - 48)))
  assert.deepEqual(rig.consumer.engine.tunLink.incoming, [])
  assert.deepEqual([rig.consumerDrops('oversize'), rig.consumerDrops('path-too-small')], [1, 1])
  assert.equal(rig.up(udp(CONSUMER_6, WEB_6, [1, 2], new Uint8Array(1240 - 48))).length, 1)
  rig.consumer.engine.setPeerMtu(rig.toExit, 68)
  rig.pump()
  assert.equal(rig.consumer.engine.state.mtu[rig.toExit], 492)
  rig.consumer.engine.setPeerMtu(rig.toExit, 9000)
  rig.pump()
  assert.equal(rig.consumer.engine.state.mtu[rig.toExit], 1420)
})

test('sends that the kernel refuses as too big are reported once each 200 ms, with the peer and the size', () => {
  const rig = new Rig()
  rig.network.pathMtu = 1400
  const big = udp(CONSUMER_4, WEB_4, [1, 2], new Uint8Array(1392))
  const reports = (): EngineEvent[] => rig.consumer.events.filter((event) => event.kind === 'sendTooBig')
  rig.up(big, big, big)
  rig.up(big)
  assert.deepEqual(reports(), [{ kind: 'sendTooBig', peer: 1, innerBytes: 1420 }])
  rig.nowMs += 200
  rig.up(big)
  assert.equal(reports().length, 2)
  assert.equal(rig.consumerDrops('send-size'), 5)
})

test('a probe fills the MTU, is no traffic, and is not taken for a broken packet', () => {
  const rig = new Rig()
  const sizes: number[] = []
  rig.network.filter = (datagram) => (sizes.push(datagram.bytes.length), [datagram])
  const before = [rig.consumerCounters, rig.exitCounters]
  rig.consumer.engine.setPeerMtu(rig.toExit, 1280)
  rig.consumer.engine.sendProbe(rig.toExit)
  rig.pump()
  assert.deepEqual(sizes, [1420 + 32])
  assert.deepEqual([rig.consumerCounters, rig.exitCounters], before)
  assert.equal(rig.exitDrops('inner-malformed'), 0)
  assert.deepEqual(rig.exit.engine.tunLink.incoming, [])
})

test('a packet larger than the read buffer is answered with "too big", whatever its sender allows', () => {
  const rig = new Rig()
  const view = createPacketView()
  for (const packet of [
    udp(CONSUMER_4, WEB_4, [1, 2], new Uint8Array(8000)),
    dontCare(udp(CONSUMER_4, WEB_4, [1, 2], new Uint8Array(8000))),
    udp(CONSUMER_6, WEB_6, [1, 2], new Uint8Array(60_000)),
  ]) {
    assert.deepEqual(rig.up(packet), [])
    const [answer] = rig.consumer.engine.tunLink.incoming.splice(0)
    assert.ok(readPacket(answer, 0, answer.length, view))
    assert.equal(u16be(answer, view.upper + 6), 1420)
    assert.deepEqual(answer.subarray(view.upper + 8), packet.subarray(0, answer.length - view.upper - 8))
  }
  assert.deepEqual([rig.consumerDrops('oversize'), rig.consumerDrops('inner-malformed')], [3, 0])
})

test('refusals and "too big" are limited to 100 a second for each peer', () => {
  const rig = new Rig()
  const answersTo = (packet: Uint8Array): number => {
    for (let count = 0; count < 150; count++) rig.up(packet)
    return rig.consumer.engine.tunLink.incoming.splice(0).length
  }
  const closedPort = udp(CONSUMER_4, '198.18.0.1', [5000, 9])
  assert.equal(answersTo(closedPort), 100)
  assert.equal(answersTo(tcp(CONSUMER_4, '198.18.0.1', [5000, 9], TCP_FLAG.syn)), 0)
  assert.equal(rig.exitDrops('answer-rate'), 200)
  assert.equal(answersTo(udp(CONSUMER_4, WEB_4, [1, 2], new Uint8Array(1400))), 100)
  rig.nowMs += 500
  assert.equal(answersTo(closedPort), 50)
})

function gatewayOf(version: 4 | 6): string {
  return version === 4 ? OPTIONS.gateway.address4 : OPTIONS.gateway.address6
}

/** Clears "don't fragment". */
function dontCare(packet: Uint8Array): Uint8Array {
  setU16be(packet, 6, 0)
  setU16be(packet, 10, 0)
  setU16be(packet, 10, foldChecksum(sumWords(packet, 0, 20)))
  return packet
}

function meter(text: string, family: 4 | 6 = 4): GatewayDatagram {
  const peerAddress = family === 4 ? CONSUMER_4 : CONSUMER_6
  return { family, gatewayPort: 5391, peerPort: 6000, peerAddress, payload: utf8(text) }
}

function payloads(side: Side): string[] {
  return side.events.flatMap((event) =>
    event.kind === 'gatewayDatagram' ? [new TextDecoder().decode(event.datagram.payload)] : [],
  )
}

function portUnreachable(from: string, to: string, about: Uint8Array): Uint8Array {
  const quoted = about.subarray(0, 28)
  const bytes = concat(new Uint8Array(28), quoted)
  emitIpHeader(bytes, 0, parseIp(from)!, parseIp(to)!, PROTOCOL.icmp, 8 + quoted.length)
  emitIcmp(bytes, 20, { type: 3, code: 3, rest: 0 }, quoted.length)
  return bytes
}

/** Marks a packet as a fragment with an identification and offset; the first one has more to come. */
function fragment(packet: Uint8Array, identification: number, offset: number): Uint8Array {
  setU16be(packet, 4, identification)
  setU16be(packet, 6, (offset === 0 ? 0x2000 : 0) | (offset >> 3))
  setU16be(packet, 10, 0)
  setU16be(packet, 10, foldChecksum(sumWords(packet, 0, 20)))
  return packet
}

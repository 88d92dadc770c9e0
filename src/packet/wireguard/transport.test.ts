import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { setU16be, u64le } from '#base/bytes.ts'
import { nobleSuite, nodeSuite } from '#crypto/suite.ts'
import { REJECT_AFTER_MESSAGES, REKEY_AFTER_MESSAGES } from './constants.ts'
import { seededRandom } from './simulation.ts'
import {
  closeTransport,
  openData,
  openTransport,
  paddedLength,
  sealData,
  wantsRekey,
  type Transport,
} from './transport.ts'

const MTU = 1420

test('a packet of either family goes through, padded to 16 bytes but never beyond the MTU', () => {
  fc.assert(
    fc.property(fc.integer({ min: 40, max: MTU }), fc.constantFrom(4, 6), (length, family) => {
      const { left, right } = transports()
      const packet = ipPacket(family, length)
      const datagram = sealData(nodeSuite, left, packet, MTU)!
      const padded = datagram.length - 32
      assert.ok(padded >= length && padded <= MTU && padded < length + 16)
      assert.ok(padded % 16 === 0 || padded === MTU)
      assert.deepEqual(openData(nodeSuite, right, datagram), { ok: true, value: packet })
    }),
    { numRuns: 60 },
  )
  assert.equal(paddedLength(0, MTU), 0)
  assert.equal(paddedLength(1, MTU), 16)
  assert.equal(paddedLength(1419, MTU), 1420)
  assert.equal(paddedLength(9000, MTU), 9000)
})

test('a keepalive is 32 bytes and opens to nothing', () => {
  const { left, right } = transports()
  const datagram = sealData(nodeSuite, left, new Uint8Array(0), MTU)!
  assert.equal(datagram.length, 32)
  assert.deepEqual(openData(nodeSuite, right, datagram), { ok: true, value: new Uint8Array(0) })
})

test('counters go up by one, start at zero, and both suites agree on the bytes', () => {
  const { left, right } = transports()
  const twin = transports().left
  for (let counter = 0n; counter < 5n; counter++) {
    const datagram = sealData(nodeSuite, left, ipPacket(4, 100), MTU)!
    assert.equal(u64le(datagram, 8), counter)
    assert.deepEqual(sealData(nobleSuite, twin, ipPacket(4, 100), MTU), datagram)
    assert.ok(openData(nobleSuite, right, datagram).ok)
  }
})

test('nothing forged, misdirected, repeated or malformed inside opens', () => {
  const { left, right } = transports()
  const datagram = sealData(nodeSuite, left, ipPacket(4, 100), MTU)!
  for (let index = 0; index < datagram.length; index++) {
    const forged = Uint8Array.from(datagram)
    forged[index] ^= 1
    const opened = openData(nodeSuite, right, forged)
    const expected = index < 4 ? 'data-format' : index < 8 ? 'data-index' : 'data-tag'
    assert.deepEqual(opened, { ok: false, error: expected }, `byte ${index}`)
  }
  assert.ok(openData(nodeSuite, right, datagram).ok, 'forgeries did not touch the window')
  assert.deepEqual(openData(nodeSuite, right, datagram), { ok: false, error: 'data-replayed' })

  const odd = [ipPacket(4, 60), ipPacket(6, 60), ipPacket(4, 60), Uint8Array.of(0x45, 0, 0, 16), Uint8Array.of(0x55)]
  setU16be(odd[0], 2, 65) // longer than the padded 64 bytes
  setU16be(odd[1], 4, 25) // 40 + 25 > 64
  setU16be(odd[2], 2, 19) // shorter than a header
  for (const packet of odd) {
    const sealed = sealData(nodeSuite, left, packet, MTU)!
    assert.deepEqual(openData(nodeSuite, right, sealed), { ok: false, error: 'data-length' })
  }
})

test('random bytes never throw', () => {
  const { right } = transports()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, directed) => {
      if (directed && bytes.length >= 8) bytes.set([4, 0, 0, 0, 2, 0, 0, 0])
      assert.equal(openData(nodeSuite, right, bytes).ok, false)
    }),
  )
})

test('a key asks for a new one at 2^60 messages and stops before 2^64 - 2^13 - 1', () => {
  const { left } = transports()
  left.sendCounter = REKEY_AFTER_MESSAGES - 1n
  assert.ok(!wantsRekey(left))
  assert.ok(sealData(nodeSuite, left, ipPacket(4, 40), MTU) !== undefined)
  assert.ok(wantsRekey(left))
  left.sendCounter = REJECT_AFTER_MESSAGES - 1n
  assert.ok(sealData(nodeSuite, left, ipPacket(4, 40), MTU) !== undefined)
  assert.equal(sealData(nodeSuite, left, ipPacket(4, 40), MTU), undefined)
})

test('opening takes the keys over, closing overwrites them', () => {
  const keys = { sendKey: new Uint8Array(32).fill(1), receiveKey: new Uint8Array(32).fill(2) }
  const transport = openTransport({ localIndex: 1, remoteIndex: 2, ...keys, slot: 'current' })
  assert.ok([...keys.sendKey, ...keys.receiveKey].every((byte) => byte === 0))
  assert.ok(transport.sendKey.every((byte) => byte === 1))
  closeTransport(transport)
  assert.ok([...transport.sendKey, ...transport.receiveKey].every((byte) => byte === 0))
})

function transports(): { left: Transport; right: Transport } {
  const random = seededRandom(9)
  const [one, two] = [random.bytes(32), random.bytes(32)]
  const copy = (key: Uint8Array) => Uint8Array.from(key)
  return {
    left: openTransport({ localIndex: 1, remoteIndex: 2, sendKey: copy(one), receiveKey: copy(two), slot: 'current' }),
    right: openTransport({ localIndex: 2, remoteIndex: 1, sendKey: copy(two), receiveKey: copy(one), slot: 'next' }),
  }
}

function ipPacket(family: number, length: number): Uint8Array {
  const packet = Uint8Array.from({ length }, (_, index) => index)
  packet[0] = family << 4
  if (family === 4) setU16be(packet, 2, length)
  else setU16be(packet, 4, length - 40)
  return packet
}

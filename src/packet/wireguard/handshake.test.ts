import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOfHex, hexOf, u32be, u32le } from '#base/bytes.ts'
import { nobleSuite, nodeSuite } from '#crypto/suite.ts'
import { hasValidMac1, macKeysOf, writeMacs } from './cookie.ts'
import {
  completeHandshake,
  createInitiation,
  createResponse,
  erasePending,
  localStaticOf,
  openInitiation,
  openTimestamp,
  remoteStaticOf,
} from './handshake.ts'
import { emitInitiation, parseHandshakeMessage, type Initiation, type Response } from './messages.ts'
import { seededRandom } from './simulation.ts'
import { isLater, nextTai64n, NO_TAI64N, tai64nOf } from './tai64n.ts'
import { openData, openTransport } from './transport.ts'

const recorded = JSON.parse(
  readFileSync(new URL('../../../test/vectors/wireguard-go/handshake.json', import.meta.url), 'utf8'),
) as {
  ourPrivateKey: string
  theirPrivateKey: string
  presharedKey: string
  initiator: {
    ephemeralPrivateKey: string
    senderIndex: number
    tai64n: string
    initiation: string
    response: string
    sendKey: string
    receiveKey: string
    data: string
    innerLength: number
  }
  responder: { initiation: string }
}

for (const [name, suite] of [
  ['node', nodeSuite],
  ['noble', nobleSuite],
] as const) {
  test(`${name}: as initiator, the handshake recorded with wireguard-go gives the same bytes and keys`, () => {
    const { initiator } = recorded
    const { local, remote } = sides(recorded.ourPrivateKey, recorded.theirPrivateKey)
    const ephemeral = suite.dhKeyPair(bytesOfHex(initiator.ephemeralPrivateKey))
    const here = localStaticOf(suite, bytesOfHex(recorded.ourPrivateKey))
    const there = remoteStaticOf(suite, here, remote.publicKey, bytesOfHex(recorded.presharedKey))!
    assert.deepEqual(here.pair.publicKey, local.pair.publicKey)
    const { message, pending } = createInitiation(
      suite,
      here,
      there,
      ephemeral,
      initiator.senderIndex,
      bytesOfHex(initiator.tai64n),
    )
    const datagram = emitInitiation(message)
    writeMacs(suite, macKeysOf(suite, remote.publicKey), { lastMac1: undefined, cookie: undefined }, datagram, 0)
    assert.equal(hexOf(datagram), initiator.initiation)

    const completed = completeHandshake(suite, here, there, pending, responseOf(bytesOfHex(initiator.response)))
    assert.ok(completed.ok)
    assert.equal(hexOf(completed.value.sendKey), initiator.sendKey)
    assert.equal(hexOf(completed.value.receiveKey), initiator.receiveKey)
  })
}

test('the first data message of wireguard-go opens, without its padding', () => {
  const { initiator } = recorded
  const data = bytesOfHex(initiator.data)
  const transport = openTransport({
    localIndex: u32le(data, 4),
    remoteIndex: 0,
    sendKey: bytesOfHex(initiator.sendKey),
    receiveKey: bytesOfHex(initiator.receiveKey),
    slot: 'current',
  })
  const opened = openData(nodeSuite, transport, data)
  assert.ok(opened.ok)
  assert.equal(opened.value.length, initiator.innerLength)
  assert.deepEqual(openData(nodeSuite, transport, data), { ok: false, error: 'data-replayed' })
})

test('as responder, an initiation of wireguard-go opens', () => {
  const { local, remote } = sides(recorded.ourPrivateKey, recorded.theirPrivateKey)
  const datagram = bytesOfHex(recorded.responder.initiation)
  assert.ok(hasValidMac1(nodeSuite, macKeysOf(nodeSuite, local.pair.publicKey), datagram))
  assert.ok(!hasValidMac1(nodeSuite, macKeysOf(nodeSuite, remote.publicKey), datagram))
  const message = initiationOf(datagram)
  const opened = openInitiation(nodeSuite, local, message)
  assert.ok(opened.ok)
  assert.deepEqual(opened.value.publicKey, remote.publicKey)
  const timed = openTimestamp(nodeSuite, remote, opened.value, message)
  assert.ok(timed.ok)
  assert.ok(isLater(timed.value.tai64n, bytesOfHex(recorded.initiator.tai64n)))
})

test('both sides derive the same keys, crosswise; another preshared key fails at the response', () => {
  const random = seededRandom(3)
  const psk = random.bytes(32)
  const { pending, response, keys, here, thereSeen } = exchange(random, psk)
  const otherPsk = { ...thereSeen, presharedKey: random.bytes(32) }
  assert.deepEqual(completeHandshake(nodeSuite, here, otherPsk, pending, response), {
    ok: false,
    error: 'response-decrypt',
  })
  // The failed attempt did no harm to the pending handshake.
  const completed = completeHandshake(nodeSuite, here, thereSeen, pending, response)
  assert.ok(completed.ok)
  assert.deepEqual(completed.value.sendKey, keys.receiveKey)
  assert.deepEqual(completed.value.receiveKey, keys.sendKey)
  assert.notDeepEqual(keys.sendKey, keys.receiveKey)

  erasePending(pending)
  assert.ok(pending.chainingKey.every((value) => value === 0) && pending.hash.every((value) => value === 0))
})

test('every byte of an initiation and of a response is authenticated', () => {
  const random = seededRandom(4)
  const { here, there, thereSeen, hereSeen, initiation, pending, response } = exchange(random, random.bytes(32))
  const fields = ['ephemeral', 'encryptedStatic', 'encryptedTimestamp'] as const
  for (const field of fields) {
    for (let index = 0; index < initiation[field].length; index += 5) {
      const forged = { ...initiation, [field]: flipped(initiation[field], index) }
      const opened = openInitiation(nodeSuite, there, forged)
      if (!opened.ok) continue
      assert.equal(field, 'encryptedTimestamp')
      assert.deepEqual(openTimestamp(nodeSuite, hereSeen, opened.value, forged), {
        ok: false,
        error: 'timestamp-decrypt',
      })
    }
  }
  for (const field of ['ephemeral', 'encryptedNothing'] as const) {
    for (let index = 0; index < response[field].length; index += 5) {
      const forged = { ...response, [field]: flipped(response[field], index) }
      assert.equal(completeHandshake(nodeSuite, here, thereSeen, pending, forged).ok, false)
    }
  }
  const low = new Uint8Array(32)
  assert.deepEqual(openInitiation(nodeSuite, there, { ...initiation, ephemeral: low }), {
    ok: false,
    error: 'low-order-key',
  })
  assert.deepEqual(completeHandshake(nodeSuite, here, thereSeen, pending, { ...response, ephemeral: low }), {
    ok: false,
    error: 'low-order-key',
  })
  assert.equal(remoteStaticOf(nodeSuite, here, low, low), undefined)
})

test('timestamps only grow, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 4_000_000_000_000 }), { maxLength: 30 }), (clock) => {
      let last: Uint8Array = NO_TAI64N
      for (const wallMs of clock) {
        const stamp = nextTai64n(last, wallMs)
        assert.ok(isLater(stamp, last))
        assert.ok(!isLater(last, stamp))
        assert.ok(u32be(stamp, 8) < 1_000_000_000)
        last = stamp
      }
    }),
  )
  // 1970-01-01 00:00:01.999 UTC: 2^62 + 10 + 1 seconds, nanoseconds cut to a multiple of 2^24.
  assert.equal(hexOf(tai64nOf(1999)), `400000000000000b${(999_000_000 & ~0xff_ffff).toString(16).padStart(8, '0')}`)
  // The carry into the seconds.
  assert.equal(hexOf(nextTai64n(bytesOfHex('400000000000000b3b9ac9ff'), 0)), '400000000000000c00000000')
})

function sides(ourPrivateKey: string, theirPrivateKey: string) {
  const local = localStaticOf(nodeSuite, bytesOfHex(ourPrivateKey))
  const theirs = nodeSuite.dhKeyPair(bytesOfHex(theirPrivateKey))
  const remote = remoteStaticOf(nodeSuite, local, theirs.publicKey, bytesOfHex(recorded.presharedKey))!
  return { local, remote }
}

/** A whole handshake between two fresh keys. */
function exchange(random: ReturnType<typeof seededRandom>, psk: Uint8Array) {
  const suite = nodeSuite
  const here = localStaticOf(suite, random.bytes(32))
  const there = localStaticOf(suite, random.bytes(32))
  const thereSeen = remoteStaticOf(suite, here, there.pair.publicKey, psk)!
  const hereSeen = remoteStaticOf(suite, there, here.pair.publicKey, psk)!
  const ephemeral = suite.dhKeyPair(random.bytes(32))
  const { message: initiation, pending } = createInitiation(suite, here, thereSeen, ephemeral, 7, tai64nOf(1e12))
  const opened = openInitiation(suite, there, initiation)
  assert.ok(opened.ok)
  const timed = openTimestamp(suite, hereSeen, opened.value, initiation)
  assert.ok(timed.ok)
  assert.deepEqual(timed.value.tai64n, tai64nOf(1e12))
  const answer = createResponse(suite, hereSeen, timed.value.opened, initiation, suite.dhKeyPair(random.bytes(32)), 9)
  assert.ok(answer.ok)
  const { message: response, keys } = answer.value
  assert.equal(response.receiverIndex, 7)
  return { here, there, thereSeen, hereSeen, initiation, pending, response, keys }
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[index] ^= 1
  return copy
}

function initiationOf(datagram: Uint8Array): Initiation {
  const parsed = parseHandshakeMessage(datagram)
  assert.ok(parsed.ok && parsed.value.kind === 'initiation')
  return parsed.value
}

function responseOf(datagram: Uint8Array): Response {
  const parsed = parseHandshakeMessage(datagram)
  assert.ok(parsed.ok && parsed.value.kind === 'response')
  return parsed.value
}

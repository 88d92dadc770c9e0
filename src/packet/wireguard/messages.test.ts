import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  COOKIE_REPLY_BYTES,
  emitCookieReply,
  emitDataHeader,
  emitInitiation,
  emitResponse,
  INITIATION_BYTES,
  isDataMessage,
  parseHandshakeMessage,
  RESPONSE_BYTES,
} from './messages.ts'

const PLAIN = { noNullPrototype: true } as const
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const index = fc.nat(0xffff_ffff)
const initiation = fc.record(
  {
    kind: fc.constant('initiation' as const),
    senderIndex: index,
    ephemeral: bytes(32),
    encryptedStatic: bytes(48),
    encryptedTimestamp: bytes(28),
  },
  PLAIN,
)
const response = fc.record(
  {
    kind: fc.constant('response' as const),
    senderIndex: index,
    receiverIndex: index,
    ephemeral: bytes(32),
    encryptedNothing: bytes(16),
  },
  PLAIN,
)
const cookie = fc.record(
  {
    kind: fc.constant('cookie' as const),
    receiverIndex: index,
    nonce: bytes(24),
    encryptedCookie: bytes(32),
  },
  PLAIN,
)

test('what is emitted parses to the same message', () => {
  fc.assert(
    fc.property(initiation, response, cookie, (first, second, third) => {
      for (const [message, datagram, length] of [
        [first, emitInitiation(first), INITIATION_BYTES],
        [second, emitResponse(second), RESPONSE_BYTES],
        [third, emitCookieReply(third), COOKIE_REPLY_BYTES],
      ] as const) {
        assert.equal(datagram.length, length)
        assert.deepEqual(parseHandshakeMessage(datagram), { ok: true, value: message })
      }
    }),
  )
})

test('any bytes parse or give a reason, and nothing outside them is read', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        bytes(INITIATION_BYTES),
        bytes(RESPONSE_BYTES),
        bytes(COOKIE_REPLY_BYTES),
      ),
      fc.nat(5),
      (body, type) => {
        if (body.length > 3) body.set([type, 0, 0, 0])
        // The same bytes at the end of a larger buffer whose front must not be looked at, and behind which is nothing.
        const around = new Uint8Array(body.length + 64).fill(0xee)
        around.set(body, 64)
        const view = new Uint8Array(around.buffer, 64)
        const parsed = parseHandshakeMessage(view)
        assert.deepEqual(parsed, parseHandshakeMessage(body))
        const expected: Record<number, number> = { 1: INITIATION_BYTES, 2: RESPONSE_BYTES, 3: COOKIE_REPLY_BYTES }
        assert.equal(parsed.ok, body.length > 3 && expected[type] === body.length)
        assert.equal(isDataMessage(view), body.length >= 32 && type === 4)
      },
    ),
    { numRuns: 500 },
  )
})

test('reserved bytes that are not zero are refused', () => {
  const datagram = new Uint8Array(INITIATION_BYTES)
  datagram[0] = 1
  assert.ok(parseHandshakeMessage(datagram).ok)
  for (const position of [1, 2, 3]) {
    const odd = Uint8Array.from(datagram)
    odd[position] = 1
    assert.deepEqual(parseHandshakeMessage(odd), { ok: false, error: 'message-type' })
  }
})

test('the data header is as in §5.4.6', () => {
  const datagram = new Uint8Array(32)
  emitDataHeader(datagram, 0x04030201, 0x0c0b0a0908070605n)
  assert.deepEqual(Array.from(datagram.subarray(0, 16)), [4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  assert.ok(isDataMessage(datagram))
  assert.ok(!isDataMessage(datagram.subarray(0, 31)))
})

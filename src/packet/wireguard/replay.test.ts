import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { acceptCounter, REPLAY_WINDOW, REPLAY_WORDS, resetReplay, slowReplayWindow } from './replay.ts'

const LIMIT = 2n ** 64n - 2n ** 13n - 1n

test('the window and its plain twin agree on every counter', () => {
  // Steps around the edges of words, of the window, of 32-bit halves and of a jump across everything.
  const step = fc.oneof(
    fc.bigInt(-40n, 40n),
    fc.bigInt(-BigInt(REPLAY_WINDOW) - 70n, BigInt(REPLAY_WINDOW) + 70n),
    fc.constantFrom(
      1n,
      -1n,
      31n,
      32n,
      33n,
      0n,
      BigInt(REPLAY_WINDOW),
      -BigInt(REPLAY_WINDOW),
      -BigInt(REPLAY_WINDOW) - 1n,
    ),
    fc.bigInt(-(2n ** 33n), 2n ** 33n),
  )
  const start = fc.constantFrom(0n, 5n, 2n ** 31n, 2n ** 32n - 3n, 2n ** 53n - 2n, 7n * 2n ** 32n - 20n, LIMIT - 9n)
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 60 }), (from, steps) => {
      const { fast, slow } = twins()
      let counter = from
      for (const by of [0n, ...steps]) {
        const moved = counter + by
        if (moved >= 0n && moved < 2n ** 64n) counter = moved
        assert.equal(fast(counter), slow(counter), `counter ${counter}`)
      }
    }),
    { numRuns: 400 },
  )
})

test('a counter is taken once, in any order, within the window', () => {
  const { fast } = twins()
  assert.ok(fast(0n))
  assert.ok(!fast(0n))
  assert.ok(fast(BigInt(REPLAY_WINDOW)))
  assert.ok(!fast(0n), 'at the far edge, and seen')
  assert.ok(fast(1n))
  assert.ok(fast(BigInt(REPLAY_WINDOW) + 2n))
  assert.ok(!fast(1n), 'beyond the far edge')
  assert.ok(fast(3n))
})

test('the last message of a key is REJECT_AFTER_MESSAGES - 1', () => {
  const { fast } = twins()
  assert.ok(fast(LIMIT - 1n))
  assert.ok(!fast(LIMIT))
  assert.ok(!fast(2n ** 64n - 1n))
})

test('windows beside each other in one array do not touch', () => {
  const words = new Uint32Array(3 * REPLAY_WORDS).fill(0xffff_ffff)
  resetReplay(words, REPLAY_WORDS)
  for (let counter = 0; counter < 20_000; counter += 7) assert.ok(acceptCounter(words, REPLAY_WORDS, counter, 0))
  assert.ok(words.subarray(0, REPLAY_WORDS).every((word) => word === 0xffff_ffff))
  assert.ok(words.subarray(2 * REPLAY_WORDS).every((word) => word === 0xffff_ffff))
})

function twins() {
  const words = new Uint32Array(REPLAY_WORDS)
  resetReplay(words, 0)
  const fast = (counter: bigint) => acceptCounter(words, 0, Number(counter & 0xffff_ffffn), Number(counter >> 32n))
  return { fast, slow: slowReplayWindow() }
}

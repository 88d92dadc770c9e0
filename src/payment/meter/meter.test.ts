import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_PARAMETERS } from '../tariff/index.ts'
import {
  addLossMark,
  isLossTolerated,
  lostBytes,
  nextTokenMs,
  NO_LOSS,
  observeRate,
  startRate,
  takeToken,
} from './index.ts'

const parameters = DEFAULT_PARAMETERS
const WINDOW = 2n << 20n

test('loss: 3 % and 64 KiB since the reading 32 before, and in total one window more', () => {
  const sent = 10_000_000n
  const most = (sent * 3n) / 100n + 65_536n
  assert.ok(isLossTolerated(parameters, WINDOW, NO_LOSS, { downSent: sent, down: sent - most }))
  assert.ok(!isLossTolerated(parameters, WINDOW, NO_LOSS, { downSent: sent, down: sent - most - 1n }))
  // After a long clean run the good credit of the past is worth nothing: only the recent bytes count.
  const clean = [{ downSent: 10_000_000_000n, gap: 0n }]
  assert.ok(!isLossTolerated(parameters, WINDOW, clean, { downSent: 10_001_000_000n, down: 10_000_800_000n }))
  // A gap that was always there is not held against a reading, within the total.
  const lossy = [{ downSent: 100_000_000n, gap: 2_000_000n }]
  assert.ok(isLossTolerated(parameters, WINDOW, lossy, { downSent: 101_000_000n, down: 98_980_000n }))
  const beyond = [{ downSent: 100_000_000n, gap: 6_000_000n }]
  assert.ok(!isLossTolerated(parameters, WINDOW, beyond, { downSent: 101_000_000n, down: 95_000_000n }))
})

test('loss marks: the newest 32 with bytes between them', () => {
  let marks = NO_LOSS
  for (let step = 1n; step <= 100n; step++)
    marks = addLossMark(parameters, marks, { downSent: step * 100_000n, gap: step })
  assert.equal(marks.length, 32)
  assert.deepEqual(marks[0], { downSent: 6_900_000n, gap: 69n })
  assert.equal(addLossMark(parameters, marks, { downSent: 10_000_001n, gap: 1n }), marks)
})

test('lost bytes are lost packets at the mean size', () => {
  assert.equal(lostBytes(3n, 14_000n, 10n), 4_200n)
  assert.equal(lostBytes(3n, 0n, 0n), 0n)
})

test('the rate is a peak that fades within ten seconds', () => {
  let rate = startRate(0, 0n)
  rate = observeRate(rate, 50, 5_000_000n)
  assert.equal(rate.bytesPerSecond, 0n)
  rate = observeRate(rate, 1_000, 5_000_000n)
  assert.equal(rate.bytesPerSecond, 5_000_000n)
  rate = observeRate(rate, 2_000, 5_000_000n)
  assert.equal(rate.bytesPerSecond, 4_500_000n)
  assert.equal(observeRate(rate, 60_000, 5_000_000n).bytesPerSecond, 0n)
})

test('the bucket gives its burst, then four a second', () => {
  let bucket = { atMs: 0, tokens: 4 }
  for (let taken = 0; taken < 4; taken++) bucket = takeToken(bucket, 0, 4, 4)!
  assert.equal(takeToken(bucket, 249, 4, 4), undefined)
  assert.equal(nextTokenMs(bucket, 4), 250)
  assert.notEqual(takeToken(bucket, 250, 4, 4), undefined)
  let given = 0
  for (let now = 0; now <= 10_000; now += 10) {
    const next = takeToken(bucket, now, 4, 4)
    if (next === undefined) continue
    bucket = next
    given++
  }
  assert.equal(given, 40)
})

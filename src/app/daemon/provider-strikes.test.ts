import assert from 'node:assert/strict'
import { test } from 'node:test'
import { providerStrikes } from './provider-strikes.ts'

test('the first strike is forgiven, then the wait doubles up to an hour, and a good session ends it', () => {
  let nowMs = 1_000
  const strikes = providerStrikes({ monotonicMs: () => nowMs })
  const waits: number[] = []
  for (let count = 1; count <= 12; count++) {
    strikes.strike('a')
    waits.push(strikes.waitMs('a') / 1_000)
  }
  assert.deepEqual(waits, [0, 15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  nowMs += 3_600_000
  assert.equal(strikes.waitMs('a'), 0)
  strikes.clear('a')
  strikes.strike('a')
  assert.equal(strikes.waitMs('a'), 0)
  assert.equal(strikes.waitMs('b'), 0)
})

test('a day with a provider that only takes fees costs less than thirty sessions', () => {
  let nowMs = 0
  const strikes = providerStrikes({ monotonicMs: () => nowMs })
  let sessions = 0
  while (nowMs < 24 * 3_600_000) {
    sessions++
    strikes.strike('a')
    nowMs += 17_000 + strikes.waitMs('a')
  }
  assert.ok(sessions < 35, String(sessions))
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openStore, SETTING, type Store } from '../store/index.ts'
import { openGoodTime } from './good-time.ts'

test('without a stored time the system is believed', (context) => {
  const clock = machine(1_000_000)
  using time = openGoodTime(clock, storeOf(context))
  assert.equal(time.wallMs(), 1_000_000)
  clock.pass(500)
  assert.equal(time.wallMs(), 1_000_500)
  assert.equal(time.monotonicMs(), clock.monotonicMs())
})

test('a machine that wakes up in the past goes on from the last good time', (context) => {
  const store = storeOf(context)
  openGoodTime(machine(5_000_000), store)[Symbol.dispose]()
  const asleep = machine(1_000)
  using time = openGoodTime(asleep, store)
  assert.equal(time.wallMs(), 5_000_000)
  asleep.pass(60_000)
  assert.equal(time.wallMs(), 5_060_000)
  // Its clock is set while it runs: then the system is right again.
  asleep.set(9_000_000)
  assert.equal(time.wallMs(), 9_000_000)
})

test('a clock that is set back while the daemon runs does not take it below its start', (context) => {
  const store = storeOf(context)
  openGoodTime(machine(5_000_000), store)[Symbol.dispose]()
  const clock = machine(6_000_000)
  using time = openGoodTime(clock, store)
  clock.set(10)
  clock.pass(1_000)
  assert.ok(time.wallMs() >= 5_001_000, String(time.wallMs()))
})

test('the time is stored at the end, whole milliseconds', (context) => {
  const store = storeOf(context)
  const clock = machine(7_000_000.7)
  const time = openGoodTime(clock, store)
  clock.pass(100)
  time[Symbol.dispose]()
  assert.equal(store.settings.find(SETTING.lastGoodTime), '7000100')
})

test('a stored time that is not a number counts as none', (context) => {
  const store = storeOf(context)
  store.settings.put(SETTING.lastGoodTime, 'yesterday')
  using time = openGoodTime(machine(3_000), store)
  assert.equal(time.wallMs(), 3_000)
})

function machine(startMs: number) {
  let wallMs = startMs
  let monotonicMs = 10
  return {
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    pass: (forMs: number) => {
      wallMs += forMs
      monotonicMs += forMs
    },
    set: (toMs: number) => {
      wallMs = toMs
    },
  }
}

function storeOf(context: TestContext): Store {
  const folder = mkdtempSync(join(tmpdir(), 'adit-good-time-'))
  const store = openStore(join(folder, 'adit.db'))
  context.after(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  return store
}

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { SILENT_LOG } from '#base/log.ts'
import { PathMtu } from './path-mtu.ts'

const PEER = 3
const HOME = { address: '192.0.2.1', port: 4000 }
const TEN_MINUTES_MS = 610_000

/** A tracker over virtual time and a path that the test narrows: `learned` is what the kernel knows. */
function rig(context: TestContext, learned = 1500) {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const path = { learned, nowMs: 0, reads: [] as string[], probes: 0, mtus: [] as number[], warnings: [] as string[] }
  const tracker = new PathMtu({
    tunMtu: 1420,
    pathMtu: (address) => {
      path.reads.push(address)
      return path.learned === 0 ? Promise.reject(new Error('no route')) : Promise.resolve(path.learned)
    },
    apply: (_peer, mtu) => {
      if (path.mtus.at(-1) !== mtu) path.mtus.push(mtu)
    },
    probe: () => {
      path.probes++
    },
    monotonicMs: () => path.nowMs,
    log: { ...SILENT_LOG, warn: (_fields, message) => void path.warnings.push(message) },
  })
  const pass = async (ms: number): Promise<void> => {
    path.nowMs += ms
    context.mock.timers.tick(ms)
    // The reading is a promise: let it settle.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return { path, tracker, pass }
}

test('the path is read at once and again after the probe, which goes once for each address', async (context) => {
  const { path, tracker, pass } = rig(context)
  tracker.handleEndpoint(PEER, HOME)
  await pass(0)
  assert.deepEqual([path.reads, path.mtus], [[HOME.address], [1420]])
  tracker.handleKeys(PEER)
  tracker.handleKeys(PEER)
  path.learned = 1400
  await pass(500)
  assert.deepEqual([path.probes, path.reads.length, path.mtus], [1, 2, [1420, 1340]])
  tracker.handleEndpoint(PEER, { ...HOME, port: 5000 })
  await pass(5000)
  assert.equal(path.reads.length, 2)
  tracker.handleEndpoint(PEER, { address: '2001:db8::1', port: 4000 })
  tracker.handleKeys(PEER)
  await pass(5000)
  assert.deepEqual([path.probes, path.reads.at(-1), path.mtus.at(-1)], [2, '2001:db8::1', 1320])
})

test('a refused send lowers the MTU; where the kernel knows no better, step by step', async (context) => {
  const { path, tracker, pass } = rig(context)
  tracker.handleEndpoint(PEER, HOME)
  await pass(0)
  path.learned = 1400
  tracker.handleRefusal(PEER, 1420)
  tracker.handleRefusal(PEER, 1420)
  await pass(250)
  assert.deepEqual([path.mtus, path.reads.length], [[1420, 1340], 2])
  tracker.handleRefusal(PEER, 1340)
  await pass(250)
  assert.equal(path.mtus.at(-1), 1320)
  tracker.handleRefusal(PEER, 1320)
  await pass(250)
  assert.equal(path.mtus.at(-1), 1280)
  assert.deepEqual(path.warnings, [])
  tracker.handleRefusal(PEER, 1280)
  await pass(250)
  assert.equal(path.mtus.at(-1), 1200)
  assert.equal(path.warnings.length, 1)
})

test('after ten minutes the path is probed again, and the MTU rises when it carries more', async (context) => {
  const { path, tracker, pass } = rig(context, 1400)
  tracker.handleEndpoint(PEER, HOME)
  tracker.handleKeys(PEER)
  await pass(0)
  await pass(500)
  assert.deepEqual([path.probes, path.mtus], [1, [1340]])
  await pass(TEN_MINUTES_MS)
  await pass(500)
  assert.deepEqual([path.probes, path.mtus], [2, [1340]])
  path.learned = 1500
  await pass(TEN_MINUTES_MS)
  assert.deepEqual([path.probes, path.mtus], [3, [1340]], 'not before the probe had its answer')
  await pass(500)
  assert.deepEqual(path.mtus, [1340, 1420])
  await pass(10 * TEN_MINUTES_MS)
  assert.equal(path.probes, 3)
})

test('no route, a removed peer and a peer that moves all the time', async (context) => {
  const { path, tracker, pass } = rig(context, 0)
  tracker.handleEndpoint(PEER, HOME)
  await pass(0)
  assert.deepEqual(path.mtus, [1420])
  for (let move = 0; move < 100; move++) {
    tracker.handleEndpoint(PEER, { ...HOME, address: `192.0.2.${move + 2}` })
    await pass(100)
  }
  assert.ok(path.reads.length <= 4, `${path.reads.length} readings in ten seconds`)
  tracker.forget(PEER)
  tracker.handleRefusal(PEER, 1420)
  await pass(60_000)
  assert.ok(path.reads.length <= 4)
})

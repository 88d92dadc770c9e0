import assert from 'node:assert/strict'
import { test } from 'node:test'
import { candidateBlocks, formatPortRanges, openPortPool, parsePortRanges } from './ports.ts'

const EPHEMERAL = { first: 32_768, last: 60_999 }

test('blocks are aligned, disjoint, and outside what is avoided', () => {
  const blocks = candidateBlocks(512, [EPHEMERAL, { first: 5391, last: 5391 }])
  assert.equal(blocks.length, 59 + 8)
  const ports = new Set<number>()
  for (const { first, last } of blocks) {
    assert.equal(first % 512, 0)
    for (let port = first; port <= last; port++) {
      assert.ok(!ports.has(port) && port >= 2048 && port <= 65_535 && port !== 5391)
      assert.ok(port < EPHEMERAL.first || port > EPHEMERAL.last)
      ports.add(port)
    }
  }
})

test('a block is taken once, rests after use, and never holds a busy port', () => {
  const pool = openPortPool(4096, [EPHEMERAL])
  const taken = Array.from({ length: 8 }, () => pool.take(new Set()))
  assert.equal(new Set(taken.map((block) => block?.first)).size, 8)
  assert.equal(pool.take(new Set()), undefined)
  pool.give(taken[2]!)
  assert.equal(pool.take(new Set([taken[2]!.first + 7])), undefined)
  assert.deepEqual(pool.take(new Set()), taken[2])
  const resting = openPortPool(4096, [EPHEMERAL])
  const first = resting.take(new Set())!
  resting.give(first)
  assert.notDeepEqual(resting.take(new Set()), first)
})

test('sizes that are no power of two are refused', () => {
  for (const size of [0, 63, 100, 8192, 1.5, -512]) assert.throws(() => openPortPool(size, []), { code: 'exit-option' })
})

test('port ranges are written as the kernel writes them', () => {
  assert.equal(
    formatPortRanges([...parsePortRanges('8080,148'), { first: 20_480, last: 30_719 }]),
    '148,8080,20480-30719',
  )
  assert.equal(formatPortRanges([...parsePortRanges('100-200,150-300,301'), ...parsePortRanges('')]), '100-301')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextFees } from './fees.ts'

const wei = fc.bigInt({ min: 0n, max: 10n ** 15n })
const fees = fc.record({ maxFeePerGas: wei, maxPriorityFeePerGas: wei })

test('a replacement offers at least 12.5 % more in both fields and never less than the chain asks', () => {
  fc.assert(
    fc.property(fees, fees, (previous, suggested) => {
      const next = nextFees(previous, suggested)
      for (const field of ['maxFeePerGas', 'maxPriorityFeePerGas'] as const) {
        assert.ok(next[field] * 1000n >= previous[field] * 1125n)
        assert.ok(next[field] > previous[field])
        assert.ok(next[field] >= suggested[field])
      }
      assert.ok(next.maxFeePerGas >= next.maxPriorityFeePerGas)
    }),
  )
})

test('the bump rounds up', () => {
  const next = nextFees({ maxFeePerGas: 9n, maxPriorityFeePerGas: 1n }, { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n })
  assert.deepEqual(next, { maxFeePerGas: 11n, maxPriorityFeePerGas: 2n })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesForUnits, formatUnits, parseUnits, priceOfBytes, units, unitsPerGibOf } from './money.ts'

test('a price rounds up, by less than one unit', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 1n << 50n), fc.bigInt(0n, 10_000_000n), (bytes, price) => {
      const due = priceOfBytes(bytes, unitsPerGibOf(price))
      const exactTimesGib = bytes * price
      assert.ok(due * (1n << 30n) >= exactTimesGib)
      assert.ok((due - (due > 0n ? 1n : 0n)) * (1n << 30n) <= exactTimesGib)
    }),
  )
})

test('bytes that an amount pays for never cost more than it', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 1n << 40n), fc.bigInt(1n, 10_000_000n), (amount, price) => {
      const bytes = bytesForUnits(units(amount), unitsPerGibOf(price))
      assert.ok(priceOfBytes(bytes, unitsPerGibOf(price)) <= amount)
      assert.ok(priceOfBytes(bytes + 1n + (1n << 30n) / price, unitsPerGibOf(price)) >= amount)
    }),
  )
})

test('amounts are written and read with six places', () => {
  assert.equal(formatUnits(1_234_567n), '1.234567')
  assert.equal(formatUnits(-5n), '-0.000005')
  assert.equal(parseUnits('1.25'), 1_250_000n)
  for (const bad of ['', '-1', '1.', '.5', '1e3', '1.0000001', 'abc']) assert.equal(parseUnits(bad), undefined)
  fc.assert(fc.property(fc.bigInt(0n, 1n << 80n), (amount) => parseUnits(formatUnits(amount)) === amount))
})

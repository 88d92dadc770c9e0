import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { priceOfBytes, units, unitsPerGibOf } from '#base/units/money.ts'
import { allowanceOf, amountDue, DEFAULT_PARAMETERS, intervalBytes, windowBytes, type Tariff } from './index.ts'

const MIB = 1n << 20n
const PRICE = unitsPerGibOf(107_000n)
const TARIFF: Tariff = { baseUnits: units(500n), sessionFeeUnits: units(1_000n), priceUnitsPerGib: PRICE }

test('what is due rounds up once, and the fee and the base stand first', () => {
  assert.equal(amountDue(TARIFF, 0n), 1_500n)
  assert.equal(amountDue(TARIFF, 1n), 1_501n)
  assert.equal(amountDue(TARIFF, 1n << 30n), 108_500n)
})

test('an amount pays for no byte more than it covers, and for none before the fee', () => {
  assert.equal(allowanceOf(TARIFF, units(1_499n)), 0n)
  assert.equal(allowanceOf(TARIFF, units(1_500n)), 0n)
  assert.equal(allowanceOf({ ...TARIFF, priceUnitsPerGib: unitsPerGibOf(0n) }, units(1_499n)), 0n)
  const amounts = fc.bigInt({ min: 1_500n, max: 1n << 60n })
  const prices = fc.bigInt({ min: 1n, max: 1n << 40n })
  fc.assert(
    fc.property(amounts, prices, (amount, price) => {
      const tariff = { ...TARIFF, priceUnitsPerGib: unitsPerGibOf(price) }
      const bytes = allowanceOf(tariff, units(amount))
      assert.ok(amountDue(tariff, bytes) <= amount)
      assert.ok(amountDue(tariff, bytes + 1n) > amount)
    }),
  )
})

test('interval and window: 1 MiB or 250 ms, two of them, two round trips, at most half a cent', () => {
  const parameters = DEFAULT_PARAMETERS
  assert.equal(intervalBytes(parameters, PRICE, 0n), MIB)
  assert.equal(intervalBytes(parameters, PRICE, 4n * MIB), MIB)
  assert.equal(intervalBytes(parameters, PRICE, 40n * MIB), 10n * MIB)
  assert.equal(windowBytes(parameters, PRICE, 40n * MIB, 10), 20n * MIB)
  assert.equal(windowBytes(parameters, PRICE, 40n * MIB, 500), 40n * MIB)
  for (const rate of [0n, 1_000_000n, 125_000_000n, 10n ** 12n]) {
    for (const price of [1n, 107_000n, 10_700_000n, 1n << 50n]) {
      const window = windowBytes(parameters, unitsPerGibOf(price), rate, 300)
      const cost = priceOfBytes(window, unitsPerGibOf(price))
      assert.ok(cost <= parameters.windowCapUnits || window === parameters.windowFloorBytes)
      assert.ok(2n * intervalBytes(parameters, unitsPerGibOf(price), rate) <= window)
    }
  }
})

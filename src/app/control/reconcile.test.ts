import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explanationSchema, type Explanation } from './explanation.ts'
import { reconcile } from './reconcile.ts'
import { SAMPLE_EXPLANATION as GOOD } from './samples.ts'
import { amountOf } from './values.ts'

test('a true explanation adds up', () => {
  explanationSchema.parse(GOOD)
  const { ok, checks, outstandingUnits } = reconcile(GOOD)
  assert.deepEqual(
    checks.filter((check) => !check.ok),
    [],
  )
  assert.equal(ok, true)
  assert.equal(outstandingUnits, 0n)
  assert.equal(checks.length, 14)
})

test('each number that is off by one is found, by name', () => {
  const [open, claim, close] = GOOD.transactions
  const cases: readonly (readonly [string, Partial<Explanation>])[] = [
    ['billed', { bytes: { ...GOOD.bytes, up: '1048577' } }],
    ['traffic', { due: { ...GOOD.due, traffic: amountOf(100_097n) } }],
    ['session-fee', { due: { ...GOOD.due, sessionFee: amountOf(999n) } }],
    ['total', { due: { ...GOOD.due, total: amountOf(101_097n) } }],
    ['prepaid', { due: { ...GOOD.due, prepaid: amountOf(3_901n) } }],
    [
      'voucher-covers',
      {
        transactions: [open, claim],
        vouchers: { ...GOOD.vouchers, last: { ...GOOD.vouchers.last!, amount: amountOf(101_097n) } },
      },
    ],
    [
      'voucher-deposit',
      { vouchers: { ...GOOD.vouchers, last: { ...GOOD.vouchers.last!, amount: amountOf(1_000_001n) } } },
    ],
    ['deposit', { transactions: [{ ...open, amount: amountOf(999_999n) }, claim, close] }],
    ['claimed', { transactions: [open, claim] }],
    ['claim-total', { transactions: [open, claim, { ...close, totalAfter: amountOf(101_099n) }] }],
    ['fee', { transactions: [open, { ...claim, fee: amountOf(1_001n) }, close] }],
    ['refund', { transactions: [open, claim, { ...close, refund: amountOf(898_901n) }] }],
  ]
  for (const [name, change] of cases) {
    const { ok, checks } = reconcile({ ...GOOD, ...change })
    assert.equal(ok, false, name)
    assert.ok(
      checks.some((check) => check.name === name && !check.ok),
      name,
    )
  }
})

test('what is not claimed yet is outstanding, not wrong', () => {
  const [open] = GOOD.transactions
  const sums = reconcile({
    ...GOOD,
    transactions: [open],
    channel: { ...GOOD.channel, state: 'open', claimed: amountOf(0n) },
  })
  assert.equal(sums.ok, true)
  assert.equal(sums.outstandingUnits, 101_098n)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSignedAction } from './actions.ts'
import { compactSignature, splitSignature } from './permit.ts'

test('a signature in its compact form keeps r, s and the parity', () => {
  const signature = `0x${'11'.repeat(32)}${'22'.repeat(32)}1c` as const
  assert.deepEqual(splitSignature(signature), { r: `0x${'11'.repeat(32)}`, s: `0x${'22'.repeat(32)}`, v: 28 })
  assert.deepEqual(compactSignature(signature), { r: `0x${'11'.repeat(32)}`, vs: `0xa2${'22'.repeat(31)}` })
})

test('a foreign action is a value or a reason, never an exception', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(parseSignedAction(value).ok, false)
    }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(ACTION)), fc.jsonValue(), (field, value) => {
      const result = parseSignedAction({ ...ACTION, [field]: value })
      assert.ok(result.ok || result.error.startsWith(`action.${field}`))
    }),
  )
  assert.ok(parseSignedAction(ACTION).ok)
})

const ACTION = {
  version: 1,
  chainId: 31337,
  contract: `0x${'02'.repeat(20)}`,
  kind: 'start-close',
  account: `0x${'05'.repeat(20)}`,
  args: { channel: `0x${'06'.repeat(32)}` },
  maxTip: '1000',
  nonce: '7',
  deadline: 1_800_000_000,
  signature: `0x${'07'.repeat(65)}`,
}

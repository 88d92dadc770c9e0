import assert from 'node:assert/strict'
import { test } from 'node:test'
import { units, ZERO_UNITS } from '#base/units/money.ts'
import { DEFAULT_PARAMETERS } from '../tariff/index.ts'
import { acceptBase, baseOfNextSession, checkChannel, closingAmount, type ChannelFacts } from './session.ts'
import { virtualAgreement, virtualFacts, virtualQuote, VIRTUAL_SIGNER } from './virtual-session.ts'

const NOW_MS = 1_900_000_000_000
const wanted = {
  quote: virtualQuote(),
  signer: VIRTUAL_SIGNER,
  baseUnits: ZERO_UNITS,
  bytesPerSecond: 12_500_000n,
  nowMs: NOW_MS,
}

test("a channel may carry a session when it is open, ours, the signer's, alive and deep enough", () => {
  const facts = virtualFacts()
  assert.deepEqual(checkChannel(facts, wanted, DEFAULT_PARAMETERS), { ok: true, value: facts })
  const refused: [ChannelFacts | undefined, string][] = [
    [undefined, 'channel-unknown'],
    [virtualFacts({ provider: `0x${'71'.repeat(20)}` }), 'channel-provider'],
    [virtualFacts({ signer: `0x${'71'.repeat(20)}` }), 'channel-signer'],
    [virtualFacts({ closeAt: 2_000_000_000 }), 'channel-closing'],
    [virtualFacts({ expiry: NOW_MS / 1_000 + 3_600 }), 'channel-expired'],
    [virtualFacts({ deposit: units(249_999n) }), 'channel-deposit'],
    // Two intervals of 250 ms at 12.5 MB/s cost 623, the fee 1000.
    [virtualFacts({ claimed: units(2_000_000n - 1_622n) }), 'channel-deposit'],
  ]
  for (const [channel, error] of refused) {
    assert.deepEqual(checkChannel(channel, wanted, DEFAULT_PARAMETERS), { ok: false, error })
  }
  assert.ok(checkChannel(virtualFacts({ claimed: units(2_000_000n - 1_623n) }), wanted, DEFAULT_PARAMETERS).ok)
  const owing = { ...wanted, baseUnits: units(1_999_000n) }
  assert.deepEqual(checkChannel(facts, owing, DEFAULT_PARAMETERS), { ok: false, error: 'channel-deposit' })
})

test('the base: what was agreed, else the last voucher; the provider may say less, never more', () => {
  assert.equal(baseOfNextSession(undefined, ZERO_UNITS), 0n)
  assert.equal(baseOfNextSession({ voucher: units(9n), statement: undefined }, ZERO_UNITS), 9n)
  assert.equal(baseOfNextSession({ voucher: units(9n), statement: units(4n) }, ZERO_UNITS), 4n)
  assert.ok(acceptBase(units(4n), units(4n)).ok)
  assert.deepEqual(acceptBase(units(5n), units(4n)), { ok: false, error: 'base-too-high' })
})

test('the closing amount is what was used, never below what the chain paid out', () => {
  const reading = {
    session: '',
    seq: 1,
    up: 0n,
    down: 1n << 30n,
    lost: 0n,
    quote: '0x',
    challenge: '0x',
    timeMs: 0,
  } as const
  assert.equal(closingAmount(virtualAgreement(), reading, ZERO_UNITS), 108_000n)
  assert.equal(closingAmount(virtualAgreement(), reading, units(120_000n)), 120_000n)
})

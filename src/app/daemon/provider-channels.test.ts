import assert from 'node:assert/strict'
import { test } from 'node:test'
import { units } from '#base/units/money.ts'
import { depositTrust } from './provider-channels.ts'

const channel = `0x${'0c'.repeat(32)}` as const
const usd = (dollars: number) => units(BigInt(Math.round(dollars * 1e6)))
const facts = (deposit: number, claimed = 0) => ({ channel, deposit: usd(deposit), claimed: usd(claimed) })

function memory() {
  const values = new Map<string, string>()
  return { find: (key: string) => values.get(key), put: (key: string, value: string) => void values.set(key, value) }
}

test('a deposit counts for $0.05 when it is included, for all of it when it is deep enough', () => {
  const trust = depositTrust(memory(), 2)
  assert.equal(trust.depositOf(facts(2), 100), usd(0.05))
  assert.equal(trust.depositOf(facts(2), 101), usd(0.05))
  assert.equal(trust.depositOf(facts(2), 102), usd(2))
  assert.equal(trust.depositOf(facts(2, 0.3), 103), usd(2))
})

test('a top-up never takes trust away', () => {
  const trust = depositTrust(memory(), 1)
  trust.depositOf(facts(2), 10)
  assert.equal(trust.depositOf(facts(2), 11), usd(2))
  assert.equal(trust.depositOf(facts(4), 11), usd(2))
  assert.equal(trust.depositOf(facts(4), 12), usd(4))
})

test('trust survives a restart, and not a reorganisation', () => {
  const settings = memory()
  const before = depositTrust(settings, 1)
  before.depositOf(facts(2), 10)
  before.depositOf(facts(2), 11)
  const after = depositTrust(settings, 1)
  assert.equal(after.depositOf(facts(2, 0.3), 11), usd(2))
  assert.equal(after.depositOf(facts(1), 12), usd(1))
  after.forget(channel)
  assert.equal(after.depositOf(facts(2), 13), usd(0.05))
})

test('a claim that is not confirmed by depth still leaves $0.05 beyond it', () => {
  assert.equal(depositTrust(memory(), 5).depositOf(facts(2, 1), 1), usd(1.05))
})

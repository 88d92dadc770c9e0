import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AditError } from '#base/errors.ts'
import { units, unitsPerGibOf } from '#base/units/money.ts'
import type { StoredSession } from '../store/index.ts'
import { afterFailure, consequenceOf, controlHosts, controlTargets, spentBy, topUpUnits } from './consumer-decisions.ts'

test('a first connection that fails restores the network, one that protects keeps it closed and tries again', () => {
  const failed = new AditError('tunnel-handshake', 'no answer')
  assert.equal(afterFailure(failed, false), 'restore')
  assert.equal(afterFailure(failed, true), 'retry')
  assert.equal(afterFailure(new TypeError('a defect'), false), 'restore')
  assert.equal(afterFailure(new TypeError('a defect'), true), 'retry')
})

test('what trying again does not mend is final, and never opens what is protected', () => {
  for (const code of ['spend-limit', 'chain-id-mismatch', 'insufficient-funds', 'config-missing']) {
    assert.equal(afterFailure(new AditError(code, ''), false), 'restore', code)
    assert.equal(afterFailure(new AditError(code, ''), true), 'stay-closed', code)
  }
})

test('a new connection waits for a chain that is down, here or at the provider', () => {
  assert.equal(afterFailure(new AditError('chain-unreachable', ''), false), 'retry')
  assert.equal(afterFailure(new AditError('refused:chain-unavailable', ''), false), 'retry')
  assert.equal(afterFailure(new AditError('refused:busy', ''), false), 'restore')
})

test('a person reads in which state the network is', () => {
  assert.match(consequenceOf('restore'), /open, as it was/)
  assert.match(consequenceOf('stay-closed'), /adit disconnect/)
})

test('the daemon may reach the chain and each control address once', () => {
  assert.deepEqual(controlHosts('https://rpc.example/v1', ['198.51.100.2:5392', 'boot.example:5392', 'nonsense']), [
    { host: 'rpc.example', port: 443 },
    { host: '198.51.100.2', port: 5392 },
    { host: 'boot.example', port: 5392 },
  ])
  assert.deepEqual(controlHosts('http://[2001:db8::1]:8545', ['[2001:db8::1]:8545']), [
    { host: '2001:db8::1', port: 8545 },
  ])
  assert.deepEqual(controlHosts('http://rpc.example', [])[0].port, 80)
})

test('control targets are addresses: of names as they resolved, none for loopback or an unknown name', () => {
  const known: Record<string, readonly string[]> = {
    'rpc.example': ['203.0.113.20', '2001:db8::20'],
    'twin.example': ['203.0.113.20'],
    '127.0.0.1': ['127.0.0.1'],
    '::1': ['::1'],
  }
  const hosts = [
    ...['rpc.example', 'twin.example', '127.0.0.1', '::1', 'unknown.example'].map((host) => ({ host, port: 8545 })),
    { host: 'rpc.example', port: 443 },
  ]
  assert.deepEqual(
    controlTargets(hosts, (host) => known[host] ?? []).map(({ address, port }) => `${address} ${port}`),
    ['203.0.113.20 8545', '2001:db8::20 8545', '203.0.113.20 443', '2001:db8::20 443'],
  )
})

test('spent: what was agreed at the end, what was signed where it broke, what is due while it runs', () => {
  const running = session({ state: 'open', due: units(300n), paid: units(800n) })
  const ended = session({ state: 'ended', due: units(300n), paid: units(800n), closingAmount: units(1300n) })
  const broken = session({ state: 'ended', due: units(300n), paid: units(800n) })
  assert.equal(spentBy([running]), 300n)
  assert.equal(spentBy([ended]), 300n)
  assert.equal(spentBy([broken]), 800n)
  assert.equal(spentBy([running, ended, broken]), 1400n)
})

test('a top-up covers what was signed beyond the deposit, too', () => {
  assert.equal(topUpUnits(units(100n), units(500n), units(400n)), 100n)
  assert.equal(topUpUnits(units(100n), units(500n), units(650n)), 250n)
})

function session(fields: Partial<StoredSession>): StoredSession {
  return {
    session: '00'.repeat(16),
    role: 'payer',
    channel: '0x01',
    quote: '0x02',
    payer: '0x03',
    provider: '0x04',
    baseUnits: units(1000n),
    sessionFeeUnits: units(10n),
    priceUnitsPerGib: unitsPerGibOf(100_000n),
    startedAtMs: 1,
    state: 'open',
    reason: undefined,
    endedAtMs: undefined,
    vouchers: 3,
    amount: units(1800n),
    up: 0n,
    down: 0n,
    lost: 0n,
    writtenOff: 0n,
    closingAmount: undefined,
    due: units(0n),
    paid: units(0n),
    ...fields,
  }
}

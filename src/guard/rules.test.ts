import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guardRouting } from './routes.ts'
import { guardRules } from './rules.ts'
import type { GuardState } from './state.ts'

const data = [
  { address: '203.0.113.9', port: 51_820 },
  { address: '2001:db8::9', port: 51_820 },
]
const control = [{ address: '203.0.113.10', port: 8545, protocol: 'tcp' as const }]
const tunnel = {
  device: 'adit0',
  addresses: { address4: '198.18.5.5', address6: '2001:2::5' },
  resolvers: ['198.18.0.1'],
}
const STATES: readonly Exclude<GuardState, { kind: 'disconnected' }>[] = [
  { kind: 'connecting', data, control },
  { kind: 'connected', data, control, tunnel },
  { kind: 'reconnecting', data, control, tunnel },
  { kind: 'error', control, cause: 'x' },
]
const textOf = (state: (typeof STATES)[number]): string =>
  guardRules({ table: 'adit_guard_t', fwmark: 0xad17, controlUid: 7, state }).text

test('in every state each filter chain ends in an explicit drop, and no chain is deleted', () => {
  for (const state of STATES) {
    const text = textOf(state)
    for (const chain of ['output', 'input', 'forward']) {
      const rules = text.split('\n').filter((line) => line.startsWith(`add rule inet adit_guard_t ${chain} `))
      assert.match(rules.at(-1)!, /( |^)drop$/, `${state.kind} ${chain}`)
      assert.equal(
        rules.filter((rule) => / (output|input|forward) (drop|counter name forwarded drop)$/.test(rule)).length,
        1,
      )
    }
    assert.doesNotMatch(text, /delete|destroy/)
    assert.ok(text.indexOf('flush table') < text.indexOf('add rule'))
  }
})

test('openings are exactly those of the state', () => {
  const [connecting, connected, reconnecting, error] = STATES.map(textOf)
  for (const text of [connecting, connected, reconnecting]) {
    assert.match(text, /output meta mark 44311 ip daddr \. udp dport \{ 203\.0\.113\.9 \. 51820 \}/)
    assert.match(text, /output meta mark 44311 ip6 daddr \. udp dport \{ 2001:db8::9 \. 51820 \}/)
  }
  assert.doesNotMatch(error, /51820/)
  for (const text of [connecting, connected, reconnecting, error])
    assert.match(text, /skuid 7 ip daddr \. tcp dport \{ 203\.0\.113\.10 \. 8545 \}/)
  assert.match(connected, /oifname "adit0" ip saddr 198\.18\.5\.5 accept/)
  for (const text of [connecting, reconnecting, error]) assert.doesNotMatch(text, /output oifname "adit0"/)
  // DNS is refused before the tunnel is open to everything, and after its own resolver.
  assert.ok(connected.indexOf('daddr 198.18.0.1 meta l4proto') < connected.indexOf('blocked_dns reject'))
  assert.ok(connected.indexOf('blocked_dns reject') < connected.indexOf('ip saddr 198.18.5.5 accept'))
})

test('a name or a foreign device name never becomes a rule', () => {
  const hostile = { ...tunnel, device: 'a" accept; #' }
  assert.throws(() => textOf({ kind: 'connected', data, control, tunnel: hostile }), { code: 'host-name' })
  assert.throws(() => textOf({ kind: 'connecting', data: [{ address: 'evil.example', port: 1 }], control }), {
    code: 'host-name',
  })
})

test('routing closes first and opens the tunnel last', () => {
  const { made } = guardRouting(STATES[1], 0xad17)
  assert.deepEqual(made[0], {
    kind: 'ipRule',
    rule: { family: 4, priority: 4930, notFwmark: 0xad17, action: 'unreachable' },
  })
  const lastClosing = made.findLastIndex((change) => change.kind === 'ipRule' && change.rule.action === 'unreachable')
  const firstTunnel = made.findIndex((change) => change.kind === 'route')
  assert.ok(lastClosing < firstTunnel)
  const reconnecting = guardRouting(STATES[2], 0xad17)
  assert.ok(reconnecting.made.every((change) => change.kind !== 'route'))
  assert.equal(reconnecting.kept.length, 4)
  assert.deepEqual(guardRouting(STATES[3], 0xad17).kept, [])
})

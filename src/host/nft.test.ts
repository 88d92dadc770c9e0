import assert from 'node:assert/strict'
import { test } from 'node:test'
import { address, braces, device, nft, port, prefix, word } from './nft.ts'

test('checked values go in as they are written in canonical form', () => {
  const rule = nft`add rule inet ${word('t')} ip6 daddr ${braces([prefix('2001:DB8::1/32'), address('::FFFF:1.2.3.4')])} th dport ${port(53)} limit ${7}`
  assert.equal(rule.text, 'add rule inet t ip6 daddr { 2001:db8::/32, ::ffff:102:304 } th dport 53 limit 7')
  assert.equal(device('eth0.100').text, '"eth0.100"')
})

test('nothing foreign gets in', () => {
  const foreign = ['a; flush ruleset', 'eth0"', 'eth*', '', '../x', 'a b', 'x\n', 'ünder', '-eth0', '0123456789abcdef']
  for (const text of foreign) assert.throws(() => device(text), { code: 'host-name' }, text)
  for (const text of ['T', '1t', 't-', 't;', '', 't t', 't'.repeat(64)])
    assert.throws(() => word(text), { code: 'host-name' })
  for (const text of ['10.0.0.1; drop', '10.0.0.256', '::1%lo', ''])
    assert.throws(() => address(text), { code: 'host-name' })
  for (const text of ['10.0.0.0/33', '10.0.0.0/8/8', 'default'])
    assert.throws(() => prefix(text), { code: 'host-name' })
  for (const value of [0, 65_536, 1.5, Number.NaN, -1]) assert.throws(() => port(value), { code: 'host-name' })
  for (const value of [-1, 0.5, Infinity]) assert.throws(() => nft`limit ${value}`, { code: 'host-name' })
  assert.throws(() => braces([]), { code: 'host-name' })
})

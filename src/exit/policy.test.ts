import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRefused, refusedDestinations } from './policy.ts'

const NOTHING_NEAR = { ownAddresses: [], onLinkPrefixes: [], gateways: [], extra: [] }

test('special-purpose destinations are refused in both families, whoever the provider is', () => {
  const refused = refusedDestinations(NOTHING_NEAR)
  const four =
    '0.1.2.3 10.1.2.3 100.64.0.1 127.0.0.1 169.254.169.254 172.31.0.1 192.0.0.8 192.168.1.1 198.19.1.1 224.0.0.1 240.0.0.1 255.255.255.255'
  const six =
    ':: ::1 ::ffff:10.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:2::5 2001:10::1 2001:20::1 2002:a00:1::1 fc00::1 fd12::1 fe80::1 fec0::1 ff02::1 4000::1'
  for (const address of `${four} ${six}`.split(' ')) assert.equal(isRefused(refused, address), true, address)
  for (const address of [
    '1.1.1.1',
    '100.128.0.1',
    '172.32.0.1',
    '192.0.1.1',
    '203.0.113.9',
    '2606:4700::1',
    '2001:db8:9::9',
    '2001:4860::1',
    '2003::1',
  ]) {
    assert.equal(isRefused(refused, address), false, address)
  }
})

test('what is near is refused: links, own addresses, gateways, and the /48 around global IPv6', () => {
  const refused = refusedDestinations({
    ownAddresses: ['203.0.113.7', '2001:db8:7:1::2'],
    onLinkPrefixes: ['203.0.113.0/29', '2001:db8:7:1::/64', '2001:db8:8::/40'],
    gateways: ['203.0.113.1', 'fe80::1'],
    extra: ['198.51.100.4'],
  })
  for (const address of ['203.0.113.6', '2001:db8:7:ffff::1', '2001:db8:8::1', '198.51.100.4']) {
    assert.equal(isRefused(refused, address), true, address)
  }
  for (const address of ['203.0.113.8', '2001:db8:107::1', '198.51.100.5'])
    assert.equal(isRefused(refused, address), false, address)
})

test('no prefix stands inside another: nft refuses overlapping elements', () => {
  const { four, six } = refusedDestinations({
    ...NOTHING_NEAR,
    ownAddresses: ['10.0.0.1', '2001:db8::1'],
    onLinkPrefixes: ['10.0.0.0/24', '2001:db8::/64'],
  })
  assert.equal(four.filter((prefix) => prefix.startsWith('10.')).length, 1)
  assert.deepEqual(
    six.filter((prefix) => prefix.startsWith('2001:db8')),
    ['2001:db8::/48'],
  )
})

test('a configured prefix that is none is an error', () => {
  assert.throws(() => refusedDestinations({ ...NOTHING_NEAR, extra: ['router.lan'] }), { code: 'exit-option' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emitResolvConf, parseResolvConf } from './resolver.ts'

test('reads resolv.conf(5): comments, several servers, the last search line', () => {
  const text =
    '# nameserver 9.9.9.9\nnameserver 192.168.1.1\nnameserver fe80::1%eth0\n nameserver 2001:db8::53 ; note\ndomain a.example\nsearch lan home.arpa\n'
  assert.deepEqual(parseResolvConf(text), {
    servers: ['192.168.1.1', '2001:db8::53'],
    searchDomains: ['lan', 'home.arpa'],
  })
  assert.deepEqual(parseResolvConf(''), { servers: [], searchDomains: [] })
})

test('reads back what it writes', () => {
  const servers = ['198.18.0.1', '2001:2::1']
  assert.deepEqual(parseResolvConf(emitResolvConf(servers)).servers, servers)
})

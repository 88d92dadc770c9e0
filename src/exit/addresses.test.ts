import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { GATEWAY_4, GATEWAY_6, INNER_PREFIX_4, INNER_PREFIX_6 } from '#base/addressing.ts'
import { parseIp, parsePrefix, prefixContains } from '#base/ip.ts'
import { openAddressAllocator } from './addresses.ts'

test('addresses are in the ranges, fresh, and not near the gateway', () => {
  const allocator = openAddressAllocator({ bytes: randomBytes })
  const seen = new Set<string>()
  for (let session = 0; session < 2000; session++) {
    const { address4, address6 } = allocator.allocate()
    assert.ok(prefixContains(parsePrefix(INNER_PREFIX_4)!, parseIp(address4)!), address4)
    assert.ok(prefixContains(parsePrefix(INNER_PREFIX_6)!, parseIp(address6)!), address6)
    assert.ok(!prefixContains(parsePrefix('198.18.0.0/24')!, parseIp(address4)!), address4)
    assert.ok(!seen.has(address4) && !seen.has(address6))
    seen.add(address4).add(address6)
  }
  assert.ok(!seen.has(GATEWAY_4) && !seen.has(GATEWAY_6))
})

test('an address in use is never drawn again; a released one may be', () => {
  // A source that always says the same.
  const allocator = openAddressAllocator({ bytes: (length) => new Uint8Array(length).fill(0x55) })
  const first = allocator.allocate()
  assert.throws(() => allocator.allocate(), { code: 'exit-addresses-exhausted' })
  allocator.release(first)
  assert.deepEqual(allocator.allocate(), first)
})

test('the lowest block is kept: a source of zeros finds nothing', () => {
  const allocator = openAddressAllocator({ bytes: (length) => new Uint8Array(length) })
  assert.throws(() => allocator.allocate(), { code: 'exit-addresses-exhausted' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, formatPrefix, maskedPrefix, parseIp, parsePrefix, prefixContains } from './ip.ts'

test('addresses survive text and back', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
      (address) => {
        assert.deepEqual(parseIp(formatIp(address)), address)
      },
    ),
  )
})

test('the canonical form is that of RFC 5952', () => {
  for (const [text, canonical] of [
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ]) {
    assert.equal(formatIp(parseIp(text)!), canonical)
  }
})

test('what is no address is refused', () => {
  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
    '::1.2.3',
  ]) {
    assert.equal(parseIp(bad), undefined, bad)
  }
  for (const bad of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '/8'])
    assert.equal(parsePrefix(bad), undefined, bad)
})

test('a prefix holds exactly the addresses that share its bits', () => {
  assert.equal(formatPrefix(parsePrefix('10.1.2.3/8')!), '10.0.0.0/8')
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.nat(128),
      (left, right, length) => {
        const bits = (bytes: Uint8Array) =>
          Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0'))
            .join('')
            .slice(0, length)
        assert.equal(prefixContains(maskedPrefix(left, length), right), bits(left) === bits(right))
      },
    ),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maskedPrefix, parseIp, parsePrefix, type Prefix } from '#base/ip.ts'
import {
  createAllowedIps,
  insertAllowedIp,
  lookup4,
  lookup6,
  NO_PEER,
  removeAllowedIps,
  slowAllowedIps,
} from './allowed-ips.ts'

// Few distinct bytes, so that prefixes overlap and nest.
const byte = fc.constantFrom(0, 1, 127, 128, 192, 255)
const prefixOf = (bytes: number): fc.Arbitrary<Prefix> =>
  fc
    .tuple(
      fc.uint8Array({ minLength: bytes, maxLength: bytes }),
      fc.array(byte, { minLength: bytes, maxLength: bytes }),
      fc.boolean(),
      fc.nat(bytes * 8),
    )
    .map(([random, narrow, useRandom, length]) => maskedPrefix(useRandom ? random : Uint8Array.from(narrow), length))
const change = (bytes: number) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('insert' as const), prefix: prefixOf(bytes), peer: fc.nat(6) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), peer: fc.nat(6) }) },
  )

for (const [name, bytes, lookup] of [
  ['IPv4', 4, lookup4],
  ['IPv6', 16, lookup6],
] as const) {
  test(`${name}: the trie and the list agree after any inserts and removals`, () => {
    fc.assert(
      fc.property(
        fc.array(change(bytes), { maxLength: 40 }),
        fc.array(prefixOf(bytes), { maxLength: 10 }),
        (changes, others) => {
          const table = createAllowedIps()
          const list = slowAllowedIps()
          for (const step of changes) {
            if (step.kind === 'insert') {
              insertAllowedIp(table, step.prefix, step.peer)
              list.insert(step.prefix, step.peer)
            } else {
              removeAllowedIps(table, step.peer)
              list.remove(step.peer)
            }
          }
          const inserted = changes.flatMap((step) => (step.kind === 'insert' ? [step.prefix] : []))
          for (const { address, length } of [...inserted, ...others]) {
            // The prefix itself, its last address, and a neighbour just outside.
            const last = address.map((value, index) => value | (0xff >> Math.min(8, Math.max(0, length - index * 8))))
            const outside = Uint8Array.from(address)
            if (length > 0) outside[(length - 1) >> 3] ^= 0x80 >> ((length - 1) & 7)
            for (const probe of [address, last, outside]) {
              const packet = Uint8Array.from([9, 9, 9, ...probe, 9])
              assert.equal(lookup(table, packet, 3), list.lookup(probe))
            }
          }
        },
      ),
      { numRuns: 200 },
    )
  })
}

test('the longest prefix wins, and the last one who asks gets it', () => {
  const table = createAllowedIps()
  for (const [text, peer] of [
    ['0.0.0.0/0', 1],
    ['10.0.0.0/8', 2],
    ['10.1.0.0/16', 3],
    ['10.1.2.3/32', 4],
    ['::/0', 5],
    ['2001:2::7/128', 6],
  ] as const) {
    insertAllowedIp(table, parsePrefix(text)!, peer)
  }
  const at = (text: string) => {
    const address = parseIp(text)!
    return address.length === 4 ? lookup4(table, address, 0) : lookup6(table, address, 0)
  }
  assert.deepEqual(
    ['9.9.9.9', '10.9.9.9', '10.1.9.9', '10.1.2.3', '10.1.2.2', '2001:2::7', '2001:2::6'].map(at),
    [1, 2, 3, 4, 3, 6, 5],
  )
  insertAllowedIp(table, parsePrefix('10.1.0.0/16')!, 9)
  assert.equal(at('10.1.9.9'), 9)
  removeAllowedIps(table, 3)
  assert.equal(at('10.1.9.9'), 9)
  removeAllowedIps(table, 9)
  assert.equal(at('10.1.9.9'), 2)
  for (const peer of [1, 2, 4, 5, 6]) removeAllowedIps(table, peer)
  assert.equal(at('10.1.2.3'), NO_PEER)
  assert.equal(at('2001:2::7'), NO_PEER)
})

test('a thousand sessions come and go without the table growing', () => {
  const table = createAllowedIps()
  const prefixes = (peer: number) => [
    parsePrefix(`198.18.${peer >> 8}.${peer & 255}/32`)!,
    parsePrefix(`2001:2::${(peer + 1).toString(16)}/128`)!,
  ]
  const fill = () => {
    for (let peer = 0; peer < 1024; peer++) for (const prefix of prefixes(peer)) insertAllowedIp(table, prefix, peer)
  }
  fill()
  const size = table.v4.nodes.length + table.v6.nodes.length
  for (let round = 0; round < 3; round++) {
    for (let peer = 0; peer < 1024; peer++) {
      assert.equal(lookup4(table, prefixes(peer)[0].address, 0), peer)
      assert.equal(lookup6(table, prefixes(peer)[1].address, 0), peer)
    }
    for (let peer = 0; peer < 1024; peer += 3) removeAllowedIps(table, peer)
    assert.equal(lookup4(table, prefixes(3)[0].address, 0), NO_PEER)
    fill()
  }
  assert.equal(table.v4.nodes.length + table.v6.nodes.length, size)
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { blake2s } from '@noble/hashes/blake2.js'
import fc from 'fast-check'
import { bytesOfHex, concat, hexOf, utf8 } from '#base/bytes.ts'
import { kdf, nobleSuite, nodeSuite, type CryptoSuite } from './suite.ts'

interface X25519Vectors {
  scalarMultiplications: { scalar: string; u: string; out: string }[]
  iterated: { start: string; after1: string; after1000: string }
  diffieHellman: { alicePrivate: string; alicePublic: string; bobPrivate: string; bobPublic: string; shared: string }
}
interface AeadVector {
  key: string
  nonce: string
  associated: string
  plaintext: string
  sealed: string
}

const SUITES: readonly [string, CryptoSuite][] = [
  ['node', nodeSuite],
  ['noble', nobleSuite],
]

for (const [name, suite] of SUITES) {
  test(`${name}: X25519 multiplies as in RFC 7748 §5.2`, () => {
    const { scalarMultiplications, iterated } = vectors('rfc7748/x25519') as X25519Vectors
    for (const { scalar, u, out } of scalarMultiplications) {
      assert.equal(hexOf(suite.dh(suite.dhKeyPair(bytesOfHex(scalar)), bytesOfHex(u))!), out)
    }
    let scalar = bytesOfHex(iterated.start)
    let u = scalar
    // The pure TypeScript takes 2 ms a round: there the first round has to do.
    const rounds = suite === nodeSuite ? 1000 : 1
    for (let round = 0; round < rounds; round++) {
      const next = suite.dh(suite.dhKeyPair(scalar), u)!
      u = scalar
      scalar = next
      if (round === 0) assert.equal(hexOf(scalar), iterated.after1)
    }
    if (suite === nodeSuite) assert.equal(hexOf(scalar), iterated.after1000)
  })

  test(`${name}: Diffie-Hellman agrees as in RFC 7748 §6.1`, () => {
    const { diffieHellman } = vectors('rfc7748/x25519') as X25519Vectors
    const alice = suite.dhKeyPair(bytesOfHex(diffieHellman.alicePrivate))
    const bob = suite.dhKeyPair(bytesOfHex(diffieHellman.bobPrivate))
    assert.equal(hexOf(alice.publicKey), diffieHellman.alicePublic)
    assert.equal(hexOf(bob.publicKey), diffieHellman.bobPublic)
    assert.equal(hexOf(suite.dh(alice, bob.publicKey)!), diffieHellman.shared)
    assert.equal(hexOf(suite.dh(bob, alice.publicKey)!), diffieHellman.shared)
  })

  test(`${name}: points of low order and other lengths give no secret`, () => {
    const pair = suite.dhKeyPair(new Uint8Array(32).fill(7))
    const one = new Uint8Array(32)
    one[0] = 1
    for (const point of [new Uint8Array(32), one, new Uint8Array(31), new Uint8Array(33), new Uint8Array(0)]) {
      assert.equal(suite.dh(pair, point), undefined)
    }
  })

  test(`${name}: ChaCha20-Poly1305 as in RFC 8439 §2.8.2, XChaCha20-Poly1305 as in the draft`, () => {
    for (const [file, seal, open] of [
      ['rfc8439/aead', suite.seal, suite.open],
      ['xchacha/aead', suite.xseal, suite.xopen],
    ] as const) {
      const vector = vectors(file) as AeadVector
      const [key, nonce, associated, plaintext, sealed] = [
        vector.key,
        vector.nonce,
        vector.associated,
        vector.plaintext,
        vector.sealed,
      ].map(bytesOfHex)
      assert.equal(hexOf(seal(key, nonce, plaintext, associated)), vector.sealed)
      assert.equal(hexOf(open(key, nonce, sealed, associated)!), vector.plaintext)
      for (const index of [0, sealed.length - 17, sealed.length - 16, sealed.length - 1]) {
        const forged = Uint8Array.from(sealed)
        forged[index] ^= 1
        assert.equal(open(key, nonce, forged, associated), undefined)
      }
      assert.equal(open(key, nonce, sealed, plaintext), undefined)
      for (const length of [0, 15]) assert.equal(open(key, nonce, sealed.subarray(0, length), associated), undefined)
    }
  })

  test(`${name}: BLAKE2s as in RFC 7693, keyed and not`, () => {
    const { abc, selfTest } = vectors('rfc7693/blake2s') as {
      abc: string
      selfTest: { outputLengths: number[]; inputLengths: number[]; digest: string }
    }
    assert.equal(hexOf(suite.hash(utf8('abc'))), abc)
    assert.equal(hexOf(suite.hash(utf8('a'), utf8(''), utf8('bc'))), abc)

    // Appendix E; our two functions stand in where they have the right lengths.
    const unkeyed = (input: Uint8Array, length: number) =>
      length === 32 ? suite.hash(input) : blake2s(input, { dkLen: length })
    const keyed = (input: Uint8Array, key: Uint8Array) =>
      key.length === 16 ? suite.mac(key, input) : blake2s(input, { key, dkLen: key.length })
    const digests = selfTest.outputLengths.flatMap((length) =>
      selfTest.inputLengths.flatMap((inputLength) => {
        const input = sequenceOf(inputLength, inputLength)
        return [unkeyed(input, length), keyed(input, sequenceOf(length, length))]
      }),
    )
    assert.equal(hexOf(suite.hash(...digests)), selfTest.digest)
  })

  test(`${name}: the key derivation gives what wireguard-go's does`, () => {
    for (const { key, input, outputs } of vectors('wireguard-go/kdf') as {
      key: string
      input: string
      outputs: string[]
    }[]) {
      for (const count of [1, 2, 3] as const) {
        const derived = kdf(suite, bytesOfHex(key), bytesOfHex(input), count)
        assert.deepEqual(derived.map(hexOf), outputs.slice(0, count))
      }
    }
  })
}

test('both suites agree on everything', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  fc.assert(
    fc.property(
      bytes(32),
      bytes(12),
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 80 }),
      (key, nonce, text, data) => {
        assert.deepEqual(nodeSuite.seal(key, nonce, text, data), nobleSuite.seal(key, nonce, text, data))
        assert.deepEqual(nodeSuite.open(key, nonce, nobleSuite.seal(key, nonce, text, data), data), text)
        assert.deepEqual(nodeSuite.hash(text, data), nobleSuite.hash(concat(text, data)))
        assert.deepEqual(nodeSuite.hmac(data, text, key), nobleSuite.hmac(data, concat(text, key)))
      },
    ),
    { numRuns: 50 },
  )
  fc.assert(
    fc.property(bytes(32), bytes(32), (left, right) => {
      const [pair, twin] = [nodeSuite.dhKeyPair(left), nobleSuite.dhKeyPair(left)]
      assert.deepEqual(pair.publicKey, twin.publicKey)
      assert.deepEqual(nodeSuite.dh(pair, right), nobleSuite.dh(twin, right))
    }),
    { numRuns: 10 },
  )
})

test('secrets are equal only where every byte is', () => {
  const secret = sequenceOf(16, 1)
  assert.ok(nodeSuite.equal(secret, Uint8Array.from(secret)))
  for (let index = 0; index < secret.length; index++) {
    const other = Uint8Array.from(secret)
    other[index] ^= 0x80
    assert.ok(!nodeSuite.equal(secret, other))
  }
  assert.ok(!nodeSuite.equal(secret, secret.subarray(1)))
})

/** RFC 7693 appendix E: a Fibonacci-like generator of test bytes. */
function sequenceOf(length: number, seed: number): Uint8Array {
  let a = Math.imul(0xdead4bad, seed) >>> 0
  let b = 1
  return Uint8Array.from({ length }, () => {
    const sum = (a + b) >>> 0
    a = b
    b = sum
    return sum >>> 24
  })
}

function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../test/vectors/${name}.json`, import.meta.url), 'utf8'))
}

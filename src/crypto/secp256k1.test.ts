import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOfHex, hexOf, utf8 } from '#base/bytes.ts'
import { domainSeparator, structHash, typedDataDigest, typeHash, wordOfAddress, wordOfUint } from './eip712.ts'
import { keccak256 } from './keccak.ts'
import {
  addressOfPublicKey,
  createSigningKey,
  recoverAddress,
  signDigest,
  signingKeyOf,
  verifyDigest,
} from './secp256k1.ts'
import { systemRandom } from './system.ts'

const mail = JSON.parse(readFileSync(new URL('../../test/vectors/eip712/mail.json', import.meta.url), 'utf8')) as {
  privateKey: string
  address: string
  domain: { name: string; version: string; chainId: string; verifyingContract: string }
  domainSeparator: string
  from: { name: string; wallet: string }
  to: { name: string; wallet: string }
  contents: string
  digest: string
  signature: string
}
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

test('keccak256 is the original one, not SHA3-256', () => {
  assert.equal(hexOf(keccak256(utf8(''))), 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
  assert.equal(hexOf(keccak256(utf8('cow'))), mail.privateKey)
})

test('the Mail example of EIP-712 comes out, from domain to signature', () => {
  const person = 'Person(string name,address wallet)'
  const personOf = ({ name, wallet }: { name: string; wallet: string }) =>
    structHash(typeHash(person), keccak256(utf8(name)), wordOfAddress(wallet))
  const struct = structHash(
    typeHash(`Mail(Person from,Person to,string contents)${person}`),
    personOf(mail.from),
    personOf(mail.to),
    keccak256(utf8(mail.contents)),
  )
  const domain = { ...mail.domain, chainId: BigInt(mail.domain.chainId) }
  const separator = domainSeparator(domain)
  assert.equal(hexOf(separator), mail.domainSeparator)
  assert.equal(domainSeparator({ ...domain }), separator, 'cached by value')
  for (const other of [{ chainId: 2n }, { name: 'x' }, { version: '2' }, { verifyingContract: new Uint8Array(20) }]) {
    assert.notDeepEqual(domainSeparator({ ...domain, ...other }), separator)
  }

  const digest = typedDataDigest(separator, struct)
  assert.equal(hexOf(digest), mail.digest)
  const key = signingKeyOf(bytesOfHex(mail.privateKey))
  assert.equal(hexOf(key.address), mail.address)
  assert.equal(hexOf(signDigest(key.privateKey, digest)), mail.signature)
  assert.ok(verifyDigest(digest, bytesOfHex(mail.signature), key.address))
})

test('words have 32 bytes and hold their value', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 256n) - 1n), (value) => {
      assert.equal(BigInt(`0x${hexOf(wordOfUint(value))}`), value)
    }),
  )
  assert.throws(() => wordOfUint(-1n), RangeError)
  assert.throws(() => wordOfUint(1n << 256n), RangeError)
  assert.throws(() => wordOfAddress('0x00'), RangeError)
  assert.throws(() => structHash(new Uint8Array(32), new Uint8Array(31)), RangeError)
})

test('a fresh key signs, low s, and the signer is recovered', () => {
  for (let round = 0; round < 8; round++) {
    const key = createSigningKey(systemRandom)
    const digest = systemRandom.bytes(32)
    const signature = signDigest(key.privateKey, digest)
    assert.equal(signature.length, 65)
    assert.ok(BigInt(`0x${hexOf(signature.subarray(32, 64))}`) <= ORDER / 2n)
    assert.deepEqual(recoverAddress(digest, signature), { ok: true, value: key.address })
    assert.ok(!verifyDigest(systemRandom.bytes(32), signature, key.address))
    assert.ok(!verifyDigest(digest, signature, createSigningKey(systemRandom).address))
  }
  const key = createSigningKey(systemRandom)
  assert.equal(key.publicKey.length, 65)
  assert.deepEqual(addressOfPublicKey(key.publicKey), key.address)
})

test('a signature with high s, another v or no point is refused with its reason', () => {
  const digest = bytesOfHex(mail.digest)
  const signature = bytesOfHex(mail.signature)
  const changed = (change: (bytes: Uint8Array) => void) => {
    const bytes = Uint8Array.from(signature)
    change(bytes)
    const result = recoverAddress(digest, bytes)
    return result.ok ? 'ok' : result.error
  }
  const highS = bytesOfHex((ORDER - BigInt(`0x${mail.signature.slice(64, 128)}`)).toString(16).padStart(64, '0'))
  assert.equal(
    changed((bytes) => bytes.set(highS, 32)),
    'signature-high-s',
  )
  for (const v of [0, 1, 26, 29, 255])
    assert.equal(
      changed((bytes) => (bytes[64] = v)),
      'signature-format',
    )
  assert.equal(
    changed((bytes) => bytes.fill(0, 0, 32)),
    'signature-invalid',
  )
  assert.equal(
    changed((bytes) => bytes.fill(0, 32, 64)),
    'signature-invalid',
  )
  assert.equal(
    changed((bytes) => bytes.fill(0xff, 0, 32)),
    'signature-invalid',
  )
  assert.deepEqual(recoverAddress(digest, signature.subarray(1)), { ok: false, error: 'signature-format' })
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 60, maxLength: 70 }), (bytes) => {
      recoverAddress(digest, bytes)
    }),
    { numRuns: 30 },
  )
  assert.throws(() => signingKeyOf(new Uint8Array(32)), RangeError)
  assert.throws(() => signDigest(bytesOfHex(mail.privateKey), new Uint8Array(31)), RangeError)
})

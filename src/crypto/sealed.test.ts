import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOfHex, hexOf, utf8 } from '#base/bytes.ts'
import { hpkeContext, hpkeExport, hpkeOpen, hpkeSeal, openRequest, SEALED_OVERHEAD, sealRequest } from './sealed.ts'
import { systemRandom } from './system.ts'
import { dh, dhKeyPairOf } from './x25519.ts'

interface HpkeVectors {
  info: string
  skEm: string
  pkEm: string
  skRm: string
  pkRm: string
  enc: string
  key: string
  base_nonce: string
  exporter_secret: string
  encryptions: { sequence: number; plaintext: string; aad: string; ciphertext: string }[]
  exports: { context: string; length: number; value: string }[]
}

const vector = JSON.parse(
  readFileSync(new URL('../../test/vectors/rfc9180/a2-base.json', import.meta.url), 'utf8'),
) as HpkeVectors
const recipient = dhKeyPairOf(bytesOfHex(vector.skRm))
const info = bytesOfHex(vector.info)

test('the HPKE context is that of RFC 9180 A.2.1, from either side', () => {
  const ephemeral = dhKeyPairOf(bytesOfHex(vector.skEm))
  assert.equal(hexOf(ephemeral.publicKey), vector.enc)
  for (const shared of [dh(ephemeral, recipient.publicKey)!, dh(recipient, ephemeral.publicKey)!]) {
    const context = hpkeContext(shared, ephemeral.publicKey, recipient.publicKey, info)
    assert.equal(hexOf(context.key), vector.key)
    assert.equal(hexOf(context.baseNonce), vector.base_nonce)
    assert.equal(hexOf(context.exporterSecret), vector.exporter_secret)
    for (const { sequence, plaintext, aad, ciphertext } of vector.encryptions) {
      const sealed = hpkeSeal(context, sequence, bytesOfHex(plaintext), bytesOfHex(aad))
      assert.equal(hexOf(sealed), ciphertext)
      assert.equal(hexOf(hpkeOpen(context, sequence, sealed, bytesOfHex(aad))!), plaintext)
    }
    for (const { context: exporter, length, value } of vector.exports) {
      assert.equal(hexOf(hpkeExport(context, bytesOfHex(exporter), length)), value)
    }
  }
})

test('sealRequest makes the first message of RFC 9180 A.2.1 when its ephemeral key is that one', () => {
  const first = vector.encryptions[0]
  const { sealed } = sealRequest(recipient.publicKey, info, bytesOfHex(first.plaintext), {
    bytes: () => bytesOfHex(vector.skEm),
  })
  // The vector has associated data, which requests have not: the ciphertext is equal, the tag is not.
  assert.equal(hexOf(sealed.subarray(0, 32)), vector.enc)
  assert.equal(hexOf(sealed.subarray(32, -16)), first.ciphertext.slice(0, -32))
})

test('a request and its responses travel sealed, and only to each other', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (question, answer) => {
      const request = sealRequest(recipient.publicKey, info, question, systemRandom)
      assert.equal(request.sealed.length, question.length + SEALED_OVERHEAD)
      const opened = openRequest(bytesOfHex(vector.skRm), info, request.sealed)
      assert.ok(opened.ok)
      assert.deepEqual(opened.value.plaintext, question)
      const response = opened.value.sealResponse(answer, systemRandom)
      assert.equal(response.length, answer.length + SEALED_OVERHEAD)
      assert.deepEqual(request.openResponse(response), { ok: true, value: answer })

      const other = sealRequest(recipient.publicKey, info, question, systemRandom)
      assert.deepEqual(other.openResponse(response), { ok: false, error: 'sealed-tag' })
    }),
    { numRuns: 20 },
  )
})

test('what was changed, cut, meant for another key or another purpose does not open', () => {
  const request = sealRequest(recipient.publicKey, info, utf8('hello'), systemRandom)
  for (let index = 0; index < request.sealed.length; index++) {
    const forged = Uint8Array.from(request.sealed)
    // The top bit of a u-coordinate is masked (RFC 7748 §5); the bytes still enter the key schedule.
    forged[index] ^= index === 31 ? 0x80 : 1
    assert.equal(openRequest(recipient, info, forged).ok, false, `byte ${index}`)
  }
  assert.deepEqual(openRequest(recipient, utf8('other'), request.sealed), { ok: false, error: 'sealed-tag' })
  const stranger = dhKeyPairOf(new Uint8Array(32).fill(9))
  assert.deepEqual(openRequest(stranger, info, request.sealed), { ok: false, error: 'sealed-tag' })
  assert.deepEqual(openRequest(recipient, info, new Uint8Array(47)), { ok: false, error: 'sealed-length' })
  assert.deepEqual(openRequest(recipient, info, new Uint8Array(48)), { ok: false, error: 'sealed-key' })
  assert.deepEqual(request.openResponse(new Uint8Array(47)), { ok: false, error: 'sealed-length' })
  assert.throws(() => sealRequest(new Uint8Array(32), info, utf8('x'), systemRandom), RangeError)
})

test('random bytes never throw', () => {
  const request = sealRequest(recipient.publicKey, info, utf8('hello'), systemRandom)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      assert.equal(openRequest(recipient, info, bytes).ok, false)
      assert.equal(request.openResponse(bytes).ok, false)
    }),
  )
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOfHex, hexOf } from '#base/bytes.ts'
import { MAX_OFFER_BYTES, SIGNATURE_BYTES } from './constants.ts'
import { decodeContent, encodeContent } from './offer-content.ts'
import { nextSequence, offerFromText, offerToText, parseOffer, signOffer, type Offer } from './offer.ts'
import { DOMAIN, IDENTITY, sampleOffer } from './samples.ts'

interface Vector {
  readonly name: string
  readonly bytes: string
  readonly contentHash: string
  readonly signer: string
  readonly offer: Record<string, unknown>
}
const VECTORS = JSON.parse(
  readFileSync(new URL('../../test/vectors/offer/v1.json', import.meta.url), 'utf8'),
) as readonly Vector[]

/** Big integers and bytes as text, for comparing with the recorded file. */
function plain(offer: Offer): unknown {
  return JSON.parse(
    JSON.stringify(offer, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? hexOf(value) : value,
    ),
  )
}

test('recorded offers read as they were written', () => {
  assert.equal(VECTORS.length, 2)
  for (const vector of VECTORS) {
    const parsed = parseOffer(bytesOfHex(vector.bytes), DOMAIN)
    assert.ok(parsed.ok, vector.name)
    assert.equal(hexOf(parsed.value.contentHash), vector.contentHash)
    assert.equal(parsed.value.signer, vector.signer)
    assert.deepEqual(plain(parsed.value.offer), vector.offer)
    assert.equal(hexOf(signOffer(parsed.value.offer, IDENTITY, DOMAIN).bytes), vector.bytes)
  }
})

const offers: fc.Arbitrary<Offer> = fc
  .record({
    load: fc.nat(10_000),
    keyId: fc.nat(0xffff_ffff),
    sequence: fc.bigInt(0n, (1n << 64n) - 1n),
    region: fc.constantFrom('DE', 'US-CA', 'FR-75C', 'JP'),
    quote: fc.uint8Array({ maxLength: 1024 }),
    sealKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    protocols: fc.constantFrom<Offer['protocols']>(['wireguard'], ['wireguard', 'sstp'], ['openvpn', 77]),
    control: fc.constantFrom(['192.0.2.1:1'], ['[2001:db8::1]:65535', 'exit.example.org:5392']),
    nat: fc.constantFrom<Offer['nat']>('unknown', 'none', 'endpoint-dependent', 200),
    extensions: fc
      .uniqueArray(
        fc.record({ type: fc.nat(0x7fff), value: fc.uint8Array({ maxLength: 40 }) }, { noNullPrototype: true }),
        {
          selector: ({ type }) => type,
          maxLength: 4,
        },
      )
      .map((list) => list.sort((left, right) => left.type - right.type)),
  })
  .map((fields) => sampleOffer(fields))

test('decode(encode(x)) = x and the encoding is canonical', () => {
  fc.assert(
    fc.property(offers, (offer) => {
      const content = encodeContent(offer)
      const decoded = decodeContent(content)
      assert.ok(decoded.ok)
      assert.deepEqual(decoded.value, offer)
      assert.deepEqual(encodeContent(decoded.value), content)
    }),
  )
})

test('foreign bytes never throw, and what is accepted encodes to the same bytes', () => {
  const valid = signOffer(sampleOffer({}), IDENTITY, DOMAIN).bytes
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: MAX_OFFER_BYTES + 10 }),
        fc.record({ at: fc.nat(valid.length - 1), to: fc.nat(255), cut: fc.nat(20) }).map(({ at, to, cut }) => {
          const bytes = valid.slice(0, valid.length - cut)
          if (at < bytes.length) bytes[at] = to
          return bytes
        }),
      ),
      (bytes) => {
        parseOffer(bytes, DOMAIN)
        const content = bytes.subarray(0, Math.max(0, bytes.length - SIGNATURE_BYTES))
        const decoded = decodeContent(content)
        if (decoded.ok) assert.deepEqual(encodeContent(decoded.value), Uint8Array.from(content))
      },
    ),
    { numRuns: 400 },
  )
})

test('a changed bit is another signer or a refusal, never the same offer', () => {
  const { bytes } = signOffer(sampleOffer({}), IDENTITY, DOMAIN)
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice()
    changed[at] ^= 1
    const parsed = parseOffer(changed, DOMAIN)
    assert.ok(!parsed.ok || parsed.value.signer !== IDENTITY.key, `byte ${at}`)
  }
})

test('the same bytes for another chain or registry have another signer', () => {
  const { bytes } = signOffer(sampleOffer({}), IDENTITY, DOMAIN)
  for (const domain of [
    { ...DOMAIN, chainId: 2n },
    { ...DOMAIN, registry: `0x${'33'.repeat(20)}` },
  ]) {
    const parsed = parseOffer(bytes, domain)
    assert.ok(!parsed.ok || parsed.value.signer !== IDENTITY.key)
  }
})

test('refusals name what is wrong', () => {
  const content = encodeContent(sampleOffer({}))
  const withLists = (lists: readonly number[]): Uint8Array => Uint8Array.of(...content.subarray(0, 164), ...lists)
  const control = [11, ...new TextEncoder().encode('192.0.2.1:1')]
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [new Uint8Array(0), 'offer-truncated'],
    [Uint8Array.of(2, ...content.subarray(1)), 'offer-version'],
    [content.subarray(0, 100), 'offer-truncated'],
    [content.subarray(0, content.length - 1), 'offer-truncated'],
    [withLists([1, 1, 1, ...control, 0, 0]), 'ok'],
    [withLists([0, 1, ...control, 0, 0]), 'offer-format'],
    [withLists([2, 2, 1, 1, ...control, 0, 0]), 'offer-format'],
    [withLists([1, 0, 1, ...control, 0, 0]), 'offer-format'],
    [withLists([1, 1, 0, 0, 0]), 'offer-format'],
    [withLists([1, 1, 9, ...control, 0, 0]), 'offer-format'],
    [withLists([1, 1, 1, 3, 0x1b, 0x5b, 0x6d, 0, 0]), 'offer-format'],
    [withLists([1, 1, 1, ...control, 0xff, 0xff]), 'offer-format'],
    [withLists([1, 1, 1, ...control, 0, 0, 0x80, 0, 0, 0]), 'offer-critical-field'],
    [withLists([1, 1, 1, ...control, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0]), 'offer-format'],
    [withLists([1, 1, 1, ...control, 0, 0, 0, 2, 0, 9]), 'offer-truncated'],
  ]
  for (const [bytes, expected] of cases) {
    const decoded = decodeContent(bytes)
    assert.equal(decoded.ok ? 'ok' : decoded.error, expected, hexOf(bytes.subarray(164)))
  }
  for (const text of ['1.2.3.4:0', '1.2.3.4:65536', '1.2.3.4:01', 'a b:1', '[fe80::1%eth0]:1', 'x', '-a.example:1']) {
    assert.throws(() => encodeContent(sampleOffer({ control: [text] })), RangeError, text)
  }
})

test('as JSON text: exact base64 or a refusal', () => {
  const signed = signOffer(sampleOffer({}), IDENTITY, DOMAIN)
  const text = offerToText(signed)
  const parsed = offerFromText(text, DOMAIN)
  assert.ok(parsed.ok)
  assert.deepEqual(parsed.value.bytes, signed.bytes)
  for (const bad of ['', `${text}\n`, ` ${text}`, text.slice(1), '!'.repeat(40), 'A'.repeat(10_000)]) {
    assert.equal(offerFromText(bad, DOMAIN).ok, false)
  }
})

test('sequence numbers follow the clock and never repeat', () => {
  assert.equal(nextSequence(0n, 1_700_000_000_000), 1_700_000_000_000n)
  assert.equal(nextSequence(1_700_000_000_000n, 1_700_000_000_000), 1_700_000_000_001n)
  assert.equal(nextSequence(1_800_000_000_000n, 5), 1_800_000_000_001n)
})

/** Recorded bytes of our own formats (`test/vectors/adit-1`): a later release must still read them, in both roles. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat } from '#base/bytes.ts'
import { bytesOf, hexText, type Hex } from '#base/hex.ts'
import { units, unitsPerGibOf, ZERO_UNITS } from '#base/units/money.ts'
import { verifyDigest } from '#crypto/secp256k1.ts'
import { emitChallenge, emitFinish, emitVoucher, parseMeter, readingHash, type MeterMessage } from '../meter/index.ts'
import { DEFAULT_PARAMETERS, emitQuote, parseQuote, parseSignedQuote, quoteDigest, quoteHash } from '../tariff/index.ts'
import { startConsumer, stepConsumer } from './consumer.ts'
import { startProvider, stepProvider } from './provider.ts'
import { emitStatement, parseStatement, statementHash } from './session.ts'
import { cooperativeCloseDigest, voucherDigest } from './signer.ts'
import { VirtualClock, virtualFacts } from './virtual-session.ts'

const quoteVector = vector('quote') as { bytes: Hex; hash: Hex; digest: Hex; signer: Hex; signature: Hex; signed: Hex }
const challenges = vector('challenge') as { fields: unknown; bytes: Hex }[]
const vouchers = vector('voucher') as { fields: unknown; bytes: Hex; readingHash: Hex; digest: Hex; signer: Hex }[]
const finishes = vector('finish') as { fields: unknown; bytes: Hex }[]
const statements = vector('statement') as { fields: unknown; bytes: Hex; hash: Hex }[]
const digests = vector('digests') as Record<'channels' | 'channel' | 'reading' | 'amount' | 'voucher' | 'close', Hex>[]

test('datagrams: recorded bytes are read and written, also with unknown bytes behind them', () => {
  for (const { fields, bytes } of [...challenges, ...vouchers, ...finishes]) {
    for (const tail of [new Uint8Array(0), Uint8Array.of(9, 9, 9)]) {
      const parsed = parseMeter(concat(bytesOf(bytes), tail))
      assert.ok(parsed.ok)
      assert.deepEqual(plain(parsed.value), fields)
      assert.equal(hexText(emit(parsed.value)), bytes)
    }
  }
})

test('datagrams: another version or type, a short or an oversized one is dropped with its reason', () => {
  for (const { bytes } of [...challenges, ...vouchers, ...finishes]) {
    assert.deepEqual(parseMeter(changed(bytes, 0, 2)), { ok: false, error: 'meter-version' })
    assert.deepEqual(parseMeter(changed(bytes, 1, 9)), { ok: false, error: 'meter-type' })
    const whole = bytesOf(bytes)
    for (let length = 0; length < whole.length; length++) {
      assert.deepEqual(parseMeter(whole.subarray(0, length)), { ok: false, error: 'meter-length' })
    }
    assert.deepEqual(parseMeter(concat(whole, new Uint8Array(512))), { ok: false, error: 'meter-length' })
  }
  assert.deepEqual(parseMeter(changed(challenges[0].bytes, 102, 4)), { ok: false, error: 'meter-field' })
  const unknownReason = parseMeter(changed(challenges[1].bytes, 103, 200))
  assert.ok(unknownReason.ok && unknownReason.value.kind === 'challenge' && unknownReason.value.reason === 'none')
})

test('vouchers: hash of the reading, digest and signature are the recorded ones', () => {
  for (const { bytes, readingHash: hash, digest, signer } of vouchers) {
    const parsed = parseMeter(bytesOf(bytes))
    assert.ok(parsed.ok && parsed.value.kind === 'voucher')
    const { reading, channel, amount, signature } = parsed.value
    assert.equal(readingHash(reading), hash)
    const quote = parsedQuote()
    assert.equal(hexText(voucherDigest(quote, channel, amount, hash)), digest)
    assert.ok(verifyDigest(bytesOf(digest), bytesOf(signature), bytesOf(signer)))
  }
})

test('digests equal those of a generic typed-data encoder', () => {
  assert.equal(digests.length, 24)
  for (const entry of digests as ((typeof digests)[0] & { chainId: number; deadline: number })[]) {
    const domain = { chainId: BigInt(entry.chainId), channels: entry.channels }
    const amount = units(BigInt(entry.amount))
    assert.equal(hexText(voucherDigest(domain, entry.channel, amount, entry.reading)), entry.voucher)
    assert.equal(hexText(cooperativeCloseDigest(domain, entry.channel, amount, entry.deadline)), entry.close)
  }
})

test('quotes: fields, hash, digest and signature; unknown bytes are under the hash; other versions are refused', () => {
  const quote = parsedQuote()
  assert.deepEqual(plain(quote), (quoteVector as unknown as { fields: unknown }).fields)
  assert.equal(hexText(emitQuote(quote)), quoteVector.bytes)
  assert.equal(quoteHash(bytesOf(quoteVector.bytes)), quoteVector.hash)
  assert.equal(hexText(quoteDigest(bytesOf(quoteVector.bytes), quote)), quoteVector.digest)
  assert.ok(verifyDigest(bytesOf(quoteVector.digest), bytesOf(quoteVector.signature), bytesOf(quoteVector.signer)))
  const signed = parseSignedQuote(bytesOf(quoteVector.signed))
  assert.ok(signed.ok && signed.value.hash === quoteVector.hash && signed.value.signature === quoteVector.signature)

  const longer = concat(bytesOf(quoteVector.bytes), Uint8Array.of(1, 2, 3))
  assert.deepEqual(parseQuote(longer), { ok: true, value: quote })
  assert.notEqual(quoteHash(longer), quoteVector.hash)
  assert.deepEqual(parseQuote(changed(quoteVector.bytes, 0, 2)), { ok: false, error: 'quote-version' })
  assert.deepEqual(parseQuote(changed(quoteVector.bytes, 25, 0x61)), { ok: false, error: 'quote-region' })
  assert.deepEqual(parseQuote(changed(quoteVector.bytes, 105, 0xff)), { ok: false, error: 'quote-times' })
  assert.deepEqual(parseQuote(longer.subarray(0, 144)), { ok: false, error: 'quote-length' })
  assert.throws(() => emitQuote({ ...quote, priceUnitsPerGib: unitsPerGibOf(1n), region: 'nowhere' }), RangeError)
})

test('closing statements: bytes and hash; unknown bytes are ignored, other versions refused', () => {
  for (const { fields, bytes, hash } of statements) {
    const parsed = parseStatement(concat(bytesOf(bytes), Uint8Array.of(7)))
    assert.ok(parsed.ok)
    assert.deepEqual(plain(parsed.value), fields)
    assert.equal(hexText(emitStatement(parsed.value)), bytes)
    assert.equal(statementHash(parsed.value), hash)
    assert.deepEqual(parseStatement(changed(bytes, 0, 2)), { ok: false, error: 'statement-version' })
    assert.deepEqual(parseStatement(bytesOf(bytes).subarray(1)), { ok: false, error: 'statement-version' })
    assert.deepEqual(parseStatement(bytesOf(bytes).subarray(0, 172)), { ok: false, error: 'statement-length' })
  }
})

test('parsers never throw on any bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 600 })
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 3 }), (data, type) => {
      parseMeter(data)
      parseMeter(concat(Uint8Array.of(1, type), data))
      parseQuote(data)
      parseQuote(concat(Uint8Array.of(1), data))
      parseSignedQuote(data)
      parseStatement(concat(Uint8Array.of(1), data))
    }),
    { numRuns: 300 },
  )
})

test('both roles accept the recorded first challenge and its voucher', () => {
  const clock = new VirtualClock()
  const facts = virtualFacts({ signer: vouchers[0].signer })
  const agreement = {
    session: '5e'.repeat(16),
    quote: parsedQuote(),
    quoteHash: quoteVector.hash,
    baseUnits: ZERO_UNITS,
  }
  const shared = { agreement, facts, rttMs: 40, parameters: DEFAULT_PARAMETERS }

  const limits = { sessionUnits: units(1_000_000n), minuteUnits: units(1_000_000n) }
  const payer = { lastAmount: ZERO_UNITS, limits, disputedBytes: 0n, holdUnanswered: true }
  const none = { sentBytes: 0n, receivedBytes: 0n }
  const counters = { ...none, receivedPackets: 0n, billableReceivedBytes: 0n, lostPackets: 0n }
  const consumer = startConsumer({ ...shared, ...payer }, { clock })
  const challenge = bytesOf(challenges[0].bytes)
  const asked = stepConsumer(consumer, { kind: 'datagram', datagram: challenge, counters }, { clock }).outputs
  assert.deepEqual(
    asked.map((output) => output.kind),
    ['sign'],
  )

  const random = { bytes: () => new Uint8Array(32).fill(0xcc) }
  const deps = { clock, random }
  const started = stepProvider(
    startProvider({ ...shared, heldAmount: ZERO_UNITS }, deps),
    { kind: 'tick', counters: none },
    deps,
  )
  const sent = started.outputs.find((output) => output.kind === 'send')
  assert.equal(hexText(sent!.datagram), challenges[0].bytes)
  const datagram = bytesOf(vouchers[0].bytes)
  const judged = stepProvider(started.state, { kind: 'datagram', datagram, counters: none }, deps)
  const verify = judged.outputs.find((output) => output.kind === 'verify')
  assert.equal(hexText(verify!.digest), vouchers[0].digest)
  const valid = verifyDigest(verify!.digest, bytesOf(verify!.signature), bytesOf(verify!.signer))
  const accepted = stepProvider(judged.state, { kind: 'verified', job: verify!.job, valid, counters: none }, deps)
  // The record stands before the allowance and the service that it pays for.
  assert.deepEqual(
    accepted.outputs.map((output) => output.kind),
    ['record', 'allowance', 'event', 'service', 'event'],
  )
})

function emit(message: MeterMessage): Uint8Array {
  if (message.kind === 'challenge') return emitChallenge(message)
  return message.kind === 'voucher' ? emitVoucher(message) : emitFinish(message.session)
}

function parsedQuote() {
  const parsed = parseQuote(bytesOf(quoteVector.bytes))
  assert.ok(parsed.ok)
  return parsed.value
}

function changed(bytes: Hex, offset: number, value: number): Uint8Array {
  const copy = bytesOf(bytes)
  copy[offset] = value
  return copy
}

/** As JSON holds it: integers of any size are decimal text. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner)),
  )
}

function vector(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../test/vectors/adit-1/${name}.json`, import.meta.url), 'utf8'))
}

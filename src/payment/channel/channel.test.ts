/** Both machines against each other over virtual time (`virtual-session.ts`): honest paths, cheats, crashes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { units } from '#base/units/money.ts'
import type { Refusal } from '../meter/constants.ts'
import { readingHash } from '../meter/reading.ts'
import type { VoucherMessage } from '../meter/messages.ts'
import { virtualAgreement, virtualFacts, virtualSignature, type VirtualOptions } from './virtual-session.ts'
import { runVirtualSession, type VirtualResult } from './virtual-session.ts'
import { baseOfNextSession } from './session.ts'
import { voucherDigest } from './signer.ts'

const LINE: VirtualOptions = { seed: 1, seconds: 12, upBps: 20e6, downBps: 100e6, loss: 0, rttMs: 40, jitterMs: 3 }

test('honest loss of 0, 1 and 2 % never pauses for loss, from 1 Mbit/s to 1 Gbit/s', () => {
  for (const downBps of [1e6, 10e6, 100e6, 900e6]) {
    for (const loss of [0, 0.01, 0.02]) {
      const seconds = downBps === 900e6 ? 6 : 20
      const quote = { rateUpBps: BigInt(downBps / 10), rateDownBps: BigInt(downBps) }
      const result = runVirtualSession({ ...LINE, downBps, upBps: downBps / 10, loss, seconds, duplicate: 0.02, quote })
      const name = `${downBps / 1e6} Mbit/s, ${loss * 100} %`
      assert.ok(!isPausedFor(result, 'loss-disputed'), name)
      assert.equal(result.provider.phase.kind, 'open', name)
      // The line is used. At 900 Mbit/s the window's cap in money is 0.43 s: a lost challenge stalls it for a moment.
      assert.ok(
        Number(result.sentDown) * 8 > downBps * seconds * (downBps > 5e8 ? 0.85 : 0.93),
        `${name}: ${result.sentDown}`,
      )
      checkBounds(result, name)
    }
  }
})

test('an upload runs at the rate of the line', () => {
  const quote = { rateUpBps: 100_000_000n, rateDownBps: 100_000_000n }
  const result = runVirtualSession({ ...LINE, upBps: 100e6, downBps: 2e6, quote, loss: 0.01 })
  assert.ok(result.usefulUp > 130_000_000n, String(result.usefulUp))
  checkBounds(result, 'upload')
})

test('8 % loss at 100 Mbit/s pauses with loss-disputed', () => {
  for (const seed of [1, 2, 3]) {
    const result = runVirtualSession({ ...LINE, seed, loss: 0.08 })
    assert.equal(result.provider.phase.kind, 'paused')
    assert.ok(isPausedFor(result, 'loss-disputed'))
    assert.ok(result.consumerEvents.some((event) => event.kind === 'paused' && event.reason === 'loss-disputed'))
    checkBounds(result, `seed ${seed}`)
  }
})

test('a consumer that is ready to pay disputed bytes goes on', () => {
  const disputed = runVirtualSession({ ...LINE, seconds: 6, loss: 0.08 })
  const paid = runVirtualSession({ ...LINE, seconds: 6, loss: 0.08, consumer: { disputedBytes: 1_000_000n } })
  assert.ok(paid.usefulDown > disputed.usefulDown)
  assert.ok(paid.provider.acceptedVouchers > disputed.provider.acceptedVouchers)
})

test('nothing is served before the first voucher, and the close settles what was used', () => {
  const silent = runVirtualSession({ ...LINE, tapVoucher: () => [] })
  assert.equal(silent.provider.phase.kind, 'awaiting')
  assert.equal(silent.sentDown + silent.usefulUp, 0n)

  const result = runVirtualSession({ ...LINE, loss: 0.01, finishAtMs: 8_000 })
  assert.equal(result.provider.phase.kind, 'closed')
  const { final } = result
  assert.ok(final !== undefined)
  assert.equal(final.amount, 1_000n + ceilDiv(107_000n * (final.reading.up + final.reading.down), 1n << 30n))
  assert.equal(final.reading.down, result.usefulDown)
  assert.equal(final.reading.up, result.usefulUp)
  assert.ok(final.amount <= result.consumer.lastAmount)
  assert.deepEqual(result.providerEvents.at(-1), { kind: 'closed', statement: final })
})

test('the unused window is credit for the next session of the channel, and the voucher never falls', () => {
  const first = runVirtualSession({ ...LINE, finishAtMs: 4_000, seconds: 6 })
  const base = first.final!.amount
  const held = first.consumer.lastAmount
  assert.ok(base < held)
  const second = runVirtualSession({
    ...LINE,
    seconds: 6,
    finishAtMs: 4_000,
    consumer: { agreement: virtualAgreement({}, base), lastAmount: held },
    provider: { heldAmount: held },
  })
  assert.equal(second.final!.baseUnits, base)
  assert.ok(second.records.every((record) => record.voucher.amount >= held))
  const used = ceilDiv(107_000n * (second.usefulUp + second.usefulDown), 1n << 30n)
  assert.equal(second.final!.amount, base + 1_000n + used)
})

test('a consumer that stops signing, signs less, replays, forges or names another channel gains at most a window', () => {
  const signed: VoucherMessage[] = []
  const cheats: Record<string, NonNullable<VirtualOptions['tapVoucher']>> = {
    'stops signing': (voucher) => (voucher.reading.seq > 8 ? [] : [voucher]),
    'signs a lower amount': (voucher, forge) =>
      voucher.reading.seq > 8 ? [resign({ ...voucher, amount: units(1_700n) }, forge)] : [voucher],
    'signs an amount that is short': (voucher, forge) =>
      voucher.reading.seq > 8
        ? [resign({ ...voucher, reading: { ...voucher.reading, up: voucher.reading.up + 50_000_000n } }, forge)]
        : [voucher],
    'claims to have received less': (voucher, forge) =>
      voucher.reading.seq > 8
        ? [resign({ ...voucher, reading: { ...voucher.reading, down: (voucher.reading.down * 8n) / 10n } }, forge)]
        : [voucher],
    'says that it sent less': (voucher, forge) =>
      voucher.reading.seq > 8
        ? [resign({ ...voucher, reading: { ...voucher.reading, up: voucher.reading.up / 2n } }, forge)]
        : [voucher],
    'replays an old voucher': (voucher) => {
      signed.push(voucher)
      return voucher.reading.seq > 8 ? [signed[3]] : [voucher]
    },
    'forges the signature': (voucher, forge) =>
      voucher.reading.seq > 8 ? [resign(voucher, (digest) => forge(digest, 7))] : [voucher],
    'names another channel': (voucher, forge) =>
      voucher.reading.seq > 8 ? [resign({ ...voucher, channel: `0x${'dd'.repeat(32)}` }, forge)] : [voucher],
    'names another quote': (voucher, forge) =>
      voucher.reading.seq > 8
        ? [resign({ ...voucher, reading: { ...voucher.reading, quote: `0x${'dd'.repeat(32)}` } }, forge)]
        : [voucher],
    'signs above the deposit': (voucher, forge) =>
      voucher.reading.seq > 8 ? [resign({ ...voucher, amount: units(2_000_001n) }, forge)] : [voucher],
  }
  for (const [name, tapVoucher] of Object.entries(cheats)) {
    signed.length = 0
    const result = runVirtualSession({ ...LINE, tapVoucher })
    assert.equal(result.provider.phase.kind, 'paused', name)
    const code = CODES[name]
    assert.ok(code === undefined || (result.provider.refusals[code] ?? 0) > 0, `${name}: ${code} was not given`)
    assert.ok(result.providerLoss <= result.window, `${name}: provider lost ${result.providerLoss} of ${result.window}`)
    assert.ok(result.usefulDown < 80_000_000n, `${name}: served ${result.usefulDown}`)
  }
})

test('a forged or foreign voucher leaves an honest session unharmed', () => {
  const result = runVirtualSession({
    ...LINE,
    tapVoucher: (voucher, forge) => [
      resign({ ...voucher, channel: `0x${'dd'.repeat(32)}` }, forge),
      { ...voucher, reading: { ...voucher.reading, session: '00'.repeat(16) } },
      voucher,
    ],
  })
  assert.equal(result.provider.phase.kind, 'open')
  assert.ok((result.provider.refusals['voucher-channel'] ?? 0) > 10)
  assert.ok((result.provider.refusals['voucher-session'] ?? 0) > 10)
})

test('more than four vouchers a second are refused before they are verified', () => {
  const result = runVirtualSession({
    ...LINE,
    seconds: 4,
    tapVoucher: (voucher) => Array.from({ length: 20 }, () => voucher),
  })
  assert.ok((result.provider.refusals['voucher-rate'] ?? 0) > 50)
  assert.ok(result.provider.nextJob <= 4 + 4 * 4 + 1)
  assert.equal(result.provider.phase.kind, 'open')
})

test('a provider that says it received more than was sent is stopped, and got at most a window', () => {
  const result = runVirtualSession({
    ...LINE,
    tapChallenge: (challenge) =>
      challenge.seq > 8 ? [{ ...challenge, upReceived: challenge.upReceived + 50_000_000n }] : [challenge],
  })
  assert.deepEqual(result.consumer.phase, { kind: 'stopped', code: 'provider-over-reports' })
  checkBounds(result, 'over-reports up')
})

test('a provider that says it sent more than arrived is not paid for it, and the consumer is told how much', () => {
  const result = runVirtualSession({
    ...LINE,
    tapChallenge: (challenge) => [{ ...challenge, downSent: challenge.downSent + BigInt(challenge.seq) * 500_000n }],
  })
  checkBounds(result, 'over-reports down')
})

test('a provider that names an amount that was never signed is stopped', () => {
  const result = runVirtualSession({
    ...LINE,
    tapChallenge: (challenge) =>
      challenge.seq > 8
        ? [{ ...challenge, acceptedAmount: units(challenge.acceptedAmount + 1_000_000n) }]
        : [challenge],
  })
  assert.deepEqual(result.consumer.phase, { kind: 'stopped', code: 'provider-accepted-unknown' })
})

test('a provider that injects junk is not paid for it', () => {
  const result = runVirtualSession({ ...LINE, injectBps: 50e6 })
  assert.ok(isPausedFor(result, 'loss-disputed'))
  const paused = result.consumerEvents.find((event) => event.kind === 'paused' && event.reason === 'loss-disputed')
  assert.ok(paused?.kind === 'paused' && paused.unexplainedBytes > 100_000n)
  checkBounds(result, 'junk')
})

test('a provider that stops serving keeps at most a window', () => {
  for (const swallowFromMs of [0, 1_000, 3_333]) {
    const result = runVirtualSession({ ...LINE, swallowFromMs })
    assert.ok(result.consumerEvents.some((event) => event.kind === 'held' && event.code === 'provider-not-serving'))
    checkBounds(result, `swallows from ${swallowFromMs}`)
  }
  const silent = runVirtualSession({
    ...LINE,
    seconds: 20,
    tapChallenge: (challenge, now) => (now > 2_000 ? [] : [challenge]),
  })
  assert.ok(silent.consumerEvents.some((event) => event.kind === 'provider-silent'))
  checkBounds(silent, 'goes silent')
})

test('a provider that keeps the money and says unpaid is told apart', () => {
  const result = runVirtualSession({
    ...LINE,
    seconds: 20,
    tapChallenge: (challenge, now) =>
      now > 3_000 ? [{ ...challenge, state: 'paused', reason: 'unpaid' }] : [challenge],
  })
  assert.ok(result.consumerEvents.some((event) => event.kind === 'provider-withholds'))
})

test('limits and the deposit end the signing, each with its name', () => {
  const limits = { sessionUnits: units(4_000n), minuteUnits: units(10_000_000n) }
  const session = runVirtualSession({ ...LINE, consumer: { limits } })
  assert.ok(session.consumerEvents.some((event) => event.kind === 'held' && event.code === 'limit-session'))
  assert.equal(session.consumer.lastAmount, 4_000n)
  const perMinute = { sessionUnits: units(10_000_000n), minuteUnits: units(5_000n) }
  const minute = runVirtualSession({
    ...LINE,
    seconds: 100,
    upBps: 1e6,
    downBps: 60e6,
    consumer: { limits: perMinute },
  })
  assert.ok(minute.consumerEvents.some((event) => event.kind === 'held' && event.code === 'limit-minute'))
  assert.ok(minute.consumerEvents.some((event) => event.kind === 'resumed'))
  assert.ok(
    minute.consumer.lastAmount > 5_000n && minute.consumer.lastAmount <= 10_000n,
    `${minute.consumer.lastAmount}`,
  )

  const facts = virtualFacts({ deposit: units(6_000n) })
  const deposit = runVirtualSession({ ...LINE, consumer: { facts }, provider: { facts } })
  assert.ok(isPausedFor(deposit, 'deposit-exhausted'))
  assert.ok(deposit.consumerEvents.some((event) => event.kind === 'top-up-wanted'))
  assert.equal(deposit.consumer.lastAmount, 6_000n)
})

test('a channel that is being closed or that expires pauses service and asks for the claim', () => {
  for (const [facts, reason] of [
    [virtualFacts({ closeAt: 1_900_100_000 }), 'channel-closing'],
    [virtualFacts({ expiry: 1_900_000_100 }), 'expired'],
  ] as const) {
    const result = runVirtualSession({ ...LINE, seconds: 2, provider: { facts } })
    assert.deepEqual(result.provider.phase, { kind: 'paused', reason })
    assert.equal(result.providerEvents.filter((event) => event.kind === 'claim-wanted').length, 1)
    assert.equal(result.sentDown, 0n)
  }
})

test('property: on any honest path nobody loses more than a window, and the line is not stopped for loss', () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.nat(),
        upBps: fc.integer({ min: 100_000, max: 100_000_000 }),
        downBps: fc.integer({ min: 100_000, max: 150_000_000 }),
        loss: fc.double({ min: 0, max: 0.02, noNaN: true }),
        rttMs: fc.integer({ min: 2, max: 300 }),
        jitterMs: fc.integer({ min: 0, max: 30 }),
        duplicate: fc.double({ min: 0, max: 0.1, noNaN: true }),
      }),
      (path) => {
        const result = runVirtualSession({ ...path, seconds: 5 })
        assert.ok(!isPausedFor(result, 'loss-disputed'))
        assert.notEqual(result.consumer.phase.kind, 'stopped')
        checkBounds(result, JSON.stringify(path))
        checkRestart(result)
      },
    ),
    { numRuns: 40 },
  )
})

test('property: whatever a provider puts into its challenges, the consumer pays at most a window too much', () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.nat(),
        up: fc.bigInt({ min: -5_000_000n, max: 5_000_000n }),
        down: fc.bigInt({ min: -5_000_000n, max: 50_000_000n }),
        accepted: fc.bigInt({ min: -1_000n, max: 1_000n }),
        from: fc.integer({ min: 1, max: 10 }),
        swallowFromMs: fc.integer({ min: 0, max: 5_000 }),
        injectBps: fc.integer({ min: 0, max: 50_000_000 }),
      }),
      ({ up, down, accepted, from, ...rest }) => {
        const result = runVirtualSession({
          ...LINE,
          ...rest,
          seconds: 5,
          tapChallenge: (challenge) => [
            challenge.seq < from
              ? challenge
              : {
                  ...challenge,
                  upReceived: floor(challenge.upReceived + up),
                  downSent: floor(challenge.downSent + down),
                  acceptedAmount: units(floor(challenge.acceptedAmount + accepted)),
                },
          ],
        })
        // Only the receiver can count the way up: what was lost there, a liar can claim.
        const claimed = ceilDiv(107_000n * result.lostUp, 1n << 30n)
        checkConsumer(
          { ...result, consumerLoss: result.consumerLoss - claimed },
          JSON.stringify({ up: String(up), down: String(down), from, ...rest }),
        )
      },
    ),
    { numRuns: 40 },
  )
})

test('property: whatever a consumer signs, the provider serves at most a window unpaid, loss within the tolerance apart', () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.nat(),
        amount: fc.bigInt({ min: -2_000n, max: 2_000n }),
        up: fc.bigInt({ min: -2_000_000n, max: 2_000_000n }),
        down: fc.bigInt({ min: -9_000_000n, max: 2_000_000n }),
        key: fc.integer({ min: 0, max: 1 }),
        from: fc.integer({ min: 1, max: 10 }),
      }),
      ({ amount, up, down, key, from, seed }) => {
        const result = runVirtualSession({
          ...LINE,
          seed,
          seconds: 5,
          tapVoucher: (voucher, forge) => [
            voucher.reading.seq < from
              ? voucher
              : resign(
                  {
                    ...voucher,
                    amount: units(floor(voucher.amount + amount)),
                    reading: {
                      ...voucher.reading,
                      up: floor(voucher.reading.up + up),
                      down: floor(voucher.reading.down + down),
                    },
                  },
                  (digest) => forge(digest, key),
                ),
          ],
        })
        const tolerated = (result.sentDown * 3n) / 100n + 65_536n
        const forgiven = ceilDiv(107_000n * tolerated, 1n << 30n)
        assert.ok(result.providerLoss <= result.window + forgiven, `${result.providerLoss} of ${result.window}`)
      },
    ),
    { numRuns: 40 },
  )
})

/** The code that each cheat gets. */
const CODES: Readonly<Partial<Record<string, Refusal>>> = {
  'signs a lower amount': 'voucher-amount-lower',
  'signs an amount that is short': 'voucher-amount-short',
  'claims to have received less': 'voucher-loss',
  'says that it sent less': 'voucher-up',
  'replays an old voucher': 'voucher-challenge',
  'forges the signature': 'voucher-signature',
  'names another channel': 'voucher-channel',
  'names another quote': 'voucher-quote',
  'signs above the deposit': 'voucher-amount-deposit',
}

/** Nobody is worse off than by one window. The session fee belongs to a session that took place. */
function checkBounds(result: VirtualResult, name: string): void {
  checkConsumer(result, name)
  // A step of the virtual engine carries up to one packet beyond the allowance, as a batch of the real one does.
  assert.ok(result.providerLoss <= 1n, `${name}: provider lost ${result.providerLoss}`)
}

function checkConsumer(result: VirtualResult, name: string): void {
  assert.ok(result.consumerLoss <= result.window, `${name}: consumer lost ${result.consumerLoss} of ${result.window}`)
}

/** After a crash the money is what the last signed voucher says: both stores agree to within what was under way. */
function checkRestart(result: VirtualResult): void {
  const payer = result.records.filter((record) => record.role === 'payer').at(-1)?.voucher.amount
  const payee = result.records.filter((record) => record.role === 'payee').at(-1)?.voucher.amount
  assert.equal(payer ?? 0n, result.consumer.lastAmount)
  assert.equal(payee ?? 0n, result.provider.acceptedAmount)
  assert.ok((payee ?? 0n) <= (payer ?? 0n))
  if (payee === undefined) return
  assert.equal(baseOfNextSession({ voucher: payee, statement: undefined }, units(0n)), payee)
}

function isPausedFor(result: VirtualResult, reason: string): boolean {
  return result.providerEvents.some((event) => event.kind === 'paused' && event.reason === reason)
}

function resign(voucher: VoucherMessage, forge: (digest: Uint8Array) => `0x${string}`): VoucherMessage {
  const { quote } = virtualAgreement()
  const digest = voucherDigest(quote, voucher.channel, voucher.amount, readingHash(voucher.reading))
  return { ...voucher, signature: forge(digest) }
}

function floor(value: bigint): bigint {
  return value < 0n ? 0n : value
}

function ceilDiv(left: bigint, right: bigint): bigint {
  return (left + right - 1n) / right
}

assert.notEqual(virtualSignature(new Uint8Array(32), 0), virtualSignature(new Uint8Array(32), 1))

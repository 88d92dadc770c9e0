import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AditError } from '#base/errors.ts'
import { units, unitsPerGibOf } from '#base/units/money.ts'
import type { ClosingStatement, VoucherRecord } from '#payment/channel/session.ts'
import { readingHash, type Reading } from '#payment/meter/reading.ts'
import { emitQuote, quoteHash, type Quote } from '#payment/tariff/quote.ts'
import { openStore, type NewSession, type StoredChannel, type StoredTransaction } from './index.ts'

const CHANNEL = `0x${'c4'.repeat(32)}` as const
const SESSION = '5e'.repeat(16)
const PAYER = `0x${'9a'.repeat(20)}` as const
const PROVIDER = `0x${'70'.repeat(20)}` as const
const QUOTE = `0x${'0a'.repeat(32)}` as const
const NOW_MS = 1_900_000_000_000

test('what is written is there after a restart, and every sum adds up', (context) => {
  const path = temporaryStore(context)
  {
    using store = openStore(path)
    store.channels.put(channel())
    store.sessions.insert(session())
    store.sessions.setState(SESSION, 'payee', 'open', undefined)
    store.vouchers.record(record(1, 1_700n, { up: 10_000n, down: 2_000_000n }))
    store.vouchers.record(record(2, 2_400n, { up: 20_000n, down: 5_000_000n }))
    store.transactions.put(transaction())
    store.settings.put('last-good-time', String(NOW_MS))
    store.settings.putCursor('31337:0xabc', { block: 7, hash: QUOTE })
    store.events.append({ atMs: NOW_MS, session: SESSION, code: 'paused', fields: { reason: 'unpaid' } })
  }
  using store = openStore(path)
  assert.deepEqual(store.channels.find(CHANNEL, 'payee'), channel())
  assert.equal(store.channels.find(CHANNEL, 'payer'), undefined)
  const stored = store.sessions.find(SESSION)
  assert.equal(stored?.vouchers, 2)
  // ceil(107000 x 5020000 / 2^30) = 501
  assert.equal(stored.due, 1_501n)
  assert.equal(stored.paid, 2_300n)
  assert.deepEqual(store.sessions.sums('payee'), { sessions: 1, up: 20_000n, down: 5_000_000n, due: 1_501n })
  assert.equal(store.sessions.days('payee', 0)[0].day, '2030-03-17')
  assert.equal(store.vouchers.last(CHANNEL, 'payee')?.amount, 2_400n)
  assert.deepEqual(
    store.vouchers.readings(SESSION, 'payee', 20).map((entry) => [entry.reading.seq, entry.amount]),
    [
      [2, 2_400n],
      [1, 1_700n],
    ],
  )
  assert.deepEqual(store.transactions.ofChannel(CHANNEL), [transaction()])
  assert.equal(store.transactions.forgetAbove(11), 1)
  assert.equal(store.transactions.list(1)[0].status, 'reorged')
  assert.deepEqual(store.settings.cursor('31337:0xabc'), { block: 7, hash: QUOTE })
  assert.deepEqual(store.events.list({ session: SESSION, limit: 1 })[0].fields, { reason: 'unpaid' })
})

test('the base of the next session is the closing amount, or the last voucher where a session broke off', (context) => {
  using store = openStore(temporaryStore(context))
  assert.equal(store.vouchers.nextBase(CHANNEL, 'payee'), 0n)
  store.sessions.insert(session())
  store.vouchers.record(record(1, 1_700n))
  assert.equal(store.vouchers.nextBase(CHANNEL, 'payee'), 1_700n)
  store.vouchers.recordClosing('payee', statement(1_203n), NOW_MS + 5)
  assert.equal(store.vouchers.nextBase(CHANNEL, 'payee'), 1_203n)
  assert.equal(store.vouchers.last(CHANNEL, 'payee')?.amount, 1_700n)
  assert.equal(store.vouchers.readings(SESSION, 'payee', 1)[0].isFinal, true)
  assert.equal(store.sessions.find(SESSION)?.state, 'ended')
  // The next session signs on: what was agreed for the one before no longer bounds what is owed.
  store.vouchers.record({ ...record(1, 2_900n), reading: { ...reading(1), session: '5f'.repeat(16) } })
  assert.equal(store.vouchers.nextBase(CHANNEL, 'payee'), 2_900n)
})

test('an amount never goes back, and a failed transaction leaves nothing', (context) => {
  using store = openStore(temporaryStore(context))
  store.vouchers.record(record(5, 1_700n))
  assert.throws(() => store.vouchers.record(record(6, 1_699n)), RangeError)
  assert.equal(store.vouchers.readings(SESSION, 'payee', 9).length, 1)
  assert.throws(() =>
    store.transaction(() => {
      store.vouchers.record(record(7, 1_800n))
      throw new Error('the outer work failed')
    }),
  )
  assert.equal(store.vouchers.last(CHANNEL, 'payee')?.amount, 1_700n)
})

test('readings are kept for the newest 64 and the final one', (context) => {
  using store = openStore(temporaryStore(context))
  for (let seq = 1; seq <= 100; seq++) store.vouchers.record(record(seq, 1_000n + BigInt(seq)))
  const kept = store.vouchers.readings(SESSION, 'payee', 1_000)
  assert.equal(kept.length, 64)
  assert.equal(kept[63].reading.seq, 37)
})

test('request and offer sequences only rise', (context) => {
  using store = openStore(temporaryStore(context))
  store.channels.put(channel())
  assert.equal(store.channels.takeSequence(CHANNEL, 'payee', 10n), true)
  assert.equal(store.channels.takeSequence(CHANNEL, 'payee', 10n), false)
  assert.equal(store.channels.takeSequence(CHANNEL, 'payee', 9n), false)
  assert.equal(store.channels.takeSequence(CHANNEL, 'payee', 1n << 63n), false)
  assert.equal(store.channels.nextSequence(CHANNEL, 'payee', 5), 11n)
  assert.equal(store.channels.nextSequence(CHANNEL, 'payee', 500), 500n)
  assert.equal(store.settings.increase('offer-sequence', 7n), 7n)
  assert.equal(store.settings.increase('offer-sequence', 3n), 8n)
})

test('signed quotes and the outbox come back as they were', (context) => {
  using store = openStore(temporaryStore(context))
  const bytes = emitQuote(quote())
  store.quotes.put({ quote: quote(), bytes, hash: quoteHash(bytes), signature: `0x${'51'.repeat(65)}` }, NOW_MS)
  assert.deepEqual(store.quotes.find(quoteHash(bytes))?.quote, quote())
  assert.equal(store.quotes.find(QUOTE), undefined)
  const entry = { key: 'open:1', account: PAYER, isPending: true, record: '{"nonce":1}' }
  store.outbox.put(entry, NOW_MS)
  assert.deepEqual(store.outbox.pending(PAYER), [entry])
  store.outbox.put({ ...entry, isPending: false }, NOW_MS)
  assert.deepEqual(store.outbox.pending(PAYER), [])
  assert.equal(store.outbox.byKey('open:1')?.isPending, false)
})

test('sessions that a crash left running are ended at the next start', (context) => {
  using store = openStore(temporaryStore(context))
  store.sessions.insert(session())
  assert.equal(store.sessions.endAll('daemon-restarted', NOW_MS), 1)
  assert.equal(store.sessions.endAll('daemon-restarted', NOW_MS), 0)
  assert.equal(store.sessions.list({ limit: 5 })[0].reason, 'daemon-restarted')
})

test('two daemons never open one store; a reader may look', (context) => {
  const path = temporaryStore(context)
  using store = openStore(path)
  store.settings.put('colour', 'slate')
  assert.throws(() => openStore(path), hasCode('store-locked'))
  using reader = openStore(path, { readOnly: true })
  assert.equal(reader.settings.find('colour'), 'slate')
  assert.throws(() => reader.settings.put('colour', 'chalk'))
  store.close()
  openStore(path).close()
})

test('a damaged, foreign, newer or unreachable file is refused with a code', (context) => {
  const path = temporaryStore(context)
  writeFileSync(path, 'this is a text that somebody put here, longer than a header of a database file. '.repeat(20))
  assert.throws(() => openStore(path), hasCode('store-corrupt'))
  const newer = temporaryStore(context)
  openStore(newer).close()
  const database = new DatabaseSync(newer)
  database.exec('PRAGMA user_version = 999')
  database.close()
  assert.throws(() => openStore(newer), hasCode('store-newer'))
  assert.throws(() => openStore(join(path, 'below', 'a-file')), hasCode('store-unavailable'))
  assert.throws(() => openStore(`${newer}-none`, { readOnly: true }), hasCode('store-missing'))
})

test('after kill -9 in the middle of writes, the last voucher that was acted on is there', async (context) => {
  for (const delayMs of [20, 70]) {
    const path = temporaryStore(context)
    const child = spawn(process.execPath, [fileURLToPath(new URL('crash-child.ts', import.meta.url)), path])
    let printed = ''
    let isKilled = false
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString('latin1')
      if (isKilled) return
      isKilled = true
      setTimeout(() => child.kill('SIGKILL'), delayMs)
    })
    await new Promise((resolve) => child.on('close', resolve))
    const acted = BigInt(printed.split('\n').at(-2) ?? '0')
    assert.ok(acted >= 1n)
    using store = openStore(path)
    const last = store.vouchers.last(CHANNEL, 'payee')
    // One more may be committed than was printed; never fewer.
    assert.ok(last !== undefined && (last.amount === acted || last.amount === acted + 1n), `${last?.amount} ${acted}`)
    assert.equal(store.vouchers.readings(SESSION, 'payee', 1)[0].amount, last.amount)
  }
})

function temporaryStore(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-store-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'state.db')
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof AditError && error.code === code && error.message !== ''
}

function channel(): StoredChannel {
  return {
    channel: CHANNEL,
    role: 'payee',
    chainId: 31_337,
    contract: `0x${'33'.repeat(20)}`,
    payer: PAYER,
    signer: `0x${'51'.repeat(20)}`,
    provider: PROVIDER,
    salt: undefined,
    deposit: units(2_000_000n),
    claimed: units(0n),
    feeBps: 300,
    state: 'open',
    closeAt: undefined,
    expiry: 1_907_776_000,
    updatedAtMs: NOW_MS,
  }
}

function session(): NewSession {
  return {
    session: SESSION,
    role: 'payee',
    channel: CHANNEL,
    quote: QUOTE,
    payer: PAYER,
    provider: PROVIDER,
    baseUnits: units(100n),
    sessionFeeUnits: units(1_000n),
    priceUnitsPerGib: unitsPerGibOf(107_000n),
    startedAtMs: NOW_MS,
  }
}

function reading(seq: number, change: Partial<Reading> = {}): Reading {
  const counters = { up: 0n, down: 0n, lost: 0n }
  return { session: SESSION, seq, ...counters, quote: QUOTE, challenge: QUOTE, timeMs: NOW_MS, ...change }
}

function record(seq: number, amount: bigint, change: Partial<Reading> = {}): VoucherRecord {
  const answer = reading(seq, change)
  const signature = `0x${'51'.repeat(65)}` as const
  return {
    role: 'payee',
    voucher: { channel: CHANNEL, amount: units(amount), reading: readingHash(answer), signature },
    reading: answer,
    baseUnits: units(100n),
    writtenOff: 0n,
    atMs: NOW_MS + seq,
  }
}

function statement(amount: bigint): ClosingStatement {
  return { channel: CHANNEL, reading: reading(1), baseUnits: units(100n), amount: units(amount) }
}

function transaction(): StoredTransaction {
  return {
    hash: `0x${'77'.repeat(32)}`,
    kind: 'claim',
    channel: CHANNEL,
    session: undefined,
    status: 'included',
    block: 12,
    amount: units(2_400n),
    totalAfter: units(2_400n),
    fee: units(72n),
    tip: units(0n),
    refund: units(0n),
    gasUsed: 82_900n,
    gasPrice: undefined,
    atMs: NOW_MS,
  }
}

function quote(): Quote {
  return {
    version: 1,
    provider: PROVIDER,
    nodeKeyId: 3,
    region: 'US-CA',
    priceUnitsPerGib: unitsPerGibOf(107_000n),
    sessionFeeUnits: units(1_000n),
    token: `0x${'22'.repeat(20)}`,
    chainId: 31_337n,
    channels: `0x${'33'.repeat(20)}`,
    issuedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 3_600_000,
    sequence: 1n,
    rateUpBps: 0n,
    rateDownBps: 50_000_000n,
  }
}

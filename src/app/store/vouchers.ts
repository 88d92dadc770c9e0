/**
 * Vouchers and readings. `record` is the write that stands before every voucher that is sent and every byte that is
 * served: the channel's newest voucher, the reading behind it and the session's sums, in one commit.
 */
import type { Millis } from '#base/clock.ts'
import type { Hash32, Hex } from '#base/hex.ts'
import type { TokenUnits } from '#base/units/money.ts'
import type { ClosingStatement, SignedVoucher, VoucherRecord } from '#payment/channel/session.ts'
import { baseOfNextSession } from '#payment/channel/session.ts'
import { readingHash, type Reading, type SessionId } from '#payment/meter/reading.ts'
import { ZERO_UNITS } from '#base/units/money.ts'
import type { MoneyRole } from './channels.ts'
import type { Database } from './open.ts'
import { amount, bigint, hex, number, optionalAmount, text, type Row } from './rows.ts'

export interface StoredVoucher extends SignedVoucher {
  readonly role: MoneyRole
  readonly session: SessionId
  readonly storedAtMs: Millis
  /** Amount of the closing statement that came after it, if one did. */
  readonly settled: TokenUnits | undefined
}

export interface StoredReading {
  readonly reading: Reading
  readonly hash: Hash32
  readonly amount: TokenUnits
  readonly signature: Hex
  readonly writtenOff: bigint
  /** It stands in a closing statement. */
  readonly isFinal: boolean
  readonly storedAtMs: Millis
}

export interface VoucherTable {
  /** Throws `RangeError` for an amount below the stored one: money never goes back. */
  record(record: VoucherRecord): void
  /** The end of a session by agreement: the base of the next one. */
  recordClosing(role: MoneyRole, statement: ClosingStatement, atMs: Millis): void
  /** The newest voucher of a channel. */
  last(channel: Hash32, role: MoneyRole): StoredVoucher | undefined
  /** Of all channels, newest first. */
  list(role: MoneyRole): readonly StoredVoucher[]
  /** What the channel owes before a new session, by our own record. */
  nextBase(channel: Hash32, role: MoneyRole): TokenUnits
  /** Newest first. */
  readings(session: SessionId, role: MoneyRole, limit: number): readonly StoredReading[]
}

export function openVouchers(database: Database): VoucherTable {
  return {
    record: (record) => database.transaction(() => recordVoucher(database, record)),
    recordClosing: (role, statement, atMs) =>
      database.transaction(() => recordClosing(database, role, statement, atMs)),
    last,
    list: (role) =>
      database.all('SELECT * FROM vouchers WHERE role = ? ORDER BY stored_at DESC', role).map((row) => voucherOf(row)),
    nextBase: (channel, role) => {
      const voucher = last(channel, role)
      const found = voucher && { voucher: voucher.amount, statement: voucher.settled }
      return baseOfNextSession(found, ZERO_UNITS)
    },
    readings: (session, role, limit) =>
      database
        .all('SELECT * FROM readings WHERE session = ? AND role = ? ORDER BY seq DESC LIMIT ?', session, role, limit)
        .map((row) => readingOf(row)),
  }

  function last(channel: Hash32, role: MoneyRole): StoredVoucher | undefined {
    const row = database.first('SELECT * FROM vouchers WHERE channel = ? AND role = ?', channel, role)
    return row === undefined ? undefined : voucherOf(row)
  }
}

function recordVoucher(database: Database, record: VoucherRecord): void {
  const { voucher, reading, role } = record
  const before = database.first('SELECT amount FROM vouchers WHERE channel = ? AND role = ?', voucher.channel, role)
  if (before !== undefined && amount(before, 'amount') > voucher.amount) {
    throw new RangeError(`voucher: expected at least ${amount(before, 'amount')}, got ${voucher.amount}`)
  }
  database.run(
    `INSERT INTO vouchers (channel, role, session, amount, reading, signature, stored_at, settled)
     VALUES (?, ?, ?, ?, ?, ?, ?, NULL)
     ON CONFLICT (channel, role) DO UPDATE SET session = excluded.session, amount = excluded.amount,
       reading = excluded.reading, signature = excluded.signature, stored_at = excluded.stored_at, settled = NULL`,
    ...[voucher.channel, role, reading.session, voucher.amount.toString(), voucher.reading, voucher.signature],
    record.atMs,
  )
  const counters = [reading.up, reading.down, reading.lost].map(String)
  database.run(
    `INSERT OR REPLACE INTO readings (session, role, seq, up, down, lost, quote, challenge, time, hash, amount, signature,
       written_off, stored_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[reading.session, role, reading.seq, ...counters, reading.quote, reading.challenge, reading.timeMs],
    ...[voucher.reading, voucher.amount.toString(), voucher.signature, record.writtenOff.toString(), record.atMs],
  )
  database.run(
    'DELETE FROM readings WHERE session = ? AND role = ? AND final = 0 AND seq <= ?',
    ...[reading.session, role, reading.seq - KEPT_READINGS],
  )
  database.run(
    `UPDATE sessions SET vouchers = vouchers + 1, amount = ?, up = ?, down = ?, lost = ?, written_off = ?
     WHERE session = ? AND role = ?`,
    ...[voucher.amount.toString(), ...counters, record.writtenOff.toString(), reading.session, role],
  )
}

function recordClosing(database: Database, role: MoneyRole, statement: ClosingStatement, atMs: Millis): void {
  const { reading } = statement
  const owed = statement.amount.toString()
  database.run(
    'UPDATE vouchers SET settled = ?, stored_at = ? WHERE channel = ? AND role = ? AND session = ?',
    ...[owed, atMs, statement.channel, role, reading.session],
  )
  database.run(
    'UPDATE readings SET final = 1 WHERE session = ? AND role = ? AND hash = ?',
    ...[reading.session, role, readingHash(reading)],
  )
  database.run(
    `UPDATE sessions SET state = 'ended', ended_at = coalesce(ended_at, ?), closing_amount = ?, up = ?, down = ?, lost = ?
     WHERE session = ? AND role = ?`,
    ...[atMs, owed, String(reading.up), String(reading.down), String(reading.lost), reading.session, role],
  )
}

function voucherOf(row: Row): StoredVoucher {
  return {
    channel: hex(row, 'channel'),
    role: text(row, 'role') as MoneyRole,
    session: text(row, 'session'),
    amount: amount(row, 'amount'),
    reading: hex(row, 'reading'),
    signature: hex(row, 'signature'),
    storedAtMs: number(row, 'stored_at'),
    settled: optionalAmount(row, 'settled'),
  }
}

function readingOf(row: Row): StoredReading {
  return {
    reading: {
      session: text(row, 'session'),
      seq: number(row, 'seq'),
      up: bigint(row, 'up'),
      down: bigint(row, 'down'),
      lost: bigint(row, 'lost'),
      quote: hex(row, 'quote'),
      challenge: hex(row, 'challenge'),
      timeMs: number(row, 'time'),
    },
    hash: hex(row, 'hash'),
    amount: amount(row, 'amount'),
    signature: hex(row, 'signature'),
    writtenOff: bigint(row, 'written_off'),
    isFinal: number(row, 'final') === 1,
    storedAtMs: number(row, 'stored_at'),
  }
}

/** Of each session, besides the final one: enough to see how it went, small enough for a year of sessions. */
const KEPT_READINGS = 64

/** Sessions with their sums, and the signed quotes that fix their price. */
import type { Millis } from '#base/clock.ts'
import type { Address, Hash32, Hex } from '#base/hex.ts'
import {
  addUnits,
  priceOfBytes,
  subUnitsFloor,
  unitsPerGibOf,
  ZERO_UNITS,
  type TokenUnits,
  type UnitsPerGib,
} from '#base/units/money.ts'
import type { SessionId } from '#payment/meter/reading.ts'
import { parseQuote, quoteHash, type SignedQuote } from '#payment/tariff/quote.ts'
import type { MoneyRole } from './channels.ts'
import type { Database } from './open.ts'
import {
  amount,
  bigint,
  blob,
  hex,
  number,
  optionalAmount,
  optionalNumber,
  optionalText,
  text,
  type Row,
} from './rows.ts'

export type StoredSessionState = 'awaiting-voucher' | 'open' | 'paused' | 'closing' | 'ended'

export interface NewSession {
  readonly session: SessionId
  readonly role: MoneyRole
  readonly channel: Hash32
  readonly quote: Hash32
  readonly payer: Address
  readonly provider: Address
  readonly baseUnits: TokenUnits
  readonly sessionFeeUnits: TokenUnits
  readonly priceUnitsPerGib: UnitsPerGib
  readonly startedAtMs: Millis
}

export interface StoredSession extends NewSession {
  readonly state: StoredSessionState
  /** Why it is paused or ended. */
  readonly reason: string | undefined
  readonly endedAtMs: Millis | undefined
  readonly vouchers: number
  /** Of the last voucher; undefined before the first. */
  readonly amount: TokenUnits | undefined
  /** Of the last reading. */
  readonly up: bigint
  readonly down: bigint
  readonly lost: bigint
  readonly writtenOff: bigint
  /** Agreed at the end; undefined while it runs, and where it broke off. */
  readonly closingAmount: TokenUnits | undefined
  /** This session alone: fee + traffic of the last reading; 0 before the first voucher. */
  readonly due: TokenUnits
  /** This session alone, covered by the last voucher. */
  readonly paid: TokenUnits
}

export interface SessionTable {
  insert(session: NewSession): void
  setState(session: SessionId, role: MoneyRole, state: StoredSessionState, reason: string | undefined): void
  end(session: SessionId, role: MoneyRole, reason: string | undefined, atMs: Millis): void
  /** Sessions that a crash left running are ended with `reason`; returns how many. Call at start. */
  endAll(reason: string, atMs: Millis): number
  find(session: SessionId, role?: MoneyRole): StoredSession | undefined
  /** Newest first. */
  list(options: {
    readonly role?: MoneyRole
    readonly channel?: Hash32
    readonly limit: number
  }): readonly StoredSession[]
  sums(role: MoneyRole): SessionSums
  /** By UTC day of the start, newest first. */
  days(role: MoneyRole, fromMs: Millis): readonly SessionDay[]
}

export interface SessionSums {
  readonly sessions: number
  readonly up: bigint
  readonly down: bigint
  readonly due: TokenUnits
}

export interface SessionDay extends SessionSums {
  /** `2031-05-17` */
  readonly day: string
}

export interface QuoteTable {
  put(quote: SignedQuote, atMs: Millis): void
  find(hash: Hash32): SignedQuote | undefined
}

export function openSessions(database: Database): { readonly sessions: SessionTable; readonly quotes: QuoteTable } {
  return { sessions: sessionTable(database), quotes: quoteTable(database) }
}

function sessionTable(database: Database): SessionTable {
  return {
    insert: (session) => {
      database.run(
        `INSERT INTO sessions (session, role, channel, quote, payer, provider, base, session_fee, price, state, started_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'awaiting-voucher', ?)`,
        ...[session.session, session.role, session.channel, session.quote, session.payer, session.provider],
        ...[session.baseUnits, session.sessionFeeUnits, session.priceUnitsPerGib].map(String),
        session.startedAtMs,
      )
    },
    setState: (session, role, state, reason) => {
      database.run(
        "UPDATE sessions SET state = ?, reason = ? WHERE session = ? AND role = ? AND state <> 'ended'",
        ...[state, reason ?? null, session, role],
      )
    },
    end: (session, role, reason, atMs) => {
      database.run(
        "UPDATE sessions SET state = 'ended', reason = ?, ended_at = coalesce(ended_at, ?) WHERE session = ? AND role = ?",
        ...[reason ?? null, atMs, session, role],
      )
    },
    endAll: (reason, atMs) =>
      database.run(
        "UPDATE sessions SET state = 'ended', reason = ?, ended_at = ? WHERE state <> 'ended'",
        reason,
        atMs,
      ),
    find: (session, role) => {
      const row = database.first(
        'SELECT * FROM sessions WHERE session = ? AND (role = ? OR ? IS NULL)',
        ...[session, role ?? null, role ?? null],
      )
      return row === undefined ? undefined : sessionOf(row)
    },
    list: ({ role, channel, limit }) =>
      database
        .all(
          `SELECT * FROM sessions WHERE (role = ? OR ? IS NULL) AND (channel = ? OR ? IS NULL)
           ORDER BY started_at DESC, rowid DESC LIMIT ?`,
          ...[role ?? null, role ?? null, channel ?? null, channel ?? null, limit],
        )
        .map((row) => sessionOf(row)),
    sums: (role) => sumOf(database.all('SELECT * FROM sessions WHERE role = ?', role).map((row) => sessionOf(row))),
    days: (role, fromMs) => {
      const rows = database.all(
        'SELECT * FROM sessions WHERE role = ? AND started_at >= ? ORDER BY started_at DESC',
        ...[role, fromMs],
      )
      const days = Map.groupBy(
        rows.map((row) => sessionOf(row)),
        (session) => new Date(session.startedAtMs).toISOString().slice(0, 10),
      )
      return Array.from(days, ([day, sessions]) => ({ day, ...sumOf(sessions) }))
    },
  }
}

function quoteTable(database: Database): QuoteTable {
  return {
    put: (quote, atMs) => {
      database.run(
        'INSERT OR IGNORE INTO quotes (hash, bytes, signature, stored_at) VALUES (?, ?, ?, ?)',
        ...[quote.hash, quote.bytes, quote.signature, atMs],
      )
    },
    find: (hash) => {
      const row = database.first('SELECT * FROM quotes WHERE hash = ?', hash)
      if (row === undefined) return undefined
      const bytes = blob(row, 'bytes')
      const quote = parseQuote(bytes)
      if (!quote.ok || quoteHash(bytes) !== hash) throw new TypeError(`store: quote ${hash} does not match its hash`)
      return { quote: quote.value, bytes, hash, signature: hex(row, 'signature') satisfies Hex }
    },
  }
}

function sumOf(sessions: readonly StoredSession[]): SessionSums {
  return {
    sessions: sessions.length,
    up: sessions.reduce((sum, session) => sum + session.up, 0n),
    down: sessions.reduce((sum, session) => sum + session.down, 0n),
    due: sessions.reduce((sum, session) => addUnits(sum, session.due), ZERO_UNITS),
  }
}

function sessionOf(row: Row): StoredSession {
  const baseUnits = amount(row, 'base')
  const sessionFeeUnits = amount(row, 'session_fee')
  const priceUnitsPerGib = unitsPerGibOf(bigint(row, 'price'))
  const up = bigint(row, 'up')
  const down = bigint(row, 'down')
  const vouchers = number(row, 'vouchers')
  const last = optionalAmount(row, 'amount')
  return {
    session: text(row, 'session'),
    role: text(row, 'role') as MoneyRole,
    channel: hex(row, 'channel'),
    quote: hex(row, 'quote'),
    payer: hex(row, 'payer'),
    provider: hex(row, 'provider'),
    baseUnits,
    sessionFeeUnits,
    priceUnitsPerGib,
    startedAtMs: number(row, 'started_at'),
    state: text(row, 'state') as StoredSessionState,
    reason: optionalText(row, 'reason'),
    endedAtMs: optionalNumber(row, 'ended_at'),
    vouchers,
    amount: last,
    up,
    down,
    lost: bigint(row, 'lost'),
    writtenOff: bigint(row, 'written_off'),
    closingAmount: optionalAmount(row, 'closing_amount'),
    due: vouchers === 0 ? ZERO_UNITS : addUnits(sessionFeeUnits, priceOfBytes(up + down, priceUnitsPerGib)),
    paid: last === undefined ? ZERO_UNITS : subUnitsFloor(last, baseUnits),
  }
}

/** Settings that outlive a start (last TAI64N, last good time, offer sequence, chain cursor) and the event journal. */
import type { Millis } from '#base/clock.ts'
import type { Hash32 } from '#base/hex.ts'
import type { SessionId } from '#payment/meter/reading.ts'
import type { Database } from './open.ts'
import { number, optionalText, text, type Row } from './rows.ts'

/** Keys in use; each has one owner. */
export const SETTING = {
  /** Newest TAI64N of an initiation, hex: the next one is above it, whatever the clock says. */
  lastTai64n: 'last-tai64n',
  /** Newest wall-clock time that was believed, Unix ms: time never starts before it. */
  lastGoodTime: 'last-good-time',
  /** Newest sequence of a signed offer. */
  offerSequence: 'offer-sequence',
  chainCursor: 'chain-cursor',
} as const

export interface Cursor {
  readonly block: number
  readonly hash: Hash32
}

export interface SettingTable {
  find(key: string): string | undefined
  put(key: string, value: string): void
  /** max(last + 1, `atLeast`), durable when it returns: for offer sequences. */
  increase(key: string, atLeast: bigint): bigint
  /** Where chain events were read up to, for each deployment (`chainId:contract`). */
  cursor(deployment: string): Cursor | undefined
  putCursor(deployment: string, cursor: Cursor): void
}

export interface StoredEvent {
  readonly id: number
  readonly atMs: Millis
  readonly session: SessionId | undefined
  readonly code: string
  readonly fields: Readonly<Record<string, string>>
}

export interface EventTable {
  /** Keeps the newest 50,000. */
  append(event: Omit<StoredEvent, 'id'>): void
  /** Newest first; of one session where given. */
  list(options: { readonly session?: SessionId; readonly limit: number }): readonly StoredEvent[]
}

export function openJournal(database: Database): { readonly settings: SettingTable; readonly events: EventTable } {
  const settings = settingTable(database)
  return { settings, events: eventTable(database) }
}

function settingTable(database: Database): SettingTable {
  return {
    find,
    put,
    increase: (key, atLeast) =>
      database.transaction(() => {
        const last = find(key)
        const next = last === undefined || BigInt(last) < atLeast ? atLeast : BigInt(last) + 1n
        put(key, next.toString())
        return next
      }),
    cursor: (deployment) => {
      const stored = find(`${SETTING.chainCursor}:${deployment}`)
      if (stored === undefined) return undefined
      const [block, hash] = stored.split(' ')
      return { block: Number(block), hash: hash as Hash32 }
    },
    putCursor: (deployment, { block, hash }) => put(`${SETTING.chainCursor}:${deployment}`, `${block} ${hash}`),
  }

  function find(key: string): string | undefined {
    const row = database.first('SELECT value FROM settings WHERE key = ?', key)
    return row === undefined ? undefined : text(row, 'value')
  }

  function put(key: string, value: string): void {
    database.run(
      'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      ...[key, value],
    )
  }
}

function eventTable(database: Database): EventTable {
  return {
    append: (event) => {
      database.transaction(() => {
        database.run(
          'INSERT INTO events (at, session, code, fields) VALUES (?, ?, ?, ?)',
          ...[event.atMs, event.session ?? null, event.code, JSON.stringify(event.fields)],
        )
        database.run('DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?', KEPT_EVENTS)
      })
    },
    list: ({ session, limit }) =>
      database
        .all(
          'SELECT * FROM events WHERE (session = ? OR ? IS NULL) ORDER BY id DESC LIMIT ?',
          ...[session ?? null, session ?? null, limit],
        )
        .map((row) => eventOf(row)),
  }
}

function eventOf(row: Row): StoredEvent {
  return {
    id: number(row, 'id'),
    atMs: number(row, 'at'),
    session: optionalText(row, 'session'),
    code: text(row, 'code'),
    fields: JSON.parse(text(row, 'fields')) as Record<string, string>,
  }
}

const KEPT_EVENTS = 50_000

/**
 * Opens a node's state: `node:sqlite`, one file, one writer. A commit is on the disk when the call returns (WAL with
 * `synchronous=FULL`), which is what "written before acted on" rests on.
 */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'
import { chmodSync, existsSync } from 'node:fs'
import { AditError } from '#base/errors.ts'
import { openChannels, type ChannelTable } from './channels.ts'
import { openJournal, type EventTable, type SettingTable } from './journal.ts'
import { MIGRATIONS } from './schema.ts'
import { openSessions, type QuoteTable, type SessionTable } from './sessions.ts'
import { openOutbox, openTransactions, type Outbox, type TransactionTable } from './transactions.ts'
import { openVouchers, type VoucherTable } from './vouchers.ts'

export interface Store extends Disposable {
  readonly channels: ChannelTable
  readonly quotes: QuoteTable
  readonly sessions: SessionTable
  readonly vouchers: VoucherTable
  /** For the chain's sender: signed transactions, durable before they are sent. */
  readonly outbox: Outbox
  readonly transactions: TransactionTable
  readonly settings: SettingTable
  readonly events: EventTable
  /** All of `work` or nothing. Nested calls join the outer one. */
  transaction<T>(work: () => T): T
  close(): void
}

/**
 * Codes: `store-locked` (another daemon has it), `store-newer` (written by a later release), `store-corrupt`,
 * `store-unavailable` (no such folder, no permission, full disk). `readOnly` opens beside a running daemon, unlocked.
 */
export function openStore(path: string, options: { readonly readOnly?: boolean } = {}): Store {
  const readOnly = options.readOnly ?? false
  if (readOnly && !existsSync(path)) {
    throw new AditError('store-missing', `${path}: there is no state yet`, { remedy: 'start a daemon first' })
  }
  const lock = readOnly ? undefined : lockStore(path)
  try {
    return tablesOf(openDatabase(path, readOnly), lock)
  } catch (error) {
    lock?.close()
    throw error
  }
}

/** What the tables run on. Statements are prepared once; numbers come back as numbers: all are below 2^53. */
export interface Database {
  run(sql: string, ...values: readonly SQLInputValue[]): number
  all(sql: string, ...values: readonly SQLInputValue[]): Record<string, SQLOutputValue>[]
  first(sql: string, ...values: readonly SQLInputValue[]): Record<string, SQLOutputValue> | undefined
  transaction<T>(work: () => T): T
}

function tablesOf(connection: DatabaseSync, lock: DatabaseSync | undefined): Store {
  const database = databaseOf(connection)
  const journal = openJournal(database)
  const sessions = openSessions(database)
  return {
    channels: openChannels(database),
    quotes: sessions.quotes,
    sessions: sessions.sessions,
    vouchers: openVouchers(database),
    outbox: openOutbox(database),
    transactions: openTransactions(database),
    settings: journal.settings,
    events: journal.events,
    transaction: (work) => database.transaction(work),
    close,
    [Symbol.dispose]: close,
  }

  function close(): void {
    if (connection.isOpen) connection.close()
    if (lock?.isOpen === true) lock.close()
  }
}

/** An exclusive transaction on a file beside the store: the kernel ends it with the process, however that ends. */
function lockStore(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(`${path}.lock`)
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if (sqliteCode(error) === SQLITE.busy) {
      throw new AditError('store-locked', `${path}: another daemon is using this state`, {
        remedy: 'stop it first (adit status shows it), or use another state directory',
        cause: error,
      })
    }
    throw storeError(path, error)
  }
}

function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  let connection: DatabaseSync | undefined
  try {
    connection = new DatabaseSync(path, { readOnly, timeout: BUSY_MS })
    if (!readOnly) {
      chmodSync(path, 0o600)
      connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
    }
    const check = connection.prepare('PRAGMA quick_check(1)').get()
    if (check?.quick_check !== 'ok') throw corrupt(path, undefined)
    migrate(connection, path, readOnly)
    return connection
  } catch (error) {
    connection?.close()
    throw error instanceof AditError ? error : storeError(path, error)
  }
}

function migrate(connection: DatabaseSync, path: string, readOnly: boolean): void {
  const version = Number(connection.prepare('PRAGMA user_version').get()?.user_version)
  if (version > MIGRATIONS.length) {
    throw new AditError('store-newer', `${path}: expected version ${MIGRATIONS.length} or lower, got ${version}`, {
      remedy: 'it was written by a later release of adit: run that one, or use another state directory',
      fields: { expected: MIGRATIONS.length, got: version },
    })
  }
  if (readOnly && version < MIGRATIONS.length) {
    throw new AditError('store-older', `${path}: expected version ${MIGRATIONS.length}, got ${version}`, {
      remedy: 'start the daemon once: it brings the state up to date',
    })
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue
    connection.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}

function databaseOf(connection: DatabaseSync): Database {
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  let depth = 0
  return {
    run: (sql, ...values) => Number(statement(sql).run(...values).changes),
    all: (sql, ...values) => statement(sql).all(...values),
    first: (sql, ...values) => statement(sql).get(...values),
    transaction: (work) => {
      if (depth > 0) return work()
      connection.exec('BEGIN IMMEDIATE')
      depth++
      try {
        const result = work()
        connection.exec('COMMIT')
        return result
      } catch (error) {
        if (connection.isTransaction) connection.exec('ROLLBACK')
        throw error
      } finally {
        depth--
      }
    },
  }

  function statement(sql: string) {
    let found = prepared.get(sql)
    if (found === undefined) prepared.set(sql, (found = connection.prepare(sql)))
    return found
  }
}

function storeError(path: string, error: unknown): AditError {
  const code = sqliteCode(error)
  if (code === SQLITE.corrupt || code === SQLITE.notADatabase) return corrupt(path, error)
  return new AditError('store-unavailable', `${path}: the state cannot be opened`, {
    remedy: 'check that the folder exists, that it is writable for this user, and that the disk is not full',
    cause: error,
  })
}

function corrupt(path: string, cause: unknown): AditError {
  return new AditError('store-corrupt', `${path}: expected an adit state database, got damaged or foreign content`, {
    remedy: 'move the file away and restore it from a backup; vouchers that the other side holds stay valid',
    cause,
  })
}

/** Primary result code of SQLite (the low byte of the extended one). */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

const BUSY_MS = 5_000
const SQLITE = { busy: 5, corrupt: 11, notADatabase: 26 } as const

/** What this node sends to the chain (the sender's own records), and what moved money in our channels. */
import type { Millis } from '#base/clock.ts'
import type { Address, Hash32 } from '#base/hex.ts'
import type { TokenUnits } from '#base/units/money.ts'
import type { SessionId } from '#payment/meter/reading.ts'
import type { Database } from './open.ts'
import { amount, hex, number, optionalAmount, optionalNumber, optionalText, text, type Row } from './rows.ts'

/** A record of the chain's sender, opaque here: it says itself how it is written. */
export interface OutboxEntry {
  /** Names the intention: the same key is the same transaction, also after a crash. */
  readonly key: string
  readonly account: Address
  readonly isPending: boolean
  readonly record: string
}

export interface Outbox {
  put(entry: OutboxEntry, atMs: Millis): void
  byKey(key: string): OutboxEntry | undefined
  /** Oldest first. */
  pending(account: Address): readonly OutboxEntry[]
}

export type TransactionKind =
  | 'open'
  | 'top-up'
  | 'claim'
  | 'cooperative-close'
  | 'start-close'
  | 'finish-close'
  | 'withdraw'
  | 'stake'
  | 'unstake'
  | 'transfer'
  | 'other'

/** One transaction's effect on one channel; `channel` is '' where it concerns none. */
export interface StoredTransaction {
  readonly hash: Hash32
  readonly kind: TransactionKind
  readonly channel: Hash32 | ''
  readonly session: SessionId | undefined
  readonly status: 'pending' | 'included' | 'failed' | 'reorged'
  readonly block: number | undefined
  readonly amount: TokenUnits
  readonly totalAfter: TokenUnits | undefined
  readonly fee: TokenUnits
  readonly tip: TokenUnits
  readonly refund: TokenUnits
  readonly gasUsed: bigint | undefined
  /** Wei. */
  readonly gasPrice: bigint | undefined
  readonly atMs: Millis
}

export interface TransactionTable {
  /** Inserts, or replaces what is known about (hash, kind, channel). */
  put(transaction: StoredTransaction): void
  /** Of one channel, oldest first. */
  ofChannel(channel: Hash32): readonly StoredTransaction[]
  /** Newest first. */
  list(limit: number): readonly StoredTransaction[]
  /** What stood above `block` is no longer in the chain: it is marked `reorged`. Returns how many. */
  forgetAbove(block: number): number
}

export function openOutbox(database: Database): Outbox {
  return {
    put: (entry, atMs) => {
      database.run(
        `INSERT INTO outbox (key, account, pending, record, stored_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET pending = excluded.pending, record = excluded.record`,
        ...[entry.key, entry.account, entry.isPending ? 1 : 0, entry.record, atMs],
      )
    },
    byKey: (key) => {
      const row = database.first('SELECT * FROM outbox WHERE key = ?', key)
      return row === undefined ? undefined : entryOf(row)
    },
    pending: (account) =>
      database
        .all('SELECT * FROM outbox WHERE account = ? AND pending = 1 ORDER BY rowid', account)
        .map((row) => entryOf(row)),
  }
}

export function openTransactions(database: Database): TransactionTable {
  return {
    put: (transaction) => {
      database.run(
        `INSERT INTO transactions (hash, kind, channel, session, status, block, amount, total_after, fee, tip, refund,
           gas_used, gas_price, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (hash, kind, channel) DO UPDATE SET session = coalesce(excluded.session, session),
           status = excluded.status, block = excluded.block, amount = excluded.amount,
           total_after = excluded.total_after, fee = excluded.fee, tip = excluded.tip, refund = excluded.refund,
           gas_used = coalesce(excluded.gas_used, gas_used), gas_price = coalesce(excluded.gas_price, gas_price)`,
        ...[transaction.hash, transaction.kind, transaction.channel, transaction.session ?? null, transaction.status],
        ...[transaction.block ?? null, transaction.amount.toString(), transaction.totalAfter?.toString() ?? null],
        ...[transaction.fee, transaction.tip, transaction.refund].map(String),
        ...[transaction.gasUsed?.toString() ?? null, transaction.gasPrice?.toString() ?? null, transaction.atMs],
      )
    },
    ofChannel: (channel) =>
      database
        .all('SELECT * FROM transactions WHERE channel = ? ORDER BY at, rowid', channel)
        .map((row) => transactionOf(row)),
    list: (limit) =>
      database
        .all('SELECT * FROM transactions ORDER BY at DESC, rowid DESC LIMIT ?', limit)
        .map((row) => transactionOf(row)),
    forgetAbove: (block) =>
      database.run("UPDATE transactions SET status = 'reorged' WHERE block > ? AND status = 'included'", block),
  }
}

function entryOf(row: Row): OutboxEntry {
  return {
    key: text(row, 'key'),
    account: hex(row, 'account'),
    isPending: number(row, 'pending') === 1,
    record: text(row, 'record'),
  }
}

function transactionOf(row: Row): StoredTransaction {
  const gasUsed = optionalText(row, 'gas_used')
  const gasPrice = optionalText(row, 'gas_price')
  return {
    hash: hex(row, 'hash'),
    kind: text(row, 'kind') as TransactionKind,
    channel: text(row, 'channel') as Hash32 | '',
    session: optionalText(row, 'session'),
    status: text(row, 'status') as StoredTransaction['status'],
    block: optionalNumber(row, 'block'),
    amount: amount(row, 'amount'),
    totalAfter: optionalAmount(row, 'total_after'),
    fee: amount(row, 'fee'),
    tip: amount(row, 'tip'),
    refund: amount(row, 'refund'),
    gasUsed: gasUsed === undefined ? undefined : BigInt(gasUsed),
    gasPrice: gasPrice === undefined ? undefined : BigInt(gasPrice),
    atMs: number(row, 'at'),
  }
}

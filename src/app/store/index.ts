export type { ChannelChange, ChannelTable, MoneyRole, StoredChannel, StoredChannelState } from './channels.ts'
export { SETTING, type Cursor, type EventTable, type SettingTable, type StoredEvent } from './journal.ts'
export { openStore, type Store } from './open.ts'
export type {
  NewSession,
  QuoteTable,
  SessionDay,
  SessionSums,
  SessionTable,
  StoredSession,
  StoredSessionState,
} from './sessions.ts'
export type { Outbox, OutboxEntry, StoredTransaction, TransactionKind, TransactionTable } from './transactions.ts'
export type { StoredReading, StoredVoucher, VoucherTable } from './vouchers.ts'

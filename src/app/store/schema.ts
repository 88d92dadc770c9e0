/**
 * Tables of a node's own state, one migration a version (`PRAGMA user_version`). A migration that was released is never
 * changed. Amounts and byte counts are decimal text: SQLite's integers end at 2^63, a uint96 does not. Times are Unix
 * milliseconds; addresses, ids and hashes lower-case hex.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE channels (
    channel TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('payer', 'payee')),
    chain_id INTEGER NOT NULL,
    contract TEXT NOT NULL,
    payer TEXT NOT NULL,
    signer TEXT NOT NULL,
    provider TEXT NOT NULL,
    salt TEXT,
    deposit TEXT NOT NULL,
    claimed TEXT NOT NULL,
    fee_bps INTEGER NOT NULL,
    state TEXT NOT NULL,
    close_at INTEGER,
    expiry INTEGER NOT NULL,
    control_sequence INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (channel, role)
  ) STRICT;

  CREATE TABLE quotes (
    hash TEXT PRIMARY KEY,
    bytes BLOB NOT NULL,
    signature TEXT NOT NULL,
    stored_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE sessions (
    session TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('payer', 'payee')),
    channel TEXT NOT NULL,
    quote TEXT NOT NULL,
    payer TEXT NOT NULL,
    provider TEXT NOT NULL,
    base TEXT NOT NULL,
    session_fee TEXT NOT NULL,
    price TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    vouchers INTEGER NOT NULL DEFAULT 0,
    amount TEXT,
    up TEXT NOT NULL DEFAULT '0',
    down TEXT NOT NULL DEFAULT '0',
    lost TEXT NOT NULL DEFAULT '0',
    written_off TEXT NOT NULL DEFAULT '0',
    closing_amount TEXT,
    PRIMARY KEY (session, role)
  ) STRICT;
  CREATE INDEX sessions_by_channel ON sessions (channel, role, started_at);
  CREATE INDEX sessions_by_start ON sessions (started_at);

  -- The newest voucher of each channel: what the provider may claim, what the consumer owes at most.
  CREATE TABLE vouchers (
    channel TEXT NOT NULL,
    role TEXT NOT NULL,
    session TEXT NOT NULL,
    amount TEXT NOT NULL,
    reading TEXT NOT NULL,
    signature TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    -- When a finished session was settled: base of the next one. Null while a session runs, and after a crash.
    settled TEXT,
    PRIMARY KEY (channel, role)
  ) STRICT;

  -- Readings with the challenges that they answer: the newest ones of each session, for explaining.
  CREATE TABLE readings (
    session TEXT NOT NULL,
    role TEXT NOT NULL,
    seq INTEGER NOT NULL,
    up TEXT NOT NULL,
    down TEXT NOT NULL,
    lost TEXT NOT NULL,
    quote TEXT NOT NULL,
    challenge TEXT NOT NULL,
    time INTEGER NOT NULL,
    hash TEXT NOT NULL,
    amount TEXT NOT NULL,
    signature TEXT NOT NULL,
    written_off TEXT NOT NULL,
    final INTEGER NOT NULL DEFAULT 0,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (session, role, seq)
  ) STRICT;

  -- What this node sends to the chain, for the sender; the record is the sender's own.
  CREATE TABLE outbox (
    key TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    pending INTEGER NOT NULL,
    record TEXT NOT NULL,
    stored_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX outbox_pending ON outbox (account, pending);

  -- Transactions that moved money of our channels, ours and others', for explaining.
  CREATE TABLE transactions (
    hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    session TEXT,
    status TEXT NOT NULL,
    block INTEGER,
    amount TEXT NOT NULL,
    total_after TEXT,
    fee TEXT NOT NULL,
    tip TEXT NOT NULL,
    refund TEXT NOT NULL,
    gas_used TEXT,
    gas_price TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (hash, kind, channel)
  ) STRICT;
  CREATE INDEX transactions_by_channel ON transactions (channel, at);

  CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    session TEXT,
    code TEXT NOT NULL,
    fields TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_session ON events (session, id);
  `,
]

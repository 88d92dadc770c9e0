/** Channels as payer and as payee: what the chain showed last, and the newest request sequence of session control. */
import type { Millis } from '#base/clock.ts'
import type { Address, Hash32, Hex } from '#base/hex.ts'
import type { TokenUnits } from '#base/units/money.ts'
import type { ChannelFacts } from '#payment/channel/session.ts'
import type { Database } from './open.ts'
import { amount, hex, number, optionalNumber, optionalText, text, type Row } from './rows.ts'

export type MoneyRole = 'payer' | 'payee'
export type StoredChannelState = 'opening' | 'open' | 'closing' | 'closed' | 'expired' | 'unknown'

export interface StoredChannel extends ChannelFacts {
  readonly role: MoneyRole
  readonly chainId: number
  readonly contract: Address
  /** With payer, provider and signer it gives the channel's id; known to the payer only. */
  readonly salt: Hex | undefined
  readonly feeBps: number
  readonly state: StoredChannelState
  readonly updatedAtMs: Millis
}

export interface ChannelTable {
  put(channel: StoredChannel): void
  find(channel: Hash32, role: MoneyRole): StoredChannel | undefined
  /** Newest first. */
  list(role: MoneyRole): readonly StoredChannel[]
  /** What the chain shows now; a channel that is not stored is left alone. */
  update(channel: Hash32, change: ChannelChange, atMs: Millis): void
  /** Accepts a request sequence when it is above the last one, durably; false: a replay. */
  takeSequence(channel: Hash32, role: MoneyRole, sequence: bigint): boolean
  /** The next sequence to use in a request: max(last + 1, now), durably taken. */
  nextSequence(channel: Hash32, role: MoneyRole, nowMs: Millis): bigint
}

export interface ChannelChange {
  readonly deposit?: TokenUnits
  readonly claimed?: TokenUnits
  readonly expiry?: number
  readonly closeAt?: number | undefined
  readonly state?: StoredChannelState
}

export function openChannels(database: Database): ChannelTable {
  return {
    put: (channel) => {
      database.run(
        `INSERT INTO channels (channel, role, chain_id, contract, payer, signer, provider, salt, deposit, claimed, fee_bps,
           state, close_at, expiry, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (channel, role) DO UPDATE SET deposit = excluded.deposit, claimed = excluded.claimed,
           fee_bps = excluded.fee_bps, state = excluded.state, close_at = excluded.close_at, expiry = excluded.expiry,
           salt = coalesce(excluded.salt, salt), updated_at = excluded.updated_at`,
        channel.channel,
        channel.role,
        channel.chainId,
        channel.contract,
        channel.payer,
        channel.signer,
        channel.provider,
        channel.salt ?? null,
        channel.deposit.toString(),
        channel.claimed.toString(),
        channel.feeBps,
        channel.state,
        channel.closeAt ?? null,
        channel.expiry,
        channel.updatedAtMs,
      )
    },
    find,
    list: (role) => database.all('SELECT * FROM channels WHERE role = ? ORDER BY rowid DESC', role).map(channelOf),
    update: (channel, change, atMs) => {
      const isCloseKnown = 'closeAt' in change
      database.run(
        `UPDATE channels SET deposit = coalesce(?, deposit), claimed = coalesce(?, claimed), expiry = coalesce(?, expiry),
           close_at = CASE WHEN ? THEN ? ELSE close_at END, state = coalesce(?, state), updated_at = ? WHERE channel = ?`,
        change.deposit?.toString() ?? null,
        change.claimed?.toString() ?? null,
        change.expiry ?? null,
        isCloseKnown ? 1 : 0,
        change.closeAt ?? null,
        change.state ?? null,
        atMs,
        channel,
      )
    },
    takeSequence: (channel, role, sequence) => {
      if (sequence > BigInt(Number.MAX_SAFE_INTEGER)) return false
      return (
        database.run(
          'UPDATE channels SET control_sequence = ? WHERE channel = ? AND role = ? AND control_sequence < ?',
          ...[Number(sequence), channel, role, Number(sequence)],
        ) === 1
      )
    },
    nextSequence: (channel, role, nowMs) => {
      const row = database.first(
        `UPDATE channels SET control_sequence = max(control_sequence + 1, ?) WHERE channel = ? AND role = ?
         RETURNING control_sequence`,
        ...[Math.floor(nowMs), channel, role],
      )
      if (row === undefined) throw new RangeError(`store: channel ${channel} is not stored as ${role}`)
      return BigInt(number(row, 'control_sequence'))
    },
  }

  function find(channel: Hash32, role: MoneyRole): StoredChannel | undefined {
    const row = database.first('SELECT * FROM channels WHERE channel = ? AND role = ?', channel, role)
    return row === undefined ? undefined : channelOf(row)
  }
}

function channelOf(row: Row): StoredChannel {
  return {
    channel: hex(row, 'channel'),
    role: text(row, 'role') as MoneyRole,
    chainId: number(row, 'chain_id'),
    contract: hex(row, 'contract'),
    payer: hex(row, 'payer'),
    signer: hex(row, 'signer'),
    provider: hex(row, 'provider'),
    salt: optionalText(row, 'salt') as Hex | undefined,
    deposit: amount(row, 'deposit'),
    claimed: amount(row, 'claimed'),
    feeBps: number(row, 'fee_bps'),
    state: text(row, 'state') as StoredChannelState,
    closeAt: optionalNumber(row, 'close_at'),
    expiry: number(row, 'expiry'),
    updatedAtMs: number(row, 'updated_at'),
  }
}

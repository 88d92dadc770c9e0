/** What the store knows -> what the control API tells: sessions, explanations, earnings. Works without a daemon too. */
import { AditError } from '#base/errors.ts'
import { DAY_MS } from '#base/clock.ts'
import { addUnits, minUnits, priceOfBytes, subUnitsFloor, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import type { ChannelView, Explanation, TransactionView } from '../control/explanation.ts'
import { amountOf } from '../control/values.ts'
import type { Earnings, SessionView } from '../control/views.ts'
import type {
  MoneyRole,
  Store,
  StoredChannel,
  StoredReading,
  StoredSession,
  StoredTransaction,
} from '../store/index.ts'

export function sessionViewOf(session: StoredSession): SessionView {
  return {
    id: session.session,
    state: session.state,
    reason: session.reason ?? null,
    peer: session.role === 'payee' ? session.payer : session.provider,
    channel: session.channel,
    startedAtMs: session.startedAtMs,
    endedAtMs: session.endedAtMs ?? null,
    bytesUp: session.up.toString(),
    bytesDown: session.down.toString(),
    writtenOff: session.writtenOff.toString(),
    meter: null,
    vouchers: session.vouchers,
    priceUnitsPerGib: amountOf(session.priceUnitsPerGib),
    sessionFee: amountOf(session.sessionFeeUnits),
    due: amountOf(session.due),
    paid: amountOf(session.paid),
  }
}

/** Of a session that runs: with what this side's engine has counted up to now. */
export function liveViewOf(
  session: StoredSession,
  meter: { readonly up: bigint; readonly down: bigint; readonly missingPackets: bigint },
): SessionView {
  const { up, down, missingPackets } = meter
  return {
    ...sessionViewOf(session),
    meter: { up: up.toString(), down: down.toString(), missingPackets: missingPackets.toString() },
  }
}

export function transactionViewOf(transaction: StoredTransaction): TransactionView {
  return {
    kind: transaction.kind,
    hash: transaction.hash,
    status: transaction.status,
    block: transaction.block ?? null,
    atMs: transaction.atMs,
    amount: amountOf(transaction.amount),
    totalAfter: transaction.totalAfter === undefined ? null : amountOf(transaction.totalAfter),
    fee: amountOf(transaction.fee),
    tip: amountOf(transaction.tip),
    refund: amountOf(transaction.refund),
  }
}

/** A channel as it was seen last. */
export function channelViewOf(channel: StoredChannel): ChannelView {
  return {
    id: channel.channel,
    chainId: channel.chainId,
    contract: channel.contract,
    payer: channel.payer,
    signer: channel.signer,
    provider: channel.provider,
    deposit: amountOf(channel.deposit),
    claimed: amountOf(channel.claimed),
    feeBps: channel.feeBps,
    state: channel.state,
    closeAtMs: channel.closeAt === undefined ? null : channel.closeAt * 1000,
    expiryMs: channel.expiry * 1000,
  }
}

/** Throws `session-unknown` where this node has no record of it. `role` tells apart a session with oneself. */
export function explanationOf(store: Store, id: string, role?: MoneyRole): Explanation {
  const session = store.sessions.find(id, role)
  const channel = session === undefined ? undefined : store.channels.find(session.channel, session.role)
  const quote = session === undefined ? undefined : store.quotes.find(session.quote)
  if (session === undefined || channel === undefined || quote === undefined) {
    throw new AditError('session-unknown', `session ${id} is not in this state`, {
      remedy: '`adit sessions` lists those that are; the other side keeps its own record',
    })
  }
  const recent = store.vouchers.readings(id, session.role, RECENT_VOUCHERS)
  const hasPaid = session.vouchers > 0
  const billed = session.up + session.down
  const traffic = hasPaid ? priceOfBytes(billed, session.priceUnitsPerGib) : ZERO_UNITS
  const fee = hasPaid ? session.sessionFeeUnits : ZERO_UNITS
  const total = session.closingAmount ?? addUnits(addUnits(session.baseUnits, fee), traffic)
  const last = recent.at(0)
  return {
    session: {
      id: session.session,
      role: session.role === 'payee' ? 'provider' : 'consumer',
      state: session.state,
      reason: session.reason ?? null,
      provider: session.provider,
      payer: session.payer,
      startedAtMs: session.startedAtMs,
      endedAtMs: session.endedAtMs ?? null,
    },
    quote: {
      hash: session.quote,
      region: quote.quote.region,
      priceUnitsPerGib: amountOf(quote.quote.priceUnitsPerGib),
      sessionFee: amountOf(quote.quote.sessionFeeUnits),
      issuedAtMs: quote.quote.issuedAtMs,
      expiresAtMs: quote.quote.expiresAtMs,
    },
    bytes: {
      up: session.up.toString(),
      down: session.down.toString(),
      billed: billed.toString(),
      writtenOff: session.writtenOff.toString(),
    },
    due: {
      base: amountOf(session.baseUnits),
      sessionFee: amountOf(fee),
      traffic: amountOf(traffic),
      total: amountOf(total),
      prepaid: amountOf(last === undefined ? ZERO_UNITS : subUnitsFloor(last.amount, total)),
    },
    vouchers: {
      count: session.vouchers,
      last: last === undefined ? null : voucherOf(last),
      recent: recent.map(voucherOf),
    },
    channel: channelViewOf(channel),
    transactions: store.transactions.ofChannel(session.channel).map(transactionViewOf),
  }
}

/** `withdrawable` is read from the chain by the caller: the store does not know it. */
export function earningsOf(store: Store, withdrawable: TokenUnits, nowMs: number, days: number): Earnings {
  const sums = store.sessions.sums('payee')
  const channels = store.channels.list('payee')
  let claimed = ZERO_UNITS
  let protocolFee = ZERO_UNITS
  let unclaimed = ZERO_UNITS
  for (const channel of channels) {
    for (const transaction of store.transactions.ofChannel(channel.channel)) {
      if (transaction.status !== 'included' || transaction.totalAfter === undefined) continue
      claimed = addUnits(claimed, transaction.amount)
      protocolFee = addUnits(protocolFee, transaction.fee)
    }
    const voucher = store.vouchers.last(channel.channel, 'payee')
    if (voucher === undefined || channel.state === 'closed') continue
    const owed = minUnits(voucher.settled ?? voucher.amount, channel.deposit)
    unclaimed = addUnits(unclaimed, subUnitsFloor(owed, channel.claimed))
  }
  return {
    total: {
      sessions: sums.sessions,
      bytesUp: sums.up.toString(),
      bytesDown: sums.down.toString(),
      earned: amountOf(sums.due),
      claimed: amountOf(claimed),
      protocolFee: amountOf(protocolFee),
      unclaimed: amountOf(unclaimed),
      withdrawable: amountOf(withdrawable),
    },
    days: store.sessions.days('payee', nowMs - days * DAY_MS).map((day) => ({
      day: day.day,
      sessions: day.sessions,
      bytesUp: day.up.toString(),
      bytesDown: day.down.toString(),
      earned: amountOf(day.due),
    })),
  }
}

function voucherOf(stored: StoredReading): Explanation['vouchers']['recent'][number] {
  return {
    seq: stored.reading.seq,
    amount: amountOf(stored.amount),
    up: stored.reading.up.toString(),
    down: stored.reading.down.toString(),
    lost: stored.reading.lost.toString(),
    reading: stored.hash,
    atMs: stored.storedAtMs,
  }
}

const RECENT_VOUCHERS = 20

/**
 * `adit explain SESSION` from the store alone: bytes -> quote -> readings -> vouchers -> transactions -> fee. The daemon
 * answers with it, and the command line uses it where no daemon runs.
 */
import { AditError } from '#base/errors.ts'
import { addUnits, priceOfBytes, subUnitsFloor, ZERO_UNITS } from '#base/units/money.ts'
import type { SignedQuote } from '#payment/tariff/quote.ts'
import type { Explanation, ChannelView, TransactionView } from '../control/explanation.ts'
import { amountOf } from '../control/values.ts'
import type { SessionView } from '../control/views.ts'
import type {
  MoneyRole,
  Store,
  StoredChannel,
  StoredReading,
  StoredSession,
  StoredTransaction,
} from '../store/index.ts'

/** Throws `session-unknown`. */
export function explainSession(store: Store, id: string, role?: MoneyRole): Explanation {
  const session = store.sessions.find(id, role)
  if (session === undefined) {
    throw new AditError('session-unknown', `there is no session ${id} here`, {
      remedy:
        '`adit status` and `adit earnings` list sessions; the consumer and the provider each keep their own record',
    })
  }
  const channel = store.channels.find(session.channel, session.role)
  const quote = store.quotes.find(session.quote)
  if (channel === undefined || quote === undefined) {
    throw new AditError('store-corrupt', `session ${id}: its channel or its quote is missing in the store`, {
      remedy: 'restore the store from a backup; please report this',
    })
  }
  const readings = store.vouchers.readings(id, session.role, RECENT_VOUCHERS)
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
    quote: quoteView(quote),
    bytes: {
      up: session.up.toString(),
      down: session.down.toString(),
      billed: (session.up + session.down).toString(),
      writtenOff: session.writtenOff.toString(),
    },
    due: dueOf(session),
    vouchers: {
      count: session.vouchers,
      last: readings.map(voucherView).at(0) ?? null,
      recent: readings.map(voucherView),
    },
    channel: channelView(channel),
    transactions: store.transactions.ofChannel(session.channel).map(transactionView),
  }
}

export function sessionView(session: StoredSession): SessionView {
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
    vouchers: session.vouchers,
    priceUnitsPerGib: amountOf(session.priceUnitsPerGib),
    sessionFee: amountOf(session.sessionFeeUnits),
    due: amountOf(session.due),
    paid: amountOf(session.paid),
  }
}

export function channelView(channel: StoredChannel): ChannelView {
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
    expiryMs: channel.expiry === 0 ? null : channel.expiry * 1000,
  }
}

export function transactionView(transaction: StoredTransaction): TransactionView {
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

function dueOf(session: StoredSession): Explanation['due'] {
  const isCharged = session.vouchers > 0
  const sessionFee = isCharged ? session.sessionFeeUnits : ZERO_UNITS
  const traffic = priceOfBytes(session.up + session.down, session.priceUnitsPerGib)
  const total = addUnits(addUnits(session.baseUnits, sessionFee), traffic)
  return {
    base: amountOf(session.baseUnits),
    sessionFee: amountOf(sessionFee),
    traffic: amountOf(traffic),
    total: amountOf(total),
    prepaid: amountOf(subUnitsFloor(session.amount ?? ZERO_UNITS, total)),
  }
}

function quoteView({ quote, hash }: SignedQuote): Explanation['quote'] {
  return {
    hash,
    region: quote.region,
    priceUnitsPerGib: amountOf(quote.priceUnitsPerGib),
    sessionFee: amountOf(quote.sessionFeeUnits),
    issuedAtMs: quote.issuedAtMs,
    expiresAtMs: quote.expiresAtMs,
  }
}

function voucherView(stored: StoredReading): NonNullable<Explanation['vouchers']['last']> {
  const { reading } = stored
  return {
    seq: reading.seq,
    amount: amountOf(stored.amount),
    up: reading.up.toString(),
    down: reading.down.toString(),
    lost: reading.lost.toString(),
    reading: stored.hash,
    atMs: stored.storedAtMs,
  }
}

const RECENT_VOUCHERS = 20

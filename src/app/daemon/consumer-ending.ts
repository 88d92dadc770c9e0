/** How a connection ends by its owner's wish: last reading, open network, settled channel. */
import type { Clock } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { hexText } from '#base/hex.ts'
import { maxUnits, subUnitsFloor, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { cooperativeClose, readChannel, startClose } from '#payment/chain/channels.ts'
import { readHead } from '#payment/chain/client.ts'
import { readEvents } from '#payment/chain/events.ts'
import type { ClosingStatement } from '#payment/channel/session.ts'
import type { TransactionView } from '../control/explanation.ts'
import type { SessionView } from '../control/views.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordEvent } from './chain-ledger.ts'
import type { ConsumerParts, LiveConnection } from './consumer.ts'
import { closeSession, type CloseOutcome } from './consumer-session.ts'
import { CLOSE_DEADLINE_MS } from './facts.ts'
import { sessionViewOf, transactionViewOf } from './records.ts'

export interface Ending {
  readonly session: SessionView | null
  readonly transactions: readonly TransactionView[]
  /** Set free by a cooperative close. */
  readonly refund: TokenUnits
  readonly restored: boolean
}

/** Never throws for a provider or a chain that does not answer: the network is opened in any case. */
export async function endConsumer(parts: ConsumerParts, settle: boolean): Promise<Ending> {
  const { live, events, guard, options } = parts
  const { log } = options
  const startedAtMs = options.clock.wallMs()
  events.emit({ kind: 'progress', step: 'disconnect', state: 'started', text: 'ending the session' })
  const statement = live === undefined ? undefined : await finish(parts, live)
  if (live !== undefined) await live.session[Symbol.asyncDispose]()
  const reports = await guard.disconnect()
  const restored = reports.every((report) => report.outcome.kind !== 'failed')
  events.emit({ kind: 'progress', step: 'restore', state: 'done', text: 'the network is as before' })
  if (live === undefined || parts.access === undefined)
    return { session: null, transactions: [], refund: ZERO_UNITS, restored }

  const refund = await settleWith(parts, parts.access, live, statement, settle).catch((error: unknown) => {
    log.warn({ error: String(error) }, 'the channel is not settled yet')
    const known = error instanceof AditError ? error : new AditError('settle-failed', 'the channel is not settled yet')
    events.emit({ kind: 'problem', fatal: false, code: known.code, message: known.message, remedy: known.remedy })
    return ZERO_UNITS
  })
  parts.store.sessions.end(live.session.id, 'payer', undefined, options.clock.wallMs())
  const stored = parts.store.sessions.find(live.session.id, 'payer')
  const transactions = parts.store.transactions
    .ofChannel(live.session.channel)
    .filter((transaction) => transaction.atMs >= startedAtMs)
  return {
    session: stored === undefined ? null : sessionViewOf(stored),
    transactions: transactions.map(transactionViewOf),
    refund,
    restored,
  }
}

/** Traffic stops first, so that both sides read the same counters. */
async function finish({ guard }: ConsumerParts, live: LiveConnection): Promise<ClosingStatement | undefined> {
  const { link, control, session } = live
  await guard.transition({ kind: 'reconnecting', data: [session.endpoint], control, tunnel: link })
  return session.billing.finish()
}

/** Closes with the provider; where it does not answer, alone: the rest is then free after 72 hours. Returns the refund. */
async function settleWith(
  parts: ConsumerParts,
  access: ChainAccess,
  live: LiveConnection,
  statement: ClosingStatement | undefined,
  settle: boolean,
): Promise<TokenUnits> {
  const { store, options } = parts
  const { clock, random, log } = options
  const signal = AbortSignal.timeout(SETTLE_WAIT_MS)
  const { channel } = live.session
  const deadline = settle ? (await readHead(access.chain, { signal })).timestamp + CLOSE_DEADLINE_MS / 1000 : undefined
  let outcome: CloseOutcome
  try {
    const { offer, paying, session } = live
    outcome = await closeSession({
      access,
      store,
      offer,
      paying: { ...paying, facts: session.billing.state.facts },
      session: session.id,
      statement,
      deadline,
      clock,
      random,
      signal,
    })
  } catch (error) {
    if (!settle) throw error
    log.warn({ error: String(error) }, 'the provider does not agree on the end: closing alone')
    const written = await startClose(access, channel, { signal })
    for (const event of written.events) recordEvent(store, event, clock.wallMs())
    throw new AditError('close-alone', 'the provider did not agree on the end; the channel closes in 72 hours', {
      remedy: 'then `adit withdraw` brings the rest back; the provider can claim what was signed until then',
      cause: error,
    })
  }
  if (outcome.close === undefined) return ZERO_UNITS
  await sendClose(access, store, channel, outcome, clock, signal)
  const deposit = maxUnits(live.session.billing.state.facts.deposit, ZERO_UNITS)
  return subUnitsFloor(deposit, outcome.amount)
}

/** The provider sent it, or we do; then its events are read from the chain. */
async function sendClose(
  access: ChainAccess,
  store: ConsumerParts['store'],
  channel: `0x${string}`,
  { amount, close }: CloseOutcome,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (close === undefined) return
  const state = await readChannel(access, channel, { signal })
  if (state.kind === 'open' || state.kind === 'closing') {
    const signatures = { signerSignature: hexText(close.own), providerSignature: hexText(close.theirs) }
    const params = { channel, amount, deadline: close.deadline, ...signatures }
    const written = await cooperativeClose(access, params, { signal })
    for (const event of written.events) recordEvent(store, event, clock.wallMs())
    return
  }
  const { block } = await readHead(access.chain, { signal })
  const query = { from: Math.max(access.deployment.block, block - RECENT_BLOCKS), filter: { channels: [channel] } }
  const page = await readEvents(access, query, { signal })
  if (page.kind === 'events') for (const event of page.events) recordEvent(store, event, clock.wallMs())
}

const SETTLE_WAIT_MS = 45_000
const RECENT_BLOCKS = 200

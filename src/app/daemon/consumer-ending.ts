/** How a connection ends by its owner's wish: last reading, open network, settled channel. */
import { AditError } from '#base/errors.ts'
import { addUnits, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import type { ClosingStatement } from '#payment/channel/session.ts'
import type { TransactionView } from '../control/explanation.ts'
import type { SessionView } from '../control/views.ts'
import type { ChainAccess } from './chain-access.ts'
import type { ConsumerParts, LiveConnection } from './consumer.ts'
import { endSessionOnly, settleChannel, type SettleDeps, type Settled } from './consumer-settle.ts'
import { settleBroken } from './leftovers.ts'
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
  const { live, events, guard, options, store } = parts
  const { log, clock } = options
  const startedAtMs = clock.wallMs()
  events.emit({ kind: 'progress', step: 'disconnect', state: 'started', text: 'ending the session' })
  const statement = live === undefined ? undefined : await finish(parts, live)
  if (live !== undefined) await live.session[Symbol.asyncDispose]()
  const reports = await guard.disconnect()
  const restored = reports.every((report) => report.outcome.kind !== 'failed')
  const text = restored ? 'the network is as before' : 'not all of the network could be restored'
  events.emit({ kind: 'progress', step: 'restore', state: 'done', text })
  if (parts.access === undefined) return { session: null, transactions: [], refund: ZERO_UNITS, restored }

  const refund = await settleWith(parts, parts.access, statement, settle).catch((error: unknown) => {
    log.warn({ error: String(error) }, 'the channel is not settled yet')
    tell(parts, error instanceof AditError ? error : new AditError('settle-failed', 'the channel is not settled yet'))
    return ZERO_UNITS
  })
  if (live !== undefined) store.sessions.end(live.session.id, 'payer', undefined, clock.wallMs())
  const stored = live === undefined ? undefined : store.sessions.find(live.session.id, 'payer')
  const transactions = store.transactions.list(100).filter((transaction) => transaction.atMs >= startedAtMs)
  return {
    session: stored === undefined ? null : sessionViewOf(stored),
    transactions: transactions.toReversed().map(transactionViewOf),
    refund,
    restored,
  }
}

/** Traffic stops first, so that both sides read the same counters. Without an answer the last signed reading is final. */
async function finish({ guard, options }: ConsumerParts, live: LiveConnection): Promise<ClosingStatement | undefined> {
  const { link, control, session } = live
  try {
    await guard.transition({ kind: 'reconnecting', data: [session.endpoint], control, tunnel: link })
    return await session.billing.finish()
  } catch (error) {
    options.log.warn({ error: String(error) }, 'no final reading: the last signed one stands')
    return undefined
  }
}

/** Returns what is free again: of the session that ran, or of those that broke before. */
async function settleWith(
  parts: ConsumerParts,
  access: ChainAccess,
  statement: ClosingStatement | undefined,
  settle: boolean,
): Promise<TokenUnits> {
  const { store, options, live } = parts
  const { clock, random, log, keystore, config } = options
  const deps: SettleDeps = { access, store, clock, random, log, signal: AbortSignal.timeout(SETTLE_WAIT_MS) }
  if (live === undefined) {
    if (!settle) return ZERO_UNITS
    const settled = await settleBroken({ ...deps, keystore, bootstrap: config.consumer.bootstrap })
    return settled.reduce((sum, one) => addUnits(sum, refundOf(parts, one.settled)), ZERO_UNITS)
  }
  const { offer, paying, session } = live
  const { facts } = session.billing.state
  const ended = { offer, paying: { ...paying, facts }, session: session.id, statement }
  if (settle) return refundOf(parts, await settleChannel(deps, ended))
  await endSessionOnly(deps, ended)
  return ZERO_UNITS
}

function refundOf(parts: ConsumerParts, settled: Settled): TokenUnits {
  if (settled.kind === 'closed') return settled.refund
  tell(
    parts,
    new AditError('close-alone', `the provider did not agree on the end (${settled.why})`, {
      remedy: 'the channel closes in 72 hours: then `adit withdraw` brings the rest back',
    }),
  )
  return ZERO_UNITS
}

function tell({ events }: ConsumerParts, { code, message, remedy }: AditError): void {
  events.emit({ kind: 'problem', fatal: false, code, message, remedy })
}

const SETTLE_WAIT_MS = 45_000

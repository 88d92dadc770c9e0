/**
 * How a channel's money is settled at the end of a session: with the provider at the final reading; where it does not
 * agree to that, at the last voucher, which it could claim anyway; where it does not answer, alone: the rest is then
 * free after 72 hours, until which the provider can claim what was signed.
 */
import type { Clock } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { hexText, type Hash32 } from '#base/hex.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { subUnitsFloor, type TokenUnits } from '#base/units/money.ts'
import type { BelievedOffer } from '#market/discovery.ts'
import { cooperativeClose, readChannel, startClose } from '#payment/chain/channels.ts'
import { readHead } from '#payment/chain/client.ts'
import type { ClosingStatement } from '#payment/channel/session.ts'
import type { Store } from '../store/index.ts'
import { catchUp } from './chain-catch-up.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordEvent } from './chain-ledger.ts'
import type { PayingChannel } from './consumer-channel.ts'
import { closeSession, type CloseOutcome } from './consumer-close.ts'
import { CLOSE_DEADLINE_MS } from './facts.ts'

export interface SettleDeps {
  readonly access: ChainAccess
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}

export interface EndedSession {
  /** Undefined: nobody knows where the provider is. */
  readonly offer: BelievedOffer | undefined
  readonly paying: PayingChannel
  readonly session: string
  /** Undefined where nothing was signed, or only the voucher is known. */
  readonly statement: ClosingStatement | undefined
}

export type Settled =
  | { readonly kind: 'closed'; readonly amount: TokenUnits; readonly refund: TokenUnits }
  /** Alone: `adit withdraw` brings the rest after 72 hours. */
  | { readonly kind: 'closing'; readonly why: string }

/** Closes the channel on the chain. */
export async function settleChannel(deps: SettleDeps, ended: EndedSession): Promise<Settled> {
  const { access, store, clock, log, signal } = deps
  const { channel, deposit } = ended.paying.facts
  try {
    const deadline = (await readHead(access.chain, { signal })).timestamp + CLOSE_DEADLINE_MS / 1000
    const outcome = await agreeOnEnd(deps, ended, deadline)
    await sendClose(deps, channel, outcome)
    return { kind: 'closed', amount: outcome.amount, refund: subUnitsFloor(deposit, outcome.amount) }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AditError && error.code === 'chain-unreachable') throw error
    log.warn({ channel, error: String(error) }, 'the provider does not agree on the end: closing alone')
    const written = await startClose(access, channel, { signal })
    for (const event of written.events) recordEvent(store, event, clock.wallMs())
    return { kind: 'closing', why: error instanceof AditError ? error.code : 'internal' }
  }
}

/** Only the session ends: the channel stays for the next one, which begins at the final reading. */
export async function endSessionOnly(deps: SettleDeps, ended: EndedSession): Promise<void> {
  await agreeOnEnd(deps, ended, undefined)
}

async function agreeOnEnd(
  { access, store, clock, random, signal }: SettleDeps,
  { offer, paying, session, statement }: EndedSession,
  deadline: number | undefined,
): Promise<CloseOutcome> {
  if (offer === undefined) {
    throw new AditError('provider-unreachable', 'the provider has no offer that can be found')
  }
  const options = { access, store, offer, paying, session, deadline, clock, random, signal }
  try {
    return await closeSession({ ...options, statement })
  } catch (error) {
    // Its count may have gone on, or its session ended before: then only the whole voucher is beyond dispute.
    const isRefused = error instanceof AditError && error.code === 'refused:final-amount'
    if (!isRefused || statement === undefined) throw error
    return await closeSession({ ...options, statement: undefined })
  }
}

/** The provider sent it, or we do; then its events are read from the chain. */
async function sendClose(deps: SettleDeps, channel: Hash32, { amount, close }: CloseOutcome): Promise<void> {
  const { access, store, clock, signal } = deps
  if (close === undefined) return
  const state = await readChannel(access, channel, { signal })
  if (state.kind === 'open' || state.kind === 'closing') {
    const signatures = { signerSignature: hexText(close.own), providerSignature: hexText(close.theirs) }
    const params = { channel, amount, deadline: close.deadline, ...signatures }
    const written = await cooperativeClose(access, params, { signal })
    for (const event of written.events) recordEvent(store, event, clock.wallMs())
    return
  }
  const account = access.account.address
  await catchUp(store, { ...access, account }, 'payer', clock, { signal })
}

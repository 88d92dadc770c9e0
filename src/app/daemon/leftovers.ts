/**
 * What a consumer that died leaves: a network closed around a tunnel that is gone, and channels whose sessions broke.
 * `adit disconnect` without a daemon clears both; a daemon that ends while it had no session settles the second.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '#base/log.ts'
import { unitsPerGibOf, ZERO_UNITS } from '#base/units/money.ts'
import { adoptOrRemove } from '#guard/guard.ts'
import { closingAmount, type ClosingStatement } from '#payment/channel/session.ts'
import { channelKeyName, type Keystore } from '../config/keystore.ts'
import type { Paths } from '../config/paths.ts'
import type { Store, StoredChannel, StoredSession } from '../store/index.ts'
import { catchUp } from './chain-catch-up.ts'
import { settleChannel, type SettleDeps, type Settled } from './consumer-settle.ts'
import { offerMemoryOf } from './offer-memory.ts'
import { findOffers } from './offers.ts'

export interface RemovedGuard {
  readonly found: boolean
  /** How many changes were undone now or were gone already. */
  readonly undone: number
  /** False where something of ours is still there; the journal keeps it for the next try. */
  readonly restored: boolean
  /** What others changed since, so that it is not ours to restore; and what failed. */
  readonly problems: readonly string[]
}

/** The guard's own journal: it outlives the daemon on purpose, and only a disconnect empties it. */
export function guardJournalPath(stateDir: string): string {
  return join(stateDir, 'guard.journal')
}

/** Undoes what a dead consumer's guard left. Throws `host-journal-in-use` where the consumer lives after all. */
export async function removeLeftGuard(paths: Paths, log: Log): Promise<RemovedGuard> {
  const path = guardJournalPath(paths.stateDir)
  if (!existsSync(path)) return { found: false, undone: 0, restored: true, problems: [] }
  const { found, reports } = await adoptOrRemove(path, 'remove', log)
  const problems = reports.flatMap(({ outcome }) => ('reason' in outcome ? [outcome.reason] : []))
  const failed = reports.filter(({ outcome }) => outcome.kind === 'failed').length
  return { found, undone: reports.length - problems.length, restored: failed === 0, problems }
}

/** Whether a session of a payer's open channel ended without a final reading, or never came about. */
export function brokenChannels(store: Store): readonly StoredChannel[] {
  return store.channels.list('payer').filter((channel) => {
    if (channel.state !== 'open' && channel.state !== 'opening') return false
    return lastSession(store, channel)?.closingAmount === undefined
  })
}

export interface LeftoverDeps extends SettleDeps {
  readonly keystore: Keystore
  readonly bootstrap: readonly string[]
}

export interface SettledChannel {
  readonly channel: StoredChannel
  readonly session: StoredSession | undefined
  readonly settled: Settled
}

/** Closes each channel whose session broke, at the last signed reading. Throws `chain-unreachable`. */
export async function settleBroken(deps: LeftoverDeps): Promise<readonly SettledChannel[]> {
  const { access, store, clock, signal } = deps
  store.sessions.endAll('consumer-restarted', clock.wallMs())
  await catchUp(store, { ...access, account: access.account.address }, 'payer', clock, { signal })
  const done: SettledChannel[] = []
  for (const channel of brokenChannels(store)) {
    const isHere = channel.chainId === access.chain.chainId && channel.contract === access.deployment.channels
    // Never included: there is no deposit to get back.
    if (!isHere || channel.state === 'opening') continue
    const settled = await settleOne(deps, channel)
    done.push({ channel, session: lastSession(store, channel), settled })
  }
  return done
}

async function settleOne(deps: LeftoverDeps, channel: StoredChannel): Promise<Settled> {
  const { store, keystore } = deps
  const signerKey = keystore.read(channelKeyName(channel.channel))
  const session = lastSession(store, channel)
  if (signerKey === undefined || session === undefined) {
    return await settleChannel(deps, {
      offer: undefined,
      paying: { facts: channel, signerKey: new Uint8Array(32), isNew: false },
      session: '',
      statement: undefined,
    })
  }
  return await settleChannel(deps, {
    offer: await offerOf(deps, channel.provider),
    paying: { facts: channel, signerKey, isNew: false },
    session: session.session,
    statement: lastStatement(store, session),
  })
}

/** The last reading that was signed, as a closing statement; undefined where nothing was signed in this session. */
export function lastStatement(store: Store, session: StoredSession): ClosingStatement | undefined {
  const reading = store.vouchers.readings(session.session, 'payer', 1).at(0)?.reading
  const quote = store.quotes.find(session.quote)
  const channel = store.channels.find(session.channel, 'payer')
  if (reading === undefined || quote === undefined || channel === undefined) return undefined
  const { baseUnits } = session
  const agreement = { session: session.session, quote: quote.quote, quoteHash: quote.hash, baseUnits }
  return {
    channel: session.channel,
    reading,
    baseUnits,
    amount: closingAmount(agreement, reading, channel.claimed),
  }
}

/** Where the provider is now, by its newest offer; undefined where none is found. */
async function offerOf({ access, store, bootstrap, clock, signal }: LeftoverDeps, provider: string) {
  const found = await findOffers({
    chain: access,
    bootstrap,
    memory: offerMemoryOf(store),
    // The price was agreed before: here it does not matter.
    wish: { region: null, maxPriceUnitsPerGib: unitsPerGibOf(0n), maxSessionFeeUnits: ZERO_UNITS, provider },
    clock,
    signal,
  })
  return found.list.offers.find(({ offer }) => offer.provider === provider)
}

function lastSession(store: Store, { channel }: StoredChannel): StoredSession | undefined {
  return store.sessions.list({ role: 'payer', channel, limit: 1 }).at(0)
}

/**
 * Holds a session: choose an offer, pay, put the guard in force, bring the tunnel up, and again when it breaks.
 * `attempt` is one walk through it; what follows a failure is decided in `consumer-decisions.ts`.
 */
import { GATEWAY_4, GATEWAY_6 } from '#base/addressing.ts'
import { SECOND_MS } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { priceOfBytes, subUnitsFloor } from '#base/units/money.ts'
import type { ControlTarget, TunnelLink } from '#guard/state.ts'
import type { BelievedOffer } from '#market/discovery.ts'
import { pause, type ChainAccess } from './chain-access.ts'
import { reachChain } from './consumer-chain.ts'
import { ensureChannel } from './consumer-channel.ts'
import { afterFailure, consequenceOf, controlHosts, controlTargets } from './consumer-decisions.ts'
import { consumerStatusOf } from './consumer-handlers.ts'
import { handleBilling } from './consumer-money.ts'
import { FWMARK, progressOf, setState, spentOf, type ConsumerParts, type LiveConnection } from './consumer.ts'
import {
  negotiateSession,
  openSession,
  quoteOf,
  type NegotiatedSession,
  type SessionOptions,
} from './consumer-session.ts'
import { offerMemoryOf } from './offer-memory.ts'
import { findOffers } from './offers.ts'

/**
 * A dead daemon's guard stays in force; its openings are set to what this configuration needs, so that a chain that
 * moved can be reached. From closed to closed: nothing opens in between.
 */
export async function takeOverLeftGuard(parts: ConsumerParts): Promise<void> {
  const { guard, options } = parts
  if (!parts.isProtecting) return
  options.log.warn({}, 'an earlier consumer ended without disconnecting: its protection stays in force')
  parts.events.emit({
    kind: 'progress',
    step: 'guard',
    state: 'done',
    text: 'took over the protection that an earlier consumer left',
  })
  await forgetLinks(parts)
  await guard.transition({ kind: 'error', control: targetsOf(parts), cause: 'guard-adopted' })
}

/**
 * Connects, waits until the session breaks, and starts over; slower each time that nothing worked. Resolves when it
 * gave up: with the error where the network is open and nothing is left to do, with nothing where the guard stays
 * closed until the owner says `disconnect`, or when the daemon leaves.
 */
export async function keepConnected(parts: ConsumerParts, stack: AsyncDisposableStack): Promise<AditError | undefined> {
  const { options, leaving } = parts
  let failures = 0
  for (;;) {
    const end = await attempt(parts, stack)
    if (leaving.aborted) return undefined
    // The spending limit was reached: the session is over, but its end can still be agreed with the provider.
    if (parts.state.kind === 'error') return undefined
    await dropConnection(parts, end.kind === 'broke' ? end.reason : undefined)
    if (end.kind === 'broke') {
      failures = 0
      options.log.warn({ reason: end.reason }, 'the session broke; reconnecting')
      setState(parts, { kind: 'reconnecting', reason: end.reason, sinceMs: options.clock.wallMs() })
    } else {
      const after = afterFailure(end.error, parts.isProtecting)
      if (after !== 'retry') return giveUp(parts, end.error, after)
      failures++
      noteFailure(parts, end.error, failures)
    }
    await pause(Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** Math.min(failures, 5)), leaving).catch(() => undefined)
  }
}

type AttemptEnd =
  { readonly kind: 'broke'; readonly reason: string } | { readonly kind: 'failed'; readonly error: unknown }

async function attempt(parts: ConsumerParts, stack: AsyncDisposableStack): Promise<AttemptEnd> {
  try {
    const access = (parts.access ??= await reachChain(parts, stack))
    return { kind: 'broke', reason: await connectOnce(parts, access) }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

/** One session from the offer to its end: resolves with the reason why it broke. */
async function connectOnce(parts: ConsumerParts, access: ChainAccess): Promise<string> {
  const { options, store } = parts
  const { clock, random, log } = options
  const signal = parts.leaving
  const step = progressOf(parts)
  const spendUnits = subUnitsFloor(options.wish.spendLimitUnits, spentOf(parts))
  if (spendUnits === 0n) throw spendLimitReached()
  await parts.names.learn(hostsOf(parts).map(({ host }) => host))
  const { offer, why } = await chooseOffer(parts, access, signal)
  const quote = quoteOf(offer, access, clock.wallMs())

  step('channel', 'started', 'preparing the payment channel')
  const paying = await ensureChannel({
    access,
    store,
    keystore: options.keystore,
    quote: quote.quote,
    depositUnits: options.wish.depositUnits,
    clock,
    random,
    log,
    signal,
  })
  step('channel', 'done', `${paying.isNew ? 'opened' : 'using'} channel ${paying.facts.channel} (${why})`)

  step('negotiate', 'started', 'asking the provider for a session')
  const sessionOptions: SessionOptions = {
    ...{ access, store, offer, quote, paying, spendUnits },
    tunName: options.config.consumer.tunName,
    fwmark: FWMARK,
    ...{ clock, random, log, signal },
  }
  const negotiated = await negotiateSession(sessionOptions)
  step('negotiate', 'done', `session ${negotiated.id}`)
  return await holdSession(parts, sessionOptions, negotiated)
}

/** The guard first, then the tunnel, then the first voucher; waits until it breaks or the daemon leaves. */
async function holdSession(
  parts: ConsumerParts,
  sessionOptions: SessionOptions,
  negotiated: NegotiatedSession,
): Promise<string> {
  const { options, guard, leaving } = parts
  const { offer, paying } = sessionOptions
  const step = progressOf(parts)
  step('guard', 'started', 'closing the network around the tunnel')
  const control = targetsOf(parts, offer)
  const data = negotiated.endpoints
  await guard.transition({ kind: 'connecting', data, control })
  step('guard', 'done', 'nothing leaves outside the tunnel')

  step('tunnel', 'started', 'bringing the tunnel up')
  const broken = Promise.withResolvers<string>()
  const session = await openSession({
    ...sessionOptions,
    negotiated,
    journal: parts.guardJournal,
    onEvent: (event) => handleBilling(parts, event, broken.resolve),
    onBroken: broken.resolve,
  })
  const link: TunnelLink = {
    device: session.device.tun.name,
    addresses: session.addresses,
    resolvers: options.config.consumer.dns === 'tunnel' ? [GATEWAY_4, GATEWAY_6] : [],
  }
  parts.live = { offer, paying, session, link, control, breakOff: broken.resolve }
  await guard.transition({ kind: 'connected', data, control, tunnel: link })
  step('tunnel', 'done', `${link.device} up, MTU ${session.device.tun.mtu}`)

  step('voucher', 'started', 'paying the first window')
  await withTimeout(Promise.race([session.serviceOpen, rejected(leaving)]), SERVICE_WAIT_MS, 'service-not-opened')
  step('voucher', 'done', 'the provider serves')
  parts.isProtecting = true
  setState(parts, { kind: 'connected', sinceMs: options.clock.wallMs() })
  parts.events.emit({ kind: 'connected', status: consumerStatusOf(parts) })
  return await Promise.race([broken.promise, rejected(leaving)])
}

async function chooseOffer(parts: ConsumerParts, access: ChainAccess, signal: AbortSignal) {
  const { options, store, shunned } = parts
  const step = progressOf(parts)
  step('discover', 'started', 'asking for offers')
  const found = await findOffers({
    chain: access,
    bootstrap: options.config.consumer.bootstrap,
    memory: offerMemoryOf(store),
    wish: options.wish,
    clock: options.clock,
    signal,
  })
  step('discover', 'done', `${found.list.offers.length} offers believed`)
  step('choose', 'started', 'choosing')
  const taken = found.choice.ranked.filter(({ offer }) => !shunned.has(offer.offer.provider))
  const best = taken.find(({ offer }) => parts.strikes.waitMs(offer.offer.provider) === 0)
  if (best === undefined && taken.length > 0) {
    const seconds = Math.ceil(
      Math.min(...taken.map(({ offer }) => parts.strikes.waitMs(offer.offer.provider))) / SECOND_MS,
    )
    throw new AditError(
      'provider-waits',
      `the sessions of every fitting provider broke early; trying again in ${seconds} s`,
      {
        remedy: '`adit disconnect` gives up; `adit offers` shows who else sells',
      },
    )
  }
  if (best === undefined) {
    const refused = Object.entries({ ...found.list.refused, ...found.choice.filtered })
    const why = refused.map(([reason, count]) => `${reason} ${count}`).join(', ')
    throw new AditError('no-offer', `no offer fits${why === '' ? '' : ` (${why})`}`, {
      remedy:
        options.config.consumer.bootstrap.length === 0
          ? 'name providers in consumer.bootstrap'
          : 'raise --max-price, name another --region, or look at adit offers',
    })
  }
  step('choose', 'done', `provider ${best.offer.offer.provider}: ${best.why}`)
  return best
}

/** The session's end by breaking: its tunnel goes, the guard keeps the host closed. */
async function dropConnection(parts: ConsumerParts, reason: string | undefined): Promise<void> {
  const { live, guard, store, options } = parts
  if (live === undefined) return
  delete parts.live
  const { link, control, session } = live
  judgeSession(parts, live)
  await guard.transition({ kind: 'reconnecting', data: [session.endpoint], control, tunnel: link })
  await session[Symbol.asyncDispose]()
  await forgetLinks(parts)
  store.sessions.end(session.id, 'payer', reason, options.clock.wallMs())
}

/** Whether a session that ended without our wish was worth what was paid for its beginning. */
function judgeSession({ strikes }: ConsumerParts, { session, offer }: LiveConnection): void {
  const { vouchers, lastReading, options } = session.billing.state
  if (vouchers === 0) return
  const { quote, baseUnits } = options.agreement
  const carried = priceOfBytes((lastReading?.up ?? 0n) + (lastReading?.down ?? 0n), quote.priceUnitsPerGib)
  const signed = subUnitsFloor(session.billing.state.lastAmount, baseUnits)
  const isWorth = carried + carried >= signed
  if (isWorth) strikes.clear(offer.offer.provider)
  else strikes.strike(offer.offer.provider)
}

/** Inner addresses went with their device; the journal need not remember them. */
async function forgetLinks({ guardJournal }: ConsumerParts): Promise<void> {
  for (const { id, change } of guardJournal.entries) if (change.kind === 'address') await guardJournal.undo(id)
}

/** It will be tried again: say so, and why. */
function noteFailure(parts: ConsumerParts, error: unknown, failures: number): void {
  const { options, events, state } = parts
  const { code, message, remedy } = knownError(error)
  options.log.warn({ code, error: String(error), failures }, 'could not connect yet')
  const sinceMs = 'sinceMs' in state ? state.sinceMs : options.clock.wallMs()
  if (state.kind === 'connecting') setState(parts, { ...state, sinceMs })
  else setState(parts, { kind: 'reconnecting', reason: code, sinceMs })
  if (failures === 1 || failures % TELL_EVERY === 0)
    events.emit({ kind: 'problem', fatal: false, code, message, remedy })
}

/** Could not connect: said to whoever listens, with what it means for their network. */
async function giveUp(
  parts: ConsumerParts,
  error: unknown,
  after: 'restore' | 'stay-closed',
): Promise<AditError | undefined> {
  const { guard, options, events } = parts
  const known = knownError(error)
  if (!(error instanceof AditError)) options.log.error({ error: String(error) }, 'unexpected failure')
  if (after === 'restore') await guard.disconnect()
  else await guard.transition({ kind: 'error', control: targetsOf(parts), cause: known.code })
  const remedy = [known.remedy, consequenceOf(after)].filter((text) => text !== '').join('; ')
  const { code, message } = known
  setState(parts, { kind: 'error', code, message, remedy, sinceMs: options.clock.wallMs() })
  events.emit({ kind: 'problem', fatal: true, code, message, remedy })
  return after === 'restore' ? new AditError(code, message, { remedy, cause: error }) : undefined
}

/** Nothing more may be spent: the host stays closed until the owner says `disconnect`. */
export async function stopAtLimit(parts: ConsumerParts): Promise<void> {
  await giveUp(parts, spendLimitReached(), 'stay-closed')
}

/** Whom the daemon itself must reach outside the tunnel: the chain, the bootstrap list, the provider's control. */
function targetsOf(parts: ConsumerParts, offer?: BelievedOffer): readonly ControlTarget[] {
  return controlTargets(hostsOf(parts, offer), (host) => parts.names.addressesOf(host))
}

function hostsOf({ options }: ConsumerParts, offer?: BelievedOffer) {
  const { chain, consumer } = options.config
  // Only the address that answered: a provider must not choose what else is let past the tunnel.
  const ofProvider = offer === undefined ? [] : [offer.source]
  return controlHosts(chain.rpcUrl, [...ofProvider, ...consumer.bootstrap])
}

function spendLimitReached(): AditError {
  return new AditError('spend-limit', 'the spending limit of this connection is reached', {
    remedy: '`adit disconnect`, then connect again with a higher --spend-limit',
  })
}

function knownError(error: unknown): AditError {
  return error instanceof AditError ? error : new AditError('internal', 'the connection failed', { cause: error })
}

/** Rejects when the daemon leaves. */
function rejected(leaving: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (leaving.aborted) reject(leaving.reason as Error)
    leaving.addEventListener('abort', () => reject(leaving.reason as Error), { once: true })
  })
}

async function withTimeout(wait: Promise<void>, afterMs: number, code: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new AditError(code, `the provider did not begin to serve within ${afterMs / SECOND_MS} s`, {
            remedy: 'choose another provider with adit offers',
          }),
        ),
      afterMs,
    )
  })
  try {
    await Promise.race([wait, late])
  } finally {
    clearTimeout(timer)
  }
}

const PAUSE_MS = 500
const MAX_PAUSE_MS = 15 * SECOND_MS
const SERVICE_WAIT_MS = 15 * SECOND_MS
/** A problem that lasts is told again now and then. */
const TELL_EVERY = 8

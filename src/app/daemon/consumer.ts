/**
 * The consumer: composition root of `adit connect`. `runConsumer` opens what lasts (store, control socket, guard, chain);
 * `keepConnected` is the loop that holds a session: choose an offer, pay, put the guard in force, bring the tunnel up,
 * and again when it breaks. The guard stays closed in between; only `disconnect` opens the network.
 */
import { lookup } from 'node:dns/promises'
import { join } from 'node:path'
import { GATEWAY_4, GATEWAY_6 } from '#base/addressing.ts'
import { SECOND_MS } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { parseIp } from '#base/ip.ts'
import { subUnitsFloor, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { openGuard } from '#guard/guard.ts'
import type { ControlTarget, TunnelLink } from '#guard/state.ts'
import type { Guard } from '#guard/types.ts'
import { openJournal, type Journal } from '#host/journal.ts'
import type { BelievedOffer } from '#market/discovery.ts'
import type { ConsumerEvent } from '#payment/channel/consumer-state.ts'
import { WALLET_KEY } from '../config/keystore.ts'
import { databasePathOf } from '../config/paths.ts'
import { parseHostPort } from '../config/fields.ts'
import type { TunnelStateView } from '../control/views.ts'
import { openStore, type Store } from '../store/index.ts'
import { openChainAccess, pause, type ChainAccess } from './chain-access.ts'
import { recordNews } from './chain-ledger.ts'
import { watchChain, type ChainMonitor } from './chain-monitor.ts'
import { addDeposit, ensureChannel, type PayingChannel } from './consumer-channel.ts'
import { consumerHandlers, consumerStatusOf } from './consumer-handlers.ts'
import { endConsumer, type Ending } from './consumer-ending.ts'
import {
  negotiateSession,
  openSession,
  quoteOf,
  type ConsumerSession,
  type SessionOptions,
} from './consumer-session.ts'
import { startControlServer } from './control-server.ts'
import { createEventHub, type EventHub } from './event-hub.ts'
import { factsOf } from './facts.ts'
import { openGoodTime } from './good-time.ts'
import { offerMemoryOf } from './offer-memory.ts'
import { findOffers } from './offers.ts'
import type { ConsumerOptions, RunConsumer } from './options.ts'
import { transactionStoreOf } from './transaction-store.ts'
import { readChannel } from '#payment/chain/channels.ts'

/** SO_MARK of the data socket: with it packets go by the ordinary routes, and only then by the guard's data opening. */
export const FWMARK = 0xad17

/** What is running. Handlers read it. */
export interface ConsumerParts {
  readonly options: ConsumerOptions
  readonly store: Store
  readonly events: EventHub
  readonly startedAtMs: number
  readonly guard: Guard
  readonly guardJournal: Journal
  state: TunnelStateView
  access?: ChainAccess
  monitor?: ChainMonitor
  live?: LiveConnection
  /** Providers that cheated this daemon: not taken again. */
  readonly shunned: Set<string>
  /** Ends the daemon; answers what the end brought. */
  disconnect(settle: boolean): Promise<Ending>
}

export interface LiveConnection {
  readonly offer: BelievedOffer
  readonly paying: PayingChannel
  readonly session: ConsumerSession
  readonly link: TunnelLink
  readonly control: readonly ControlTarget[]
}

export const runConsumer: RunConsumer = async (options) => {
  const { config, paths, log, signal } = options
  await using stack = new AsyncDisposableStack()
  const store = stack.use(openStore(databasePathOf(paths)))
  const clock = stack.use(openGoodTime(options.clock, store))
  store.sessions.endAll('consumer-restarted', clock.wallMs())
  const guardJournal = stack.use(openJournal({ path: guardJournalPath(paths.stateDir), log }))
  const guard = openGuard({
    instance: config.consumer.tunName.replaceAll(/[^a-z0-9]/g, '_').slice(0, 16),
    journal: guardJournal,
    fwmark: FWMARK,
    controlUid: process.getuid?.() ?? 0,
    log,
  })
  const ending = Promise.withResolvers<boolean>()
  const ended = Promise.withResolvers<Ending>()
  const parts: ConsumerParts = {
    options: { ...options, clock },
    store,
    events: createEventHub(() => clock.wallMs()),
    startedAtMs: clock.wallMs(),
    guard,
    guardJournal,
    state: { kind: 'connecting', step: 'chain', sinceMs: clock.wallMs() },
    shunned: new Set(),
    disconnect: (settle) => {
      ending.resolve(settle)
      return ended.promise
    },
  }
  stack.use(
    await startControlServer({
      role: 'consumer',
      socketPath: options.socketPath,
      handlers: consumerHandlers(parts),
      log,
      version: options.version,
    }),
  )
  options.onListening()
  signal.addEventListener('abort', () => ending.resolve(config.consumer.settleOnDisconnect), { once: true })

  const leaving = new AbortController()
  const connection = keepConnected(parts, stack, leaving.signal).catch((error: unknown) => {
    if (!leaving.signal.aborted) log.error({ error: String(error) }, 'the connection gave up')
  })
  const settle = await ending.promise
  leaving.abort(new DOMException('disconnecting', 'AbortError'))
  await connection
  ended.resolve(endConsumer(parts, settle))
  await ended.promise
  setState(parts, { kind: 'disconnected' })
  // The answer to `disconnect` leaves before the socket goes.
  await new Promise((resolve) => setTimeout(resolve, 50))
}

/** `adit disconnect` without a daemon empties it, too. */
export function guardJournalPath(stateDir: string): string {
  return join(stateDir, 'guard.journal')
}

/** Connects, waits until the session breaks, and starts over; slower each time that nothing worked. */
async function keepConnected(parts: ConsumerParts, stack: AsyncDisposableStack, signal: AbortSignal): Promise<void> {
  const { log } = parts.options
  const isLeaving = (): boolean => signal.aborted
  let failures = 0
  while (!signal.aborted) {
    try {
      parts.access ??= await reachChain(parts, stack, signal)
      const reason = await connectOnce(parts, parts.access, signal)
      failures = 0
      log.warn({ reason }, 'the session broke; reconnecting')
      setState(parts, { kind: 'reconnecting', reason, sinceMs: parts.options.clock.wallMs() })
    } catch (error) {
      signal.throwIfAborted()
      if (isFinal(error) || !wasConnected(parts)) {
        await giveUp(parts, error)
        return
      }
      failures++
      log.warn({ error: String(error), failures }, 'could not reconnect yet')
    } finally {
      if (!isLeaving()) await dropConnection(parts)
    }
    await pause(Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** Math.min(failures, 5)), signal)
  }
}

/** One session from the offer to its end: resolves with the reason why it broke. */
async function connectOnce(parts: ConsumerParts, access: ChainAccess, signal: AbortSignal): Promise<string> {
  const { options, store, guard } = parts
  const { clock, random, log } = options
  const step = progressOf(parts)
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
    access,
    store,
    offer,
    quote,
    paying,
    tunName: options.config.consumer.tunName,
    fwmark: FWMARK,
    spendUnits: subUnitsFloor(options.wish.spendLimitUnits, spentOf(parts)),
    clock,
    random,
    log,
    signal,
  }
  const negotiated = await negotiateSession(sessionOptions)
  step('negotiate', 'done', `session ${negotiated.id}`)

  step('guard', 'started', 'closing the network around the tunnel')
  const control = await controlTargets(parts, offer)
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
  parts.live = { offer, paying, session, link, control }
  await guard.transition({ kind: 'connected', data, control, tunnel: link })
  step('tunnel', 'done', `${link.device} up, MTU ${session.device.tun.mtu}`)

  step('voucher', 'started', 'paying the first window')
  await withTimeout(session.serviceOpen, SERVICE_WAIT_MS, 'service-not-opened')
  step('voucher', 'done', 'the provider serves')
  setState(parts, { kind: 'connected', sinceMs: clock.wallMs() })
  parts.events.emit({ kind: 'connected', status: consumerStatusOf(parts) })
  const aborted = new Promise<string>((resolve) => {
    signal.addEventListener('abort', () => resolve('disconnecting'), { once: true })
  })
  return Promise.race([broken.promise, aborted])
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
  const best = found.choice.ranked.find(({ offer }) => !shunned.has(offer.offer.provider))
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

async function reachChain(
  parts: ConsumerParts,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<ChainAccess> {
  const { config, paths, keystore, clock, log } = parts.options
  const walletKey = keystore.read(WALLET_KEY)
  if (walletKey === undefined) {
    throw new AditError('config-missing', 'wallet: expected a key, got nothing', {
      remedy: '`adit wallet create` makes one',
    })
  }
  const step = progressOf(parts)
  step('chain', 'started', `connecting to chain ${config.chain.chainId}`)
  const access = await openChainAccess({
    config,
    paths,
    walletKey,
    transactions: transactionStoreOf(parts.store, clock),
    clock,
    log,
    signal,
    onWaiting: () => step('chain', 'started', 'the chain does not answer: waiting'),
  })
  await access.sender.resume({ signal })
  parts.monitor = stack.use(watchOwnChannels(parts, access))
  step('chain', 'done', `chain ${access.chain.chainId}, account ${access.account.address}`)
  return access
}

function watchOwnChannels(parts: ConsumerParts, access: ChainAccess): ChainMonitor {
  const { store, options } = parts
  const { clock, log } = options
  const deployment = `${access.chain.chainId}:${access.deployment.channels}`
  const refresh = async (): Promise<void> => {
    const { live } = parts
    if (live === undefined) return
    const facts = factsOf(await readChannel(access, live.session.channel, { signal: AbortSignal.timeout(LOOK_MS) }))
    if (facts !== undefined) live.session.billing.handleFacts(facts)
  }
  return watchChain({
    chain: access.chain,
    deployment: access.deployment,
    filter: () => ({
      accounts: [access.account.address],
      channels: store.channels.list('payer').map((channel) => channel.channel),
    }),
    cursor: store.settings.cursor(deployment),
    onCursor: (cursor) => store.settings.putCursor(deployment, cursor),
    onNews: async (news) => {
      recordNews(store, news, clock.wallMs())
      await refresh()
    },
    clock,
    log,
  })
}

/** What billing tells: some of it ends the session, some wants money. */
function handleBilling(parts: ConsumerParts, event: ConsumerEvent, breakOff: (reason: string) => void): void {
  const { options, store, live, shunned } = parts
  const id = live?.session.id
  const note = (state: 'open' | 'paused' | 'closing', reason?: string): void => {
    if (id !== undefined) store.sessions.setState(id, 'payer', state, reason)
  }
  switch (event.kind) {
    case 'service-open':
      note('open')
      break
    case 'paused':
      options.log.warn({ reason: event.reason, unexplained: event.unexplainedBytes }, 'the provider paused the session')
      note('paused', event.reason)
      if (ENDING_PAUSES.includes(event.reason)) breakOff(event.reason)
      break
    case 'provider-closing':
      note('closing')
      break
    case 'refused':
      options.log.debug({ code: event.code }, 'a voucher was refused')
      break
    case 'top-up-wanted':
      void addMoney(parts)
      break
    case 'held':
      options.log.warn({ code: event.code }, 'nothing is signed for now')
      if (event.code === 'limit-session') void stopAtLimit(parts)
      break
    case 'resumed':
      options.log.info({}, 'signing again')
      break
    case 'stopped':
      if (live !== undefined) shunned.add(live.offer.offer.provider)
      breakOff(event.code)
      break
    case 'provider-withholds':
      if (live !== undefined) shunned.add(live.offer.offer.provider)
      breakOff('provider-withholds')
      break
    case 'provider-silent':
      breakOff('provider-silent')
  }
}

/** The deposit runs low: add one more, within the limit of what may be spent. */
async function addMoney(parts: ConsumerParts): Promise<void> {
  const { live, access, options, store } = parts
  if (live === undefined || access === undefined) return
  const { spendLimitUnits, depositUnits } = options.wish
  const left = subUnitsFloor(spendLimitUnits, spentOf(parts))
  const unspent = subUnitsFloor(live.session.billing.state.facts.deposit, live.session.billing.state.lastAmount)
  if (left <= unspent) return
  try {
    const signal = AbortSignal.timeout(TOP_UP_WAIT_MS)
    const facts = await addDeposit({ access, store, depositUnits, clock: options.clock, signal }, live.session.channel)
    if (facts !== undefined) live.session.billing.handleFacts(facts)
  } catch (error) {
    const known = error instanceof AditError ? error : new AditError('top-up-failed', 'the deposit could not be raised')
    options.log.warn({ code: known.code, error: String(error) }, 'the deposit could not be raised')
    parts.events.emit({ kind: 'problem', fatal: false, code: known.code, message: known.message, remedy: known.remedy })
  }
}

/** Nothing more may be spent: the host stays closed until the owner says `disconnect`. */
async function stopAtLimit(parts: ConsumerParts): Promise<void> {
  await giveUp(
    parts,
    new AditError('spend-limit', 'the spending limit of this connection is reached', {
      remedy: '`adit disconnect`, then connect again with a higher --spend-limit',
    }),
  )
}

/** The session's end by breaking: its tunnel goes, the guard keeps the host closed. */
async function dropConnection(parts: ConsumerParts): Promise<void> {
  const { live, guard, store, options } = parts
  if (live === undefined) return
  delete parts.live
  const { link, control, session } = live
  await guard.transition({ kind: 'reconnecting', data: [session.endpoint], control, tunnel: link })
  await session[Symbol.asyncDispose]()
  const reason = parts.state.kind === 'reconnecting' ? parts.state.reason : undefined
  store.sessions.end(session.id, 'payer', reason, options.clock.wallMs())
}

/** Could not connect: said to whoever listens. What the guard closed stays closed. */
async function giveUp(parts: ConsumerParts, error: unknown): Promise<void> {
  const { guard, options, events } = parts
  const known =
    error instanceof AditError ? error : new AditError('internal', 'the connection failed', { cause: error })
  if (!(error instanceof AditError)) options.log.error({ error: String(error) }, 'unexpected failure')
  if (guard.state.kind !== 'disconnected') {
    const control = 'control' in guard.state ? guard.state.control : []
    await guard.transition({ kind: 'error', control, cause: known.code })
  }
  const { code, message, remedy } = known
  setState(parts, { kind: 'error', code, message, remedy, sinceMs: options.clock.wallMs() })
  events.emit({ kind: 'problem', fatal: true, code, message, remedy })
}

/**
 * Whom the daemon itself must reach outside the tunnel: the provider's control addresses and the chain. Names are
 * resolved now, while the system's resolver still answers.
 */
async function controlTargets({ options }: ConsumerParts, offer: BelievedOffer): Promise<readonly ControlTarget[]> {
  const rpc = new URL(options.config.chain.rpcUrl)
  const rpcPort = Number(rpc.port === '' ? (rpc.protocol === 'https:' ? 443 : 80) : rpc.port)
  const wanted = [
    { host: rpc.hostname.replace(/^\[|\]$/g, ''), port: rpcPort },
    ...[offer.source, ...offer.offer.control, ...options.config.consumer.bootstrap].flatMap(
      (text) => parseHostPort(text) ?? [],
    ),
  ]
  const targets: ControlTarget[] = []
  for (const { host, port } of wanted) {
    const addresses =
      parseIp(host) === undefined
        ? (await lookup(host, { all: true }).catch(() => [])).map((one) => one.address)
        : [host]
    for (const address of addresses) {
      if (!isLoopback(address)) targets.push({ address, port, protocol: 'tcp' })
    }
  }
  return [...new Map(targets.map((target) => [`${target.address} ${target.port}`, target])).values()]
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** Signed by sessions of this daemon, each above its base. */
export function spentOf({ store, startedAtMs }: ConsumerParts): TokenUnits {
  const sessions = store.sessions.list({ role: 'payer', limit: 1000 }).filter((one) => one.startedAtMs >= startedAtMs)
  return sessions.reduce((sum, session) => (sum + session.due) as TokenUnits, ZERO_UNITS)
}

export function setState(parts: ConsumerParts, state: TunnelStateView): void {
  parts.state = state
  parts.events.emit({ kind: 'tunnel', state })
}

function wasConnected({ guard }: ConsumerParts): boolean {
  return guard.state.kind === 'reconnecting' || guard.state.kind === 'connected'
}

/** What trying again does not mend. */
function isFinal(error: unknown): boolean {
  return error instanceof AditError && FINAL_CODES.includes(error.code)
}

type ConnectStep = 'chain' | 'discover' | 'choose' | 'channel' | 'negotiate' | 'guard' | 'tunnel' | 'voucher'

function progressOf(parts: ConsumerParts) {
  return (step: ConnectStep, state: 'started' | 'done', text: string): void => {
    const { events, options } = parts
    if (state === 'done') options.log.info({ step }, text)
    if (parts.state.kind === 'connecting') parts.state = { ...parts.state, step }
    events.emit({ kind: 'progress', step, state, text })
  }
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
const TOP_UP_WAIT_MS = 60 * SECOND_MS
const LOOK_MS = 10 * SECOND_MS
/** After these nothing comes back by waiting: a new session is asked for, here or elsewhere. */
const ENDING_PAUSES: readonly string[] = ['loss-disputed', 'provider-stopping', 'channel-closing', 'expired']
const FINAL_CODES: readonly string[] = ['spend-limit', 'chain-id-mismatch', 'config-missing', 'insufficient-funds']

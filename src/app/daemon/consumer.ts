/**
 * The consumer: composition root of `adit connect`. `runConsumer` opens what lasts (store, names, guard, control
 * socket), lets `consumer-loop.ts` hold a session, and ends it as its owner wishes (`consumer-ending.ts`). The guard
 * stays closed between sessions and after a crash; only `disconnect` opens the network.
 */
import { SECOND_MS } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import type { TokenUnits } from '#base/units/money.ts'
import { openGuard } from '#guard/guard.ts'
import type { ControlTarget, TunnelLink } from '#guard/state.ts'
import type { Guard } from '#guard/types.ts'
import { openJournal, type Journal } from '#host/journal.ts'
import type { BelievedOffer } from '#market/discovery.ts'
import { databasePathOf } from '../config/paths.ts'
import type { TunnelStateView } from '../control/views.ts'
import { openStore, type Store } from '../store/index.ts'
import { pause, type ChainAccess } from './chain-access.ts'
import type { ChainMonitor } from './chain-monitor.ts'
import type { PayingChannel } from './consumer-channel.ts'
import { guardJournalPath } from './leftovers.ts'
import { consumerHandlers } from './consumer-handlers.ts'
import { endConsumer, type Ending } from './consumer-ending.ts'
import { consequenceOf, spentBy } from './consumer-decisions.ts'
import { keepConnected, takeOverLeftGuard } from './consumer-loop.ts'
import type { ConsumerSession } from './consumer-session.ts'
import { startControlServer } from './control-server.ts'
import { providerStrikes, type ProviderStrikes } from './provider-strikes.ts'
import { createEventHub, type EventHub } from './event-hub.ts'
import { openGoodTime } from './good-time.ts'
import { openNameMemory, type NameMemory } from './name-memory.ts'
import type { ConsumerOptions, RunConsumer } from './options.ts'

/** SO_MARK of the data socket: with it packets go by the ordinary routes, and only then by the guard's data opening. */
export const FWMARK = 0xad17

/** What is running. Handlers read it. */
export interface ConsumerParts {
  readonly options: ConsumerOptions
  readonly store: Store
  readonly names: NameMemory
  readonly events: EventHub
  readonly startedAtMs: number
  readonly guard: Guard
  readonly guardJournal: Journal
  /** Aborted when the daemon leaves. */
  readonly leaving: AbortSignal
  state: TunnelStateView
  /** It was connected, or took over what a dead daemon left closed: no failure opens the network any more. */
  isProtecting: boolean
  access?: ChainAccess
  monitor?: ChainMonitor
  live?: LiveConnection
  /** Providers that cheated this daemon: not taken again. */
  readonly shunned: Set<string>
  /** Providers whose sessions break early: taken less and less often. */
  readonly strikes: ProviderStrikes
  /** Ends the daemon; answers what the end brought. */
  disconnect(settle: boolean): Promise<Ending>
}

export interface LiveConnection {
  readonly offer: BelievedOffer
  readonly paying: PayingChannel
  readonly session: ConsumerSession
  readonly link: TunnelLink
  readonly control: readonly ControlTarget[]
  /** Ends this session; the loop asks for the next one. */
  readonly breakOff: (reason: string) => void
}

export const runConsumer: RunConsumer = async (options) => {
  const { config, paths, log, signal } = options
  await using stack = new AsyncDisposableStack()
  const store = stack.use(openStore(databasePathOf(paths)))
  const clock = stack.use(openGoodTime(options.clock, store))
  const names = stack.use(openNameMemory(store))
  store.sessions.endAll('consumer-restarted', clock.wallMs())
  const guardJournal = stack.use(openJournal({ path: guardJournalPath(paths.stateDir), log }))
  const guard = openGuard({
    instance: config.consumer.tunName.replaceAll(/[^a-z0-9]/g, '_').slice(0, 16),
    journal: guardJournal,
    fwmark: FWMARK,
    controlUid: process.getuid?.() ?? 0,
    log,
  })
  const ending = Promise.withResolvers<{ readonly settle: boolean; readonly failure?: AditError }>()
  const ended = Promise.withResolvers<Ending>()
  ended.promise.catch(() => undefined) // `runConsumer` itself throws it
  const leaving = new AbortController()
  const parts: ConsumerParts = {
    options: { ...options, clock },
    store,
    names,
    events: createEventHub(() => clock.wallMs()),
    startedAtMs: clock.wallMs(),
    guard,
    guardJournal,
    leaving: leaving.signal,
    state: { kind: 'connecting', step: 'chain', sinceMs: clock.wallMs() },
    isProtecting: guard.state.kind !== 'disconnected',
    shunned: new Set(),
    strikes: providerStrikes(clock),
    disconnect: (settle) => {
      ending.resolve({ settle })
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
  const onSignal = (): void => ending.resolve({ settle: config.consumer.settleOnDisconnect })
  if (signal.aborted) onSignal()
  signal.addEventListener('abort', onSignal, { once: true })

  const connection = takeOverLeftGuard(parts)
    .then(() => keepConnected(parts, stack))
    .then(async (failure) => {
      if (failure === undefined) return
      // Nothing is protected, so nothing is left to do; a client that connects late still hears why.
      await pause(LINGER_MS, leaving.signal).catch(() => undefined)
      ending.resolve({ settle: false, failure })
    })
    .catch((error: unknown) => {
      if (leaving.signal.aborted) return
      log.error({ error: String(error) }, 'the connection gave up')
      // What failed is the guard itself: it blocks everything then.
      const known = error instanceof AditError ? error : new AditError('internal', 'the connection gave up')
      const { code, message } = known
      const remedy = [known.remedy, consequenceOf('stay-closed')].filter((text) => text !== '').join('; ')
      setState(parts, { kind: 'error', code, message, remedy, sinceMs: clock.wallMs() })
      parts.events.emit({ kind: 'problem', fatal: true, code, message, remedy })
    })
  const { settle, failure } = await ending.promise
  leaving.abort(new DOMException('disconnecting', 'AbortError'))
  await connection
  ended.resolve(endConsumer(parts, settle))
  await ended.promise
  setState(parts, { kind: 'disconnected' })
  // The answer to `disconnect` leaves before the socket goes.
  await new Promise((resolve) => setTimeout(resolve, 50))
  if (failure !== undefined) throw failure
}

/** What the sessions of this daemon cost. */
export function spentOf({ store, startedAtMs }: ConsumerParts): TokenUnits {
  const sessions = store.sessions.list({ role: 'payer', limit: 1000 })
  return spentBy(sessions.filter((one) => one.startedAtMs >= startedAtMs))
}

export function setState(parts: ConsumerParts, state: TunnelStateView): void {
  parts.state = state
  parts.events.emit({ kind: 'tunnel', state })
}

export type ConnectStep = 'chain' | 'discover' | 'choose' | 'channel' | 'negotiate' | 'guard' | 'tunnel' | 'voucher'

export function progressOf(parts: ConsumerParts) {
  return (step: ConnectStep, state: 'started' | 'done', text: string): void => {
    const { events, options } = parts
    if (state === 'done') options.log.info({ step }, text)
    if (parts.state.kind === 'connecting') parts.state = { ...parts.state, step }
    events.emit({ kind: 'progress', step, state, text })
  }
}

const LINGER_MS = 3 * SECOND_MS

/**
 * The provider: composition root of `adit provide`. Read `runProvider` from top to bottom: recover what a crash left,
 * open the store, answer the control socket, reach the chain, stake, open the tunnel and the exit, take sessions, give
 * out offers; then the same backwards.
 */
import { join } from 'node:path'
import { DNS_PORT, GATEWAY_4, GATEWAY_6, METER_PORT } from '#base/addressing.ts'
import { SECOND_MS } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { parseIp, parsePrefix, prefixContains } from '#base/ip.ts'
import { units } from '#base/units/money.ts'
import { createDhKeyPair, type DhKeyPair } from '#crypto/x25519.ts'
import { openAddressAllocator } from '#exit/addresses.ts'
import { openExit } from '#exit/exit.ts'
import { openResolverForwarder } from '#exit/resolver-forwarder.ts'
import type { Exit } from '#exit/types.ts'
import { openJournal, recoverJournal, type Journal } from '#host/journal.ts'
import { readSystemResolver } from '#host/resolver.ts'
import { readAddresses, readPathTo } from '#host/routes.ts'
import { openTunnelDevice } from '#packet/engine/device.ts'
import type { TunnelDevice } from '#packet/engine/device-types.ts'
import { openPacketEngine } from '#packet/engine/open.ts'
import { readBalance } from '#payment/chain/channels.ts'
import { DEFAULT_PARAMETERS } from '#payment/tariff/constants.ts'
import { WALLET_KEY } from '../config/keystore.ts'
import { databasePathOf } from '../config/paths.ts'
import { openStore, type Store } from '../store/index.ts'
import { inBackground } from './background.ts'
import { openChainAccess, type ChainAccess } from './chain-access.ts'
import type { ChainMonitor } from './chain-monitor.ts'
import { startControlServer } from './control-server.ts'
import { createEventHub, type EventHub } from './event-hub.ts'
import { openGoodTime } from './good-time.ts'
import { startNegotiationServer } from './negotiation-server.ts'
import { publishOffers, type OfferPublisher } from './offer-publisher.ts'
import type { RunProvider, ProviderOptions } from './options.ts'
import { providerHandlers } from './provider-handlers.ts'
import { watchPayingChannels } from './provider-chain.ts'
import { channelReader } from './provider-channels.ts'
import { providerControl, type ProviderControl } from './provider-control.ts'
import { openProviderSessions, type ProviderSessions } from './provider-sessions.ts'
import { ensureRegistered, nodeKeyFor, type Registration } from './provider-stake.ts'
import { openSettlement, type Settlement } from './settlement.ts'
import { transactionStoreOf } from './transaction-store.ts'
import { openVoucherWorker } from './voucher-worker.ts'

/** The parts of a running provider; what is not open yet is undefined. Handlers read it. */
export interface ProviderParts {
  readonly options: ProviderOptions
  readonly region: string
  readonly store: Store
  readonly events: EventHub
  readonly startedAtMs: number
  state: 'starting' | 'serving' | 'waiting-for-chain' | 'draining' | 'stopped'
  access?: ChainAccess
  registration?: Registration
  monitor?: ChainMonitor
  settlement?: Settlement
  device?: TunnelDevice
  sessions?: ProviderSessions
  control?: ProviderControl
  publisher?: OfferPublisher
  controlPort?: number
  /** Why it ends although nobody asked it to: thrown after the ordered end. */
  failure?: AditError
  /** Ends `runProvider`; `settle`: claim everything first. Resolves with the number of sessions that were live. */
  stop(settle: boolean): Promise<number>
}

export const runProvider: RunProvider = async (options) => {
  const { config, paths, log, signal } = options
  const region = config.provider.region
  if (region === null) throw missing('provider.region', 'set it in the configuration')
  const journalPath = join(paths.stateDir, 'exit.journal')
  const left = await recoverJournal({ path: journalPath, log })
  if (left.length > 0) log.warn({ changes: left.length }, 'restored the host after a crash')

  await using stack = new AsyncDisposableStack()
  const store = stack.use(openStore(databasePathOf(paths)))
  const clock = stack.use(openGoodTime(options.clock, store))
  store.sessions.endAll('provider-restarted', clock.wallMs())
  const stopping = new AbortController()
  const stopped = Promise.withResolvers<boolean>()
  signal.addEventListener('abort', () => stopped.resolve(true), { once: true })
  const parts: ProviderParts = {
    options: { ...options, clock },
    region,
    store,
    events: createEventHub(() => clock.wallMs()),
    startedAtMs: clock.wallMs(),
    state: 'starting',
    stop: (settle) => {
      const count = parts.sessions?.count ?? 0
      stopped.resolve(settle)
      return Promise.resolve(count)
    },
  }
  stack.use(
    await startControlServer({
      role: 'provider',
      socketPath: options.socketPath,
      handlers: providerHandlers(parts),
      log,
      version: options.version,
    }),
  )
  options.onListening()

  const starting = startProvider(parts, stack, journalPath, AbortSignal.any([signal, stopping.signal]))
  starting.catch(() => stopped.resolve(false))
  const settle = await stopped.promise
  stopping.abort()
  await starting.catch((error: unknown) => {
    if (signal.aborted || error === stopping.signal.reason) return
    reportFailure(parts, error)
    throw error
  })
  await stopProvider(parts, settle)
  if (parts.failure !== undefined) throw parts.failure
}

async function startProvider(
  parts: ProviderParts,
  stack: AsyncDisposableStack,
  journalPath: string,
  signal: AbortSignal,
): Promise<void> {
  const { options, store } = parts
  const { config, clock, random, log } = options
  const access = await reachChain(parts, signal)
  const nodeKey = await nodeKeyFor(access, options.keystore, random, signal)
  await resumeTransactions(parts, access, signal)

  const step = progressOf(parts)
  step('stake', 'started', 'checking the registration')
  const register = async (): Promise<Registration> => {
    const { stakeUnits } = config.provider
    return (parts.registration = await ensureRegistered({
      ...{ access, nodeKey, region: parts.region, stakeUnits, log, signal },
    }))
  }
  const { nodeKeyId } = await register()
  step('stake', 'done', `registered in ${parts.region}, node key ${nodeKeyId}`)

  const settlement = stack.use(openSettlement({ access, store, claimUnits: config.provider.claimUnits, clock, log }))
  parts.settlement = settlement
  step('engine', 'started', 'opening the tunnel')
  const device = (parts.device = stack.use(await openDevice(parts)))
  device.on((event) => {
    if (event.kind !== 'fatal') return
    log.error({ error: event.error }, 'the packet engine failed: the provider stops')
    parts.failure = new AditError('engine-failed', `the packet engine failed: ${event.error}`, {
      remedy: 'start the provider again; please report this',
    })
    inBackground(parts.stop(true), log, 'the provider could not be stopped')
  })
  step('engine', 'done', `WireGuard on UDP port ${device.port}, device ${device.tun.name}`)

  step('host', 'started', 'opening the exit')
  const journal = stack.use(openJournal({ path: journalPath, log }))
  const exit = stack.use(await openProviderExit(parts, journal, device))
  step(
    'host',
    'done',
    `exit by ${exit.uplink.device4 ?? exit.uplink.device6 ?? 'no uplink'}; this network is closed to it`,
  )
  keepFresh(exit, parts, stack)

  const controlKey = createDhKeyPair(random)
  const { sessions, control } = await openSessions(parts, stack, exit, controlKey, nodeKey)
  parts.monitor = stack.use(watchPayingChannels({ access, sessions, settlement, register, store, clock, log }))
  step('control', 'started', 'listening for session requests')
  const server = stack.use(
    await startNegotiationServer({
      listenAddress: config.provider.listenAddress,
      port: config.provider.controlPort,
      offer: () => (parts.state === 'serving' ? parts.publisher?.offer.bytes : undefined),
      answer: (sealed) => control.answer(sealed),
      clock,
      log,
    }),
  )
  parts.controlPort = server.port
  step('control', 'done', `session control on TCP port ${server.port}`)

  step('offer', 'started', 'signing an offer')
  const advertised = config.provider.advertiseControl
  const own = advertised.length > 0 ? [] : await addressesOf(exit, access.deployment.testToken)
  parts.publisher = stack.use(
    publishOffers({
      config,
      region: parts.region,
      account: access.account.address,
      nodeKey,
      nodeKeyId,
      deployment: access.deployment,
      sealKey: controlKey.publicKey,
      controlAddresses: [...advertised, ...own.map((address) => hostPort(address, server.port))].slice(0, 8),
      load: () => sessions.count / config.provider.maxSessions,
      store,
      clock,
      onOffer: (offer) => log.debug({ sequence: offer.offer.sequence }, 'offer renewed'),
    }),
  )
  parts.state = 'serving'
  step('offer', 'done', 'serving')
}

/** What a provider does when it ends: nobody is left in the dark, and what is due is claimed. */
async function stopProvider(parts: ProviderParts, settle: boolean): Promise<void> {
  parts.state = 'draining'
  const { log } = parts.options
  parts.control?.drain()
  const ended = (await parts.sessions?.drain(DRAIN_MS)) ?? 0
  log.info({ sessions: ended }, 'stopped serving')
  if (settle && parts.settlement !== undefined) {
    try {
      await parts.settlement.claim({ all: true, signal: AbortSignal.timeout(CLAIM_WAIT_MS) })
    } catch (error) {
      log.warn({ error: String(error) }, 'not everything is claimed yet: the next start does it')
    }
  }
  parts.state = 'stopped'
}

async function reachChain(parts: ProviderParts, signal: AbortSignal): Promise<ChainAccess> {
  const { config, paths, keystore, clock, log } = parts.options
  const walletKey = keystore.read(WALLET_KEY)
  if (walletKey === undefined) throw missing('wallet', '`adit wallet create` makes one')
  const step = progressOf(parts)
  step('chain', 'started', `connecting to the chain ${config.chain.chainId}`)
  parts.access = await openChainAccess({
    config,
    paths,
    walletKey,
    transactions: transactionStoreOf(parts.store, clock),
    clock,
    log,
    signal,
    onWaiting: (why) => {
      parts.state = 'waiting-for-chain'
      log.warn({ why }, 'the chain does not answer: waiting')
      step('chain', 'started', 'the chain does not answer: waiting')
    },
  })
  parts.state = 'starting'
  step('chain', 'done', `chain ${parts.access.chain.chainId}, account ${parts.access.account.address}`)
  return parts.access
}

/** What an earlier run sent is waited for, but not for ever: the records stay, and each intention goes on with its own. */
async function resumeTransactions({ options, store }: ProviderParts, access: ChainAccess, signal: AbortSignal) {
  if (store.outbox.pending(access.account.address).length === 0) return
  try {
    await access.sender.resume({ signal: AbortSignal.any([signal, AbortSignal.timeout(RESUME_MS)]) })
  } catch (error) {
    signal.throwIfAborted()
    options.log.warn({ error: String(error) }, 'earlier transactions are not included yet')
  }
}

function openDevice({ options }: ProviderParts): Promise<TunnelDevice> {
  const { config, clock, random, log } = options
  return openTunnelDevice({
    openEngine: openPacketEngine,
    engineOptions: {
      tunName: config.provider.tunName,
      mtu: config.provider.mtu,
      listenPort: config.provider.tunnelPort,
      fwmark: 0,
      gateway: { address4: GATEWAY_4, address6: GATEWAY_6 },
      meterPort: METER_PORT,
      servicePorts: [DNS_PORT],
    },
    // Fresh with each start: nobody has to recognise a provider by its tunnel key, the node key signs for it.
    privateKey: random.bytes(32),
    clock,
    random,
    log,
    pathMtu: async (address) => (await readPathTo(address)).mtu,
  })
}

async function openProviderExit({ options }: ProviderParts, journal: Journal, device: TunnelDevice): Promise<Exit> {
  const { config, log } = options
  const advertised = config.provider.advertiseEndpoints.map((endpoint) =>
    endpoint.replace(/:\d+$/, '').replace(/[[\]]/g, ''),
  )
  return openExit({
    instance: config.provider.tunName.replaceAll(/[^a-z0-9]/g, '_').slice(0, 16),
    tunName: device.tun.name,
    ...(config.provider.uplink === null ? {} : { uplink: config.provider.uplink }),
    journal,
    reservedPorts: [device.port, config.provider.controlPort].filter((port) => port > 0),
    // What consumers reach us by is our own or our router's public address.
    extraRefused: advertised,
    log,
  })
}

function keepFresh(exit: Exit, parts: ProviderParts, stack: AsyncDisposableStack): void {
  const timer = setInterval(() => {
    exit.refresh().catch((error: unknown) => {
      parts.options.log.warn({ error: String(error) }, 'the exit could not be refreshed')
    })
  }, REFRESH_MS)
  stack.defer(() => clearInterval(timer))
}

async function openSessions(
  parts: ProviderParts,
  stack: AsyncDisposableStack,
  exit: Exit,
  controlKey: DhKeyPair,
  nodeKey: Uint8Array,
): Promise<{ sessions: ProviderSessions; control: ProviderControl }> {
  const { options, store, events, access, device } = parts
  const { config, clock, random, log, keystore } = options
  const walletKey = keystore.read(WALLET_KEY)
  if (access === undefined || device === undefined || walletKey === undefined) throw new Error('provider: not started')
  const crypto = stack.use(openVoucherWorker())
  const resolvers = config.provider.resolvers
  const resolver = stack.use(
    openResolverForwarder({
      upstream: () => (resolvers.length > 0 ? { servers: resolvers, searchDomains: [] } : readSystemResolver()),
      random,
      log,
    }),
  )
  const advertised = config.provider.advertiseEndpoints
  const own = advertised.length > 0 ? [] : await addressesOf(exit, access.deployment.testToken)
  const parameters = {
    ...DEFAULT_PARAMETERS,
    minimumDepositUnits: config.provider.minDepositUnits,
    packetBytes: BigInt(device.tun.mtu),
  }
  // A local test chain makes a block for each transaction only: the next one may never come.
  const confirmations = access.deployment.testToken ? 0 : config.chain.confirmations
  const channels = channelReader({ access, store, confirmations, clock })
  const sessions = stack.use(
    openProviderSessions({
      device,
      exit,
      addresses: openAddressAllocator(random),
      resolver,
      crypto,
      channels,
      parameters,
      store,
      events,
      clock,
      random,
      log,
      onClaimWanted: (channel) => parts.settlement?.urge(channel),
    }),
  )
  const control = providerControl({
    access,
    sessions,
    channels,
    store,
    parameters,
    nodeKey,
    walletKey,
    controlKey,
    maxSessions: config.provider.maxSessions,
    endpoints: [...advertised, ...own.map((address) => hostPort(address, device.port))].slice(0, 8),
    wireguardPublicKey: device.publicKey,
    mtu: device.tun.mtu,
    clock,
    random,
    log,
  })
  parts.sessions = sessions
  parts.control = control
  return { sessions, control }
}

/**
 * Addresses by which consumers may reach this host: public ones of the uplink. Behind a router there are none, and its
 * owner has to name what the router forwards; a local test chain makes do with private ones. Throws `advertise-missing`.
 */
async function addressesOf(exit: Exit, isTest: boolean): Promise<readonly string[]> {
  const { device4, device6 } = exit.uplink
  const addresses = (await readAddresses())
    .filter((one) => one.scope === 'global' && (one.family === 4 ? one.device === device4 : one.device === device6))
    .map((one) => one.address)
  const reachable = addresses.filter((address) => !isPrivate(address))
  if (reachable.length > 0) return reachable
  if (isTest && addresses.length > 0) return addresses
  throw new AditError('advertise-missing', 'this host has no public address: it stands behind a router', {
    remedy:
      'forward UDP provider.tunnel_port and TCP provider.control_port there, and name its address in provider.advertise_endpoints and provider.advertise_control',
  })
}

/** RFC 1918, RFC 6598, RFC 4193: of no use to anybody outside. */
function isPrivate(address: string): boolean {
  const bytes = parseIp(address)
  return bytes === undefined || PRIVATE_PREFIXES.some((prefix) => prefixContains(prefix, bytes))
}

/** Balance in the contract, zero while the chain cannot be read. */
export async function withdrawableOf({ access }: ProviderParts, signal: AbortSignal) {
  if (access === undefined) return units(0n)
  return readBalance(access, access.account.address, { signal }).catch(() => units(0n))
}

type ProvideStep = 'chain' | 'stake' | 'host' | 'engine' | 'control' | 'offer'

function progressOf({ events, options }: ProviderParts) {
  return (step: ProvideStep, state: 'started' | 'done', text: string): void => {
    if (state === 'done') options.log.info({ step }, text)
    events.emit({ kind: 'progress', step, state, text })
  }
}

function reportFailure({ events }: ProviderParts, error: unknown): void {
  const known = error instanceof AditError ? error : new AditError('internal', 'the provider could not start')
  events.emit({ kind: 'problem', fatal: true, code: known.code, message: known.message, remedy: known.remedy })
}

function missing(what: string, remedy: string): AditError {
  return new AditError('config-missing', `${what}: expected a value, got nothing`, { remedy })
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

const PRIVATE_PREFIXES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'].map((text) =>
  parsePrefix(text)!,
)
const DRAIN_MS = 3 * SECOND_MS
const CLAIM_WAIT_MS = 30 * SECOND_MS
const REFRESH_MS = 10 * SECOND_MS
const RESUME_MS = 20 * SECOND_MS

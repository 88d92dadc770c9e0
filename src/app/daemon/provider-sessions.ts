/**
 * The provider's live sessions: which peer of the tunnel, which inner addresses, which channel pays. `provider-control.ts`
 * starts and ends them; the tunnel's gateway datagrams feed their billing.
 */
import { DNS_PORT, METER_PORT, type InnerAddresses } from '#base/addressing.ts'
import { SECOND_MS, type Clock, type Millis } from '#base/clock.ts'
import type { Hash32, Hex } from '#base/hex.ts'
import { parsePrefix } from '#base/ip.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import type { AddressAllocator, Exit, ResolverForwarder } from '#exit/types.ts'
import type { TunnelDevice, TunnelDeviceEvent } from '#packet/engine/device-types.ts'
import type { GatewayDatagram, PeerId } from '#packet/engine/types.ts'
import type { ProviderEvent, ProviderPhase } from '#payment/channel/provider-state.ts'
import type { ChannelFacts } from '#payment/channel/session.ts'
import type { VoucherCrypto } from '#payment/channel/signer.ts'
import type { SessionId } from '#payment/meter/reading.ts'
import type { Parameters } from '#payment/tariff/constants.ts'
import type { SignedQuote } from '#payment/tariff/quote.ts'
import type { Store } from '../store/index.ts'
import { inBackground } from './background.ts'
import { billProvider, type ProviderBilling } from './billing.ts'
import type { EventHub } from './event-hub.ts'
import type { ChannelReader } from './provider-channels.ts'
import { sessionViewOf } from './records.ts'

export interface ProviderSessionsOptions {
  readonly device: TunnelDevice
  readonly exit: Exit
  readonly addresses: AddressAllocator
  readonly resolver: ResolverForwarder
  readonly crypto: VoucherCrypto
  readonly channels: ChannelReader
  readonly parameters: Parameters
  readonly store: Store
  readonly events: EventHub
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** A channel must be claimed now. */
  readonly onClaimWanted: (channel: Hash32) => void
}

/** What session control agreed on. */
export interface SessionTerms {
  readonly id: SessionId
  readonly facts: ChannelFacts
  readonly quote: SignedQuote
  readonly baseUnits: TokenUnits
  /** Both of the consumer, fresh for this session. */
  readonly publicKey: Uint8Array
  readonly presharedKey: Uint8Array
}

export interface ProviderSessions extends AsyncDisposable {
  readonly count: number
  /** What consumers did that was refused, by code. */
  readonly refusals: Readonly<Record<string, number>>
  countRefusal(code: string): void
  /** Opens the exit and the tunnel to a consumer; nothing but the meter is served yet. All or nothing. */
  start(terms: SessionTerms): Promise<InnerAddresses>
  find(id: SessionId): LiveSession | undefined
  onChannel(channel: Hash32): readonly LiveSession[]
  end(session: LiveSession, reason: string | undefined): Promise<void>
  /** Looks at the chain again for these channels, or for all. */
  refresh(channels?: readonly Hash32[]): Promise<void>
  /** Channels of live sessions that are not good for their whole deposit yet: few blocks stand on it. */
  readonly unconfirmed: readonly Hash32[]
  /** Tells consumers that it ends and gives them `graceMs` to close. Returns how many there were. */
  drain(graceMs: Millis): Promise<number>
}

export interface LiveSession {
  readonly id: SessionId
  readonly peer: PeerId
  readonly addresses: InnerAddresses
  readonly channel: Hash32
  readonly payer: Hex
  readonly bill: () => ProviderBilling
  facts: ChannelFacts
  /** Undefined until the tunnel's first handshake. */
  billing: ProviderBilling | undefined
  /** Counts what came from the consumer, and when it grew last; the phase of its billing, and since when. Monotonic. */
  heard: bigint
  heardMs: Millis
  phase: ProviderPhase['kind']
  phaseMs: Millis
}

export function openProviderSessions(options: ProviderSessionsOptions): ProviderSessions {
  return new LiveSessions(options)
}

class LiveSessions implements ProviderSessions {
  readonly refusals: Record<string, number> = {}
  readonly #options: ProviderSessionsOptions
  readonly #byPeer = new Map<PeerId, LiveSession>()
  readonly #sweep: NodeJS.Timeout
  readonly #unsubscribe: () => void

  constructor(options: ProviderSessionsOptions) {
    this.#options = options
    this.#unsubscribe = options.device.on((event) => this.#handleDevice(event))
    this.#sweep = setInterval(() => this.#sweepSilent(), SWEEP_MS)
  }

  get unconfirmed(): readonly Hash32[] {
    const { store } = this.#options
    return [...this.#byPeer.values()].flatMap(({ channel, facts }) => {
      const deposit = store.channels.find(channel, 'payee')?.deposit
      return deposit !== undefined && facts.deposit < deposit ? [channel] : []
    })
  }

  get count(): number {
    return this.#byPeer.size
  }

  async start(terms: SessionTerms): Promise<InnerAddresses> {
    const { device, exit, addresses, store, clock } = this.#options
    const { id, facts, quote, baseUnits } = terms
    await using undo = new AsyncDisposableStack()
    const inner = addresses.allocate()
    undo.defer(() => addresses.release(inner))
    undo.defer(() => exit.removeConsumer(inner.address4))
    await exit.addConsumer(inner)
    const peer = device.addPeer({
      publicKey: terms.publicKey,
      presharedKey: terms.presharedKey,
      role: 'consumer',
      allowedIps: [parsePrefix(inner.address4)!, parsePrefix(inner.address6)!],
    })
    undo.defer(() => device.removePeer(peer))
    device.setService(peer, 'paused')
    store.quotes.put(quote, clock.wallMs())
    store.sessions.insert({
      session: id,
      role: 'payee',
      channel: facts.channel,
      quote: quote.hash,
      payer: facts.payer,
      provider: facts.provider,
      baseUnits,
      sessionFeeUnits: quote.quote.sessionFeeUnits,
      priceUnitsPerGib: quote.quote.priceUnitsPerGib,
      startedAtMs: clock.wallMs(),
    })
    undo.move()
    const session: LiveSession = {
      id,
      peer,
      addresses: inner,
      channel: facts.channel,
      payer: facts.payer,
      facts,
      billing: undefined,
      heard: 0n,
      heardMs: clock.monotonicMs(),
      phase: 'awaiting',
      phaseMs: clock.monotonicMs(),
      bill: () => this.#bill(session, terms),
    }
    this.#byPeer.set(peer, session)
    this.#options.log.info({ session: id, channel: facts.channel }, 'session opened')
    return inner
  }

  find(id: SessionId): LiveSession | undefined {
    return [...this.#byPeer.values()].find((session) => session.id === id)
  }

  onChannel(channel: Hash32): readonly LiveSession[] {
    return [...this.#byPeer.values()].filter((session) => session.channel === channel)
  }

  countRefusal(code: string): void {
    this.refusals[code] = (this.refusals[code] ?? 0) + 1
  }

  async refresh(channels?: readonly Hash32[]): Promise<void> {
    for (const session of [...this.#byPeer.values()]) {
      if (channels !== undefined && !channels.includes(session.channel)) continue
      const read = await this.#options.channels.read(session.channel)
      // Gone: closed, or lost in a reorganisation. What is not in the chain pays for nothing.
      if (read === undefined) await this.end(session, 'channel-gone')
      else {
        session.facts = read.trusted
        session.billing?.handleFacts(read.trusted)
      }
    }
  }

  async drain(graceMs: Millis): Promise<number> {
    const count = this.#byPeer.size
    for (const session of this.#byPeer.values()) session.billing?.stop()
    const untilMs = this.#options.clock.monotonicMs() + graceMs
    while (this.#byPeer.size > 0 && this.#options.clock.monotonicMs() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    for (const session of [...this.#byPeer.values()]) await this.end(session, 'provider-stopped')
    return count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep)
    this.#unsubscribe()
    for (const session of [...this.#byPeer.values()]) await this.end(session, 'provider-stopped')
  }

  async end(session: LiveSession, reason: string | undefined): Promise<void> {
    if (this.#byPeer.get(session.peer) !== session) return
    this.#byPeer.delete(session.peer)
    const { device, exit, addresses, store, clock, log } = this.#options
    session.billing?.[Symbol.dispose]()
    device.removePeer(session.peer)
    store.sessions.end(session.id, 'payee', reason, clock.wallMs())
    await exit.removeConsumer(session.addresses.address4)
    addresses.release(session.addresses)
    log.info({ session: session.id, reason }, 'session ended')
  }

  #bill(session: LiveSession, { quote, baseUnits }: SessionTerms): ProviderBilling {
    const { device, store, crypto, clock, random, log, parameters } = this.#options
    const { id, peer } = session
    return billProvider(
      {
        agreement: { session: id, quote: quote.quote, quoteHash: quote.hash, baseUnits },
        facts: session.facts,
        heldAmount: store.vouchers.last(session.channel, 'payee')?.amount ?? ZERO_UNITS,
        rttMs: parameters.defaultRttMs,
        parameters,
      },
      {
        tunnel: {
          counters: () => device.counters(peer),
          send: (payload) => device.sendGatewayDatagram(peer, { ...meterPorts(session), payload }),
          setAllowance: (bytes) => device.setAllowance(peer, bytes),
          setService: (service) => device.setService(peer, service),
        },
        ledger: {
          recordVoucher: (record) => store.vouchers.record(record),
          recordClosing: (statement) => store.vouchers.recordClosing('payee', statement, clock.wallMs()),
        },
        crypto,
        clock,
        random,
        onEvent: (event) => this.#handleBilling(session, event),
        onFailure: (error) => {
          log.error({ session: id, error: String(error) }, 'session stopped: its money could not be recorded')
          inBackground(this.end(session, 'record-failed'), log, 'a session could not be ended')
        },
      },
    )
  }

  #handleDevice(event: TunnelDeviceEvent): void {
    if (event.kind === 'handshake') {
      const session = this.#byPeer.get(event.peer)
      if (session !== undefined) session.billing ??= session.bill()
    } else if (event.kind === 'gatewayDatagram') {
      this.#handleDatagram(event.peer, event.datagram)
    }
  }

  #handleDatagram(peer: PeerId, datagram: GatewayDatagram): void {
    const session = this.#byPeer.get(peer)
    if (session === undefined) return
    if (datagram.gatewayPort === METER_PORT) session.billing?.handleDatagram(datagram.payload)
    else if (datagram.gatewayPort === DNS_PORT)
      inBackground(this.#answerDns(session, datagram), this.#options.log, 'a DNS query failed')
  }

  async #answerDns(session: LiveSession, query: GatewayDatagram): Promise<void> {
    const answer = await this.#options.resolver.forward(session.id, query.payload)
    if (!answer.ok) {
      this.countRefusal(answer.error)
    } else if (this.#byPeer.get(session.peer) === session) {
      this.#options.device.sendGatewayDatagram(session.peer, { ...query, payload: answer.value })
    }
  }

  #handleBilling(session: LiveSession, event: ProviderEvent): void {
    const { store, log, onClaimWanted, events } = this.#options
    switch (event.kind) {
      case 'service-open':
        store.sessions.setState(session.id, 'payee', 'open', undefined)
        break
      case 'paused':
        store.sessions.setState(session.id, 'payee', 'paused', event.reason)
        log.info({ session: session.id, reason: event.reason }, 'session paused')
        break
      case 'closing':
        store.sessions.setState(session.id, 'payee', 'closing', undefined)
        break
      case 'refused':
        this.countRefusal(event.code)
        break
      case 'claim-wanted':
        onClaimWanted(session.channel)
        break
      case 'accepted':
      case 'closed':
        break
    }
    const stored = store.sessions.find(session.id, 'payee')
    if (stored !== undefined) events.emit({ kind: 'session', session: sessionViewOf(stored) })
  }

  /** Peers that never came, that never paid, that went without a word, or that stay unpaid. Their vouchers stand. */
  #sweepSilent(): void {
    const { device, clock, log } = this.#options
    const nowMs = clock.monotonicMs()
    for (const session of [...this.#byPeer.values()]) {
      const { receivedPackets, meterReceivedBytes } = device.counters(session.peer)
      const heard = receivedPackets + meterReceivedBytes
      if (heard !== session.heard) Object.assign(session, { heard, heardMs: nowMs })
      const phase = session.billing?.state.phase.kind ?? 'awaiting'
      if (phase !== session.phase) Object.assign(session, { phase, phaseMs: nowMs })
      const reason = endingOf(session, nowMs)
      if (reason !== undefined) inBackground(this.end(session, reason), log, 'a session could not be ended')
    }
  }
}

function meterPorts(session: LiveSession): Omit<GatewayDatagram, 'payload'> {
  return {
    family: 4,
    gatewayPort: METER_PORT,
    peerPort: METER_PORT,
    peerAddress: session.addresses.address4,
  }
}

/** Why a session has no future: a slot, a port block and addresses are not held for nothing. */
function endingOf({ phase, phaseMs, heardMs }: LiveSession, nowMs: Millis): string | undefined {
  if (phase === 'awaiting' && nowMs - phaseMs > FIRST_VOUCHER_MS) return 'never-paid'
  if (phase === 'paused' && nowMs - phaseMs > PAUSED_MS) return 'stayed-unpaid'
  return nowMs - heardMs > SILENT_MS ? 'consumer-gone' : undefined
}

const SWEEP_MS = 5 * SECOND_MS
const FIRST_VOUCHER_MS = 30 * SECOND_MS
const PAUSED_MS = 300 * SECOND_MS
const SILENT_MS = 180 * SECOND_MS

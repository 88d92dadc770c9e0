/**
 * The provider's live sessions: who asked, which peer of the tunnel, which inner addresses, which channel pays. Session
 * control (`docs/protocol/session.md`) opens and closes them; the tunnel's gateway datagrams feed their billing.
 */
import type { InnerAddresses } from '#base/addressing.ts'
import { DNS_PORT, METER_PORT } from '#base/addressing.ts'
import { hexOf } from '#base/bytes.ts'
import type { Clock, Millis } from '#base/clock.ts'
import { SECOND_MS } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { bytesOf, hexText, type Hash32, type Hex } from '#base/hex.ts'
import { parsePrefix } from '#base/ip.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { openRequest } from '#crypto/sealed.ts'
import { recoverAddress, signDigest } from '#crypto/secp256k1.ts'
import type { DhKeyPair } from '#crypto/x25519.ts'
import type { AddressAllocator, Exit, ResolverForwarder } from '#exit/types.ts'
import type { TunnelDevice, TunnelDeviceEvent } from '#packet/engine/device-types.ts'
import type { GatewayDatagram, PeerId } from '#packet/engine/types.ts'
import type { ProviderEvent } from '#payment/channel/provider-state.ts'
import { checkChannel, type ChannelFacts, type ClosingStatement } from '#payment/channel/session.ts'
import { cooperativeCloseDigest, type VoucherCrypto } from '#payment/channel/signer.ts'
import { cooperativeClose, readChannel } from '#payment/chain/channels.ts'
import { readHead } from '#payment/chain/client.ts'
import type { SessionId } from '#payment/meter/reading.ts'
import { DEFAULT_PARAMETERS, type Parameters } from '#payment/tariff/constants.ts'
import { offeredBytesPerSecond, parseSignedQuote, type SignedQuote } from '#payment/tariff/quote.ts'
import type { Store } from '../store/index.ts'
import { billProvider, type ProviderBilling } from './billing.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordEvent } from './chain-ledger.ts'
import type { EventHub } from './event-hub.ts'
import { factsOf, trustedFacts } from './facts.ts'
import {
  channelsDomain,
  decodeRequest,
  encodeSigned,
  NEGOTIATION_INFO,
  NEGOTIATION_VERSION,
  type CloseRequest,
  type ControlReply,
  type ControlRequest,
  type OpenRequest,
} from './negotiation.ts'
import { sessionViewOf } from './records.ts'

export interface ProviderSessionsOptions {
  readonly access: ChainAccess
  readonly device: TunnelDevice
  readonly exit: Exit
  readonly addresses: AddressAllocator
  readonly resolver: ResolverForwarder
  readonly crypto: VoucherCrypto
  readonly store: Store
  readonly events: EventHub
  /** Signs replies. */
  readonly nodeKey: Uint8Array
  /** Signs cooperative closes: the account that is paid. */
  readonly walletKey: Uint8Array
  /** Requests are sealed to it. */
  readonly controlKey: DhKeyPair
  readonly maxSessions: number
  readonly minDepositUnits: TokenUnits
  readonly confirmations: number
  readonly endpoints: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** A channel must be claimed now. */
  readonly onClaimWanted: (channel: Hash32) => void
}

export interface ProviderSessions extends AsyncDisposable {
  /** Answers one sealed request; undefined for bytes that are none. */
  answer(sealed: Uint8Array): Promise<Uint8Array | undefined>
  /** Channels of live sessions. */
  readonly channels: readonly Hash32[]
  readonly count: number
  /** Requests and vouchers refused, by code. */
  readonly refusals: Readonly<Record<string, number>>
  /** Looks at the chain again for these channels, or for all. */
  refresh(channels?: readonly Hash32[]): Promise<void>
  /** No more service and no new sessions; consumers are told and get `graceMs` to close. Returns how many there were. */
  drain(graceMs: Millis): Promise<number>
}

export function openProviderSessions(options: ProviderSessionsOptions): ProviderSessions {
  return new LiveSessions(options)
}

/** A channel read from the chain: all of it, and what it is good for before its block is deep enough. */
interface ChannelReading {
  readonly facts: ChannelFacts
  readonly trusted: ChannelFacts
  readonly feeBps: number
}

interface LiveSession {
  readonly id: SessionId
  readonly peer: PeerId
  readonly addresses: InnerAddresses
  readonly channel: Hash32
  readonly payer: Hex
  readonly startedMs: Millis
  readonly bill: () => ProviderBilling
  facts: ChannelFacts
  /** Undefined until the tunnel's first handshake. */
  billing: ProviderBilling | undefined
}

/** Why a request is refused: a code of `docs/protocol/session.md` and one line for a person. */
class Refusal extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

class LiveSessions implements ProviderSessions {
  readonly #options: ProviderSessionsOptions
  readonly #parameters: Parameters
  readonly #byPeer = new Map<PeerId, LiveSession>()
  readonly #refusals: Record<string, number> = {}
  /** Deposits that a few blocks stand on: channel -> block at which this deposit was first seen. */
  readonly #depositSeen = new Map<Hash32, { deposit: TokenUnits; block: number }>()
  readonly #sweep: NodeJS.Timeout
  readonly #unsubscribe: () => void
  #draining = false

  constructor(options: ProviderSessionsOptions) {
    this.#options = options
    this.#parameters = { ...DEFAULT_PARAMETERS, minimumDepositUnits: options.minDepositUnits }
    this.#unsubscribe = options.device.on((event) => this.#handleDevice(event))
    this.#sweep = setInterval(() => this.#sweepSilent(), SWEEP_MS)
  }

  get channels(): readonly Hash32[] {
    return [...this.#byPeer.values()].map((session) => session.channel)
  }

  get count(): number {
    return this.#byPeer.size
  }

  get refusals(): Readonly<Record<string, number>> {
    return this.#refusals
  }

  async answer(sealed: Uint8Array): Promise<Uint8Array | undefined> {
    const { controlKey, random, access, nodeKey, log } = this.#options
    const opened = openRequest(controlKey, NEGOTIATION_INFO, sealed)
    if (!opened.ok) {
      this.#count(opened.error)
      return undefined
    }
    const domain = channelsDomain(access.chain.chainId, access.deployment.channels)
    const request = decodeRequest(opened.value.plaintext, domain)
    if (!request.ok) {
      this.#count(request.error)
      return undefined
    }
    const { message, signer } = request.value
    let reply: ControlReply
    try {
      reply = message.kind === 'open' ? await this.#open(message, signer) : await this.#close(message, signer)
    } catch (error) {
      reply = refusedReply(message, refusalOf(error, log))
      this.#count(reply.code)
    }
    return opened.value.sealResponse(encodeSigned(reply, domain, nodeKey), random)
  }

  async refresh(channels?: readonly Hash32[]): Promise<void> {
    for (const session of [...this.#byPeer.values()]) {
      if (channels !== undefined && !channels.includes(session.channel)) continue
      const read = await this.#readFacts(session.channel)
      // Gone: closed, or lost in a reorganisation. What is not in the chain pays for nothing.
      if (read === undefined) await this.#end(session, 'channel-gone')
      else {
        session.facts = read.trusted
        session.billing?.handleFacts(read.trusted)
      }
    }
  }

  async drain(graceMs: Millis): Promise<number> {
    this.#draining = true
    const count = this.#byPeer.size
    for (const session of this.#byPeer.values()) session.billing?.stop()
    const untilMs = this.#options.clock.monotonicMs() + graceMs
    while (this.#byPeer.size > 0 && this.#options.clock.monotonicMs() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    for (const session of [...this.#byPeer.values()]) await this.#end(session, 'provider-stopped')
    return count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep)
    this.#unsubscribe()
    for (const session of [...this.#byPeer.values()]) await this.#end(session, 'provider-stopped')
  }

  async #open(request: OpenRequest, signer: Uint8Array): Promise<ControlReply> {
    const { access, store, clock, random, device, endpoints, maxSessions } = this.#options
    if (this.#draining || this.#byPeer.size >= maxSessions) throw new Refusal('busy', 'no free slot now')
    if (
      request.chainId !== access.chain.chainId ||
      request.contract.toLowerCase() !== access.deployment.channels.toLowerCase()
    ) {
      throw new Refusal('chain-mismatch', `this provider is paid on chain ${access.chain.chainId}`)
    }
    const quote = this.#ownQuote(request.quote)
    const channel = hexText(request.channel)
    const baseUnits = store.vouchers.nextBase(channel, 'payee')
    const read = await this.#readFacts(channel)
    const checked = checkChannel(
      read?.facts,
      {
        quote: quote.quote,
        signer: hexText(signer),
        baseUnits,
        bytesPerSecond: offeredBytesPerSecond(quote.quote),
        nowMs: clock.wallMs(),
      },
      this.#parameters,
    )
    if (!checked.ok || read === undefined) {
      const reason = checked.ok ? 'channel-unknown' : checked.error
      const code = reason === 'channel-signer' ? 'request-signature' : reason
      throw new Refusal(code, 'the channel cannot pay for a session here')
    }
    const facts = checked.value
    this.#storeChannel(read)
    this.#takeSequence(channel, request)
    for (const other of [...this.#byPeer.values()]) {
      if (other.channel === channel) await this.#end(other, 'replaced')
    }

    const id = hexOf(random.bytes(16))
    const { inner, peer } = await this.#admit(request)
    store.sessions.insert({
      session: id,
      role: 'payee',
      channel,
      quote: quote.hash,
      payer: facts.payer,
      provider: facts.provider,
      baseUnits,
      sessionFeeUnits: quote.quote.sessionFeeUnits,
      priceUnitsPerGib: quote.quote.priceUnitsPerGib,
      startedAtMs: clock.wallMs(),
    })
    const held = store.vouchers.last(channel, 'payee')
    const session: LiveSession = {
      id,
      peer,
      addresses: inner,
      channel,
      payer: facts.payer,
      startedMs: clock.monotonicMs(),
      facts: read.trusted,
      billing: undefined,
      bill: () => this.#bill(session, quote, baseUnits, held?.amount ?? ZERO_UNITS),
    }
    this.#byPeer.set(peer, session)
    this.#options.log.info({ session: id, channel }, 'session opened')
    return {
      ...headOf(request),
      kind: 'opened',
      session: bytesOf(`0x${id}`),
      wireguardPublicKey: device.publicKey,
      endpoints: [...endpoints],
      ...inner,
      mtu: device.tun.mtu,
      base: baseUnits,
      voucher:
        held === undefined
          ? null
          : { amount: held.amount, reading: bytesOf(held.reading), signature: bytesOf(held.signature) },
    }
  }

  /** Addresses, the exit's opening and the tunnel's peer; all or nothing. */
  async #admit(request: OpenRequest): Promise<{ inner: InnerAddresses; peer: PeerId }> {
    const { device, exit, addresses } = this.#options
    const inner = addresses.allocate()
    try {
      await exit.addConsumer(inner)
      const peer = device.addPeer({
        publicKey: request.wireguardPublicKey,
        presharedKey: request.presharedKey,
        role: 'consumer',
        allowedIps: [parsePrefix(inner.address4)!, parsePrefix(inner.address6)!],
      })
      device.setService(peer, 'paused')
      return { inner, peer }
    } catch (error) {
      await exit.removeConsumer(inner.address4)
      addresses.release(inner)
      throw error
    }
  }

  #bill(session: LiveSession, quote: SignedQuote, baseUnits: TokenUnits, heldAmount: TokenUnits): ProviderBilling {
    const { device, store, crypto, clock, random, log } = this.#options
    const { id, peer } = session
    return billProvider(
      {
        agreement: { session: id, quote: quote.quote, quoteHash: quote.hash, baseUnits },
        facts: session.facts,
        heldAmount,
        rttMs: this.#parameters.defaultRttMs,
        parameters: this.#parameters,
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
          void this.#end(session, 'record-failed')
        },
      },
    )
  }

  async #close(request: CloseRequest, signer: Uint8Array): Promise<ControlReply> {
    const { store } = this.#options
    const channel = hexText(request.channel)
    const stored = store.channels.find(channel, 'payee')
    if (stored === undefined) throw new Refusal('channel-unknown', 'this channel never had a session here')
    if (stored.signer !== hexText(signer)) throw new Refusal('request-signature', "not by the channel's signer")
    this.#takeSequence(channel, request)
    const id = hexOf(request.session)
    const known = store.sessions.find(id, 'payee')
    if (known?.channel !== channel) throw new Refusal('session-unknown', 'there was no such session on this channel')
    const live = [...this.#byPeer.values()].find((session) => session.id === id)
    const statement = statementOf(request, id, known.quote, known.baseUnits)
    const amount =
      live?.billing === undefined
        ? this.#settledAmount(channel, request.amount)
        : judged(live.billing, known.vouchers === 0 && request.reading.seq === 0 ? undefined : statement)
    if (live !== undefined) await this.#end(live, undefined)
    if (request.close === null) {
      return { ...headOf(request), kind: 'closed', amount, closeSignature: null, transaction: null }
    }
    const closed = await this.#closeOnChain(channel, amount, request.close)
    return { ...headOf(request), kind: 'closed', amount, ...closed }
  }

  /** No session runs: at least what the channel owes by our record, which may be an older voucher's full amount. */
  #settledAmount(channel: Hash32, offered: TokenUnits): TokenUnits {
    const { store } = this.#options
    const owed = store.vouchers.nextBase(channel, 'payee')
    const deposit = store.channels.find(channel, 'payee')?.deposit ?? ZERO_UNITS
    if (offered < owed || offered > deposit) {
      throw new Refusal('final-amount', `expected at least ${owed.toString()} base units, got ${offered.toString()}`)
    }
    return offered
  }

  async #closeOnChain(
    channel: Hash32,
    amount: TokenUnits,
    close: NonNullable<CloseRequest['close']>,
  ): Promise<{ closeSignature: Uint8Array; transaction: Uint8Array | null }> {
    const { access, walletKey, store, clock, log } = this.#options
    const domain = { chainId: BigInt(access.chain.chainId), channels: access.deployment.channels }
    const digest = cooperativeCloseDigest(domain, channel, amount, close.deadline)
    const recovered = recoverAddress(digest, close.signature)
    const signer = store.channels.find(channel, 'payee')?.signer
    if (!recovered.ok || hexText(recovered.value) !== signer) {
      throw new Refusal('final-amount', `the close is not signed for ${amount.toString()} base units`)
    }
    const closeSignature = signDigest(walletKey, digest)
    const params = { channel, amount, deadline: close.deadline, signerSignature: hexText(close.signature) }
    try {
      const signal = AbortSignal.timeout(CLOSE_WAIT_MS)
      const written = await cooperativeClose({ ...access }, params, { signal })
      for (const event of written.events) recordEvent(store, event, clock.wallMs())
      return { closeSignature, transaction: bytesOf(written.hash) }
    } catch (error) {
      // The consumer has our signature and can send it itself; what is under way is followed by the sender.
      log.warn({ channel, error: String(error) }, 'the cooperative close is not on the chain yet')
      return { closeSignature, transaction: null }
    }
  }

  #ownQuote(bytes: Uint8Array): SignedQuote {
    const parsed = parseSignedQuote(bytes)
    const own = parsed.ok ? this.#options.store.quotes.find(parsed.value.hash) : undefined
    if (!parsed.ok || own?.signature !== parsed.value.signature) {
      throw new Refusal('quote-unknown', 'the quote is not one of this provider')
    }
    if (own.quote.expiresAtMs <= this.#options.clock.wallMs())
      throw new Refusal('quote-unknown', 'the quote has expired')
    return own
  }

  #takeSequence(channel: Hash32, request: ControlRequest): void {
    if (!this.#options.store.channels.takeSequence(channel, 'payee', request.sequence)) {
      throw new Refusal('request-sequence', 'a request with this or a higher sequence was seen')
    }
  }

  /** Undefined where the channel is not (or no longer) in the chain. */
  async #readFacts(channel: Hash32): Promise<ChannelReading | undefined> {
    const { access, confirmations } = this.#options
    const signal = AbortSignal.timeout(CHAIN_WAIT_MS)
    const state = await readChannel(access, channel, { signal })
    const facts = factsOf(state)
    if (facts === undefined || state.kind === 'none' || state.kind === 'closed') return undefined
    const { block } = await readHead(access.chain, { signal })
    const seen = this.#depositSeen.get(channel)
    if (seen?.deposit !== facts.deposit) this.#depositSeen.set(channel, { deposit: facts.deposit, block })
    const isConfirmed = seen?.deposit === facts.deposit && block >= seen.block + confirmations
    return { facts, trusted: trustedFacts(facts, confirmations === 0 || isConfirmed), feeBps: state.feeBps }
  }

  #storeChannel({ facts, feeBps }: ChannelReading): void {
    const { store, access, clock } = this.#options
    store.channels.put({
      ...facts,
      role: 'payee',
      chainId: access.chain.chainId,
      contract: access.deployment.channels,
      salt: undefined,
      feeBps,
      state: 'open',
      updatedAtMs: clock.wallMs(),
    })
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
    else if (datagram.gatewayPort === DNS_PORT) void this.#answerDns(session, datagram)
  }

  async #answerDns(session: LiveSession, query: GatewayDatagram): Promise<void> {
    const answer = await this.#options.resolver.forward(session.id, query.payload)
    if (!answer.ok) {
      this.#count(answer.error)
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
        this.#count(event.code)
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

  /** Peers that never came, or that went without a word. Their vouchers stand. */
  #sweepSilent(): void {
    const { device, clock } = this.#options
    for (const session of [...this.#byPeer.values()]) {
      const { lastReceivedMs } = device.peerStatus(session.peer)
      const silentMs =
        lastReceivedMs === undefined ? clock.monotonicMs() - session.startedMs : clock.wallMs() - lastReceivedMs
      const limitMs = lastReceivedMs === undefined ? HANDSHAKE_WAIT_MS : SILENT_MS
      if (silentMs > limitMs) void this.#end(session, lastReceivedMs === undefined ? 'no-handshake' : 'consumer-gone')
    }
  }

  async #end(session: LiveSession, reason: string | undefined): Promise<void> {
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

  #count(code: string): void {
    this.#refusals[code] = (this.#refusals[code] ?? 0) + 1
  }
}

function judged(billing: ProviderBilling, statement: ClosingStatement | undefined): TokenUnits {
  const answer = billing.close(statement)
  if (answer.ok) return answer.value
  throw new Refusal('final-amount', "the final reading does not agree with this provider's count")
}

function statementOf(
  request: CloseRequest,
  session: SessionId,
  quote: Hash32,
  baseUnits: TokenUnits,
): ClosingStatement {
  const { seq, up, down, lost, challenge, time } = request.reading
  return {
    channel: hexText(request.channel),
    reading: { session, seq, up, down, lost, quote, challenge: hexText(challenge), timeMs: time },
    baseUnits,
    amount: request.amount,
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

function headOf(request: ControlRequest): { version: 1; channel: Uint8Array; sequence: bigint } {
  return { version: NEGOTIATION_VERSION, channel: request.channel, sequence: request.sequence }
}

function refusedReply(request: ControlRequest, refusal: Refusal): Extract<ControlReply, { kind: 'refused' }> {
  return { ...headOf(request), kind: 'refused', code: refusal.code, message: refusal.message }
}

/** Foreign requests get a code; what failed on our side is logged, and said without detail. */
function refusalOf(error: unknown, log: Log): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof AditError && (error.code.startsWith('exit-') || error.code === 'peer-limit')) {
    return new Refusal('busy', 'no free slot now')
  }
  if (error instanceof AditError && error.code === 'peer-exists') {
    return new Refusal('request-key', 'the WireGuard key is in use: take a fresh one for each session')
  }
  log.warn({ error: String(error) }, 'a session request could not be answered')
  return new Refusal('chain-unavailable', 'the provider cannot check the channel now; running sessions go on')
}

const SWEEP_MS = 5 * SECOND_MS
const HANDSHAKE_WAIT_MS = 30 * SECOND_MS
const SILENT_MS = 180 * SECOND_MS
const CHAIN_WAIT_MS = 10 * SECOND_MS
const CLOSE_WAIT_MS = 12 * SECOND_MS

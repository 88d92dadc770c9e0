/**
 * Session control on the provider's side (`docs/protocol/session.md`): a sealed request comes in, is checked against the
 * quote, the channel and the store, and a signed reply goes out. Requests of one channel run one after the other.
 */
import { hexOf } from '#base/bytes.ts'
import { SECOND_MS, type Clock } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { bytesOf, hexText, type Hash32 } from '#base/hex.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { keccak256 } from '#crypto/keccak.ts'
import { openRequest } from '#crypto/sealed.ts'
import { recoverAddress, signDigest } from '#crypto/secp256k1.ts'
import type { DhKeyPair } from '#crypto/x25519.ts'
import { checkChannel, type ClosingStatement } from '#payment/channel/session.ts'
import { cooperativeCloseDigest } from '#payment/channel/signer.ts'
import { cooperativeClose } from '#payment/chain/channels.ts'
import { readHead } from '#payment/chain/client.ts'
import type { SessionId } from '#payment/meter/reading.ts'
import type { Parameters } from '#payment/tariff/constants.ts'
import { offeredBytesPerSecond, parseSignedQuote, type SignedQuote } from '#payment/tariff/quote.ts'
import type { Store } from '../store/index.ts'
import type { ProviderBilling } from './billing.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordEvent } from './chain-ledger.ts'
import { closePromises, MAX_CLOSE_DEADLINE_S, type ClosePromises } from './close-promises.ts'
import { lower } from './facts.ts'
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
import type { ChannelReader } from './provider-channels.ts'
import type { ProviderSessions } from './provider-sessions.ts'

export interface ProviderControlOptions {
  readonly access: ChainAccess
  readonly sessions: ProviderSessions
  readonly channels: ChannelReader
  readonly store: Store
  readonly parameters: Parameters
  /** Signs replies. */
  readonly nodeKey: Uint8Array
  /** Signs cooperative closes: the account that is paid. */
  readonly walletKey: Uint8Array
  /** Requests are sealed to it. */
  readonly controlKey: DhKeyPair
  readonly maxSessions: number
  /** `address:port` of the tunnel, in order of preference; its key and MTU. */
  readonly endpoints: readonly string[]
  readonly wireguardPublicKey: Uint8Array
  readonly mtu: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface ProviderControl {
  /** Answers one sealed request; undefined for bytes that are none. */
  answer(sealed: Uint8Array): Promise<Uint8Array | undefined>
  /** From here on sessions are only closed. */
  drain(): void
}

export function providerControl(options: ProviderControlOptions): ProviderControl {
  return new SessionControl(options)
}

/** Why a request is refused: a code of `docs/protocol/session.md` and one line for a person. */
class Refusal extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

class SessionControl implements ProviderControl {
  readonly #options: ProviderControlOptions
  /** The last request under way of each channel: the next one waits for it. */
  readonly #turns = new Map<Hash32, Promise<unknown>>()
  readonly #lastReplies = new Map<Hash32, { readonly content: Hash32; readonly reply: ControlReply }>()
  readonly #promises: ClosePromises
  #opening = 0
  #isDraining = false

  constructor(options: ProviderControlOptions) {
    this.#options = options
    this.#promises = closePromises(options.store.settings)
  }

  drain(): void {
    this.#isDraining = true
  }

  async answer(sealed: Uint8Array): Promise<Uint8Array | undefined> {
    const { controlKey, random, access, nodeKey, log, sessions } = this.#options
    const opened = openRequest(controlKey, NEGOTIATION_INFO, sealed)
    if (!opened.ok) {
      sessions.countRefusal(opened.error)
      return undefined
    }
    const domain = channelsDomain(access.chain.chainId, access.deployment.channels)
    const request = decodeRequest(opened.value.plaintext, domain)
    if (!request.ok) {
      sessions.countRefusal(request.error)
      return undefined
    }
    const { message, signer } = request.value
    const channel = hexText(message.channel)
    const content = hexText(keccak256(opened.value.plaintext))
    let reply: ControlReply
    try {
      this.#checkSigner(channel, signer)
      reply = await this.#inTurn(channel, () => this.#answerOnce(channel, content, message, signer))
    } catch (error) {
      reply = refusedReply(message, refusalOf(error, log))
      sessions.countRefusal(reply.code)
    }
    return opened.value.sealResponse(encodeSigned(reply, domain, nodeKey), random)
  }

  /** The same request again (its reply was lost) gets the same reply; its sequence would be refused otherwise. */
  async #answerOnce(
    channel: Hash32,
    content: Hash32,
    message: ControlRequest,
    signer: Uint8Array,
  ): Promise<ControlReply> {
    const last = this.#lastReplies.get(channel)
    if (last?.content === content) return last.reply
    const reply = message.kind === 'open' ? await this.#open(message, signer) : await this.#close(message, signer)
    this.#lastReplies.delete(channel)
    this.#lastReplies.set(channel, { content, reply })
    if (this.#lastReplies.size > MAX_REPLIES) this.#lastReplies.delete(this.#lastReplies.keys().next().value!)
    return reply
  }

  /** Strangers who know a channel's id do not get into its queue. */
  #checkSigner(channel: Hash32, signer: Uint8Array): void {
    const stored = this.#options.store.channels.find(channel, 'payee')
    if (stored !== undefined && stored.signer !== hexText(signer)) {
      throw new Refusal('request-signature', "not by the channel's signer")
    }
  }

  async #open(request: OpenRequest, signer: Uint8Array): Promise<ControlReply> {
    const { access } = this.#options
    const isSameChain = request.chainId === access.chain.chainId
    if (!isSameChain || request.contract.toLowerCase() !== access.deployment.channels.toLowerCase()) {
      throw new Refusal('chain-mismatch', `this provider is paid on chain ${access.chain.chainId}`)
    }
    const quote = this.#ownQuote(request.quote)
    this.#reserveSlot(hexText(request.channel))
    try {
      return await this.#openReserved(request, signer, quote)
    } finally {
      this.#opening--
    }
  }

  /** A session that this one replaces frees its slot. Sessions that never paid make the next one wait longer. */
  #reserveSlot(channel: Hash32): void {
    const { store, sessions, maxSessions, clock } = this.#options
    const others = sessions.count - sessions.onChannel(channel).length + this.#opening
    if (this.#isDraining || others >= maxSessions) throw new Refusal('busy', 'no free slot now')
    const recent = store.sessions.list({ role: 'payee', channel, limit: MAX_UNPAID })
    const paid = recent.findIndex((session) => session.vouchers > 0)
    const unpaid = paid === -1 ? recent.length : paid
    const waitMs = unpaid < 3 ? 0 : SECOND_MS * 2 ** unpaid
    if (unpaid > 0 && Math.abs(clock.wallMs() - recent[0].startedAtMs) < waitMs) {
      throw new Refusal('busy', 'too many sessions of this channel without a voucher: wait a minute')
    }
    this.#opening++
  }

  async #openReserved(request: OpenRequest, signer: Uint8Array, quote: SignedQuote): Promise<ControlReply> {
    const { access, store, clock, random, sessions, channels, parameters } = this.#options
    const channel = hexText(request.channel)
    const read = await channels.read(channel)
    const { timestamp } = await readHead(access.chain, { signal: AbortSignal.timeout(CHAIN_WAIT_MS) })
    if (this.#promises.binding(channel, timestamp) !== undefined) {
      throw new Refusal('channel-closing', 'a cooperative close of this channel is signed: open another one')
    }
    const checked = checkChannel(
      read?.facts,
      {
        quote: quote.quote,
        signer: hexText(signer),
        baseUnits: store.vouchers.nextBase(channel, 'payee'),
        bytesPerSecond: offeredBytesPerSecond(quote.quote),
        nowMs: clock.wallMs(),
      },
      parameters,
    )
    if (!checked.ok || read === undefined) {
      const reason = checked.ok ? 'channel-unknown' : checked.error
      const code = reason === 'channel-signer' ? 'request-signature' : reason
      throw new Refusal(code, 'the channel cannot pay for a session here')
    }
    channels.put(read)
    this.#takeSequence(channel, request)
    for (const other of sessions.onChannel(channel)) await sessions.end(other, 'replaced')

    const id = hexOf(random.bytes(16))
    const baseUnits = store.vouchers.nextBase(channel, 'payee')
    const inner = await sessions.start({
      id,
      facts: read.trusted,
      quote,
      baseUnits,
      publicKey: request.wireguardPublicKey,
      presharedKey: request.presharedKey,
    })
    const held = store.vouchers.last(channel, 'payee')
    return {
      ...headOf(request),
      kind: 'opened',
      session: bytesOf(`0x${id}`),
      wireguardPublicKey: this.#options.wireguardPublicKey,
      endpoints: [...this.#options.endpoints],
      ...inner,
      mtu: this.#options.mtu,
      base: baseUnits,
      voucher:
        held === undefined
          ? null
          : { amount: held.amount, reading: bytesOf(held.reading), signature: bytesOf(held.signature) },
    }
  }

  async #close(request: CloseRequest, signer: Uint8Array): Promise<ControlReply> {
    const { store, sessions } = this.#options
    const channel = hexText(request.channel)
    const stored = store.channels.find(channel, 'payee')
    if (stored === undefined) throw new Refusal('channel-unknown', 'this channel never had a session here')
    this.#checkSigner(channel, signer)
    this.#takeSequence(channel, request)
    const id = hexOf(request.session)
    const known = store.sessions.find(id, 'payee')
    if (known?.channel !== channel) throw new Refusal('session-unknown', 'there was no such session on this channel')
    const live = sessions.find(id)
    const hasReading = request.reading.seq !== 0
    const isUnpaid = known.vouchers === 0 && !hasReading
    // A payer that lost count may end its session without a reading, at no less than its whole voucher.
    const amount =
      live?.billing === undefined || (!hasReading && !isUnpaid)
        ? this.#settledAmount(channel, request.amount)
        : judged(live.billing, isUnpaid ? undefined : statementOf(request, id, known.quote, known.baseUnits))
    for (const session of sessions.onChannel(channel)) await sessions.end(session, undefined)
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
    const { timestamp } = await readHead(access.chain, { signal: AbortSignal.timeout(CHAIN_WAIT_MS) })
    const bound = this.#promises.binding(channel, timestamp)
    if (bound !== undefined && bound.amount !== amount) {
      throw new Refusal('channel-closing', `a close at ${bound.amount} base units is signed already`)
    }
    if (close.deadline <= timestamp || close.deadline > timestamp + MAX_CLOSE_DEADLINE_S) {
      throw new Refusal('final-amount', `the deadline of the close: expected at most ${MAX_CLOSE_DEADLINE_S} s ahead`)
    }
    const domain = { chainId: BigInt(access.chain.chainId), channels: access.deployment.channels }
    const digest = cooperativeCloseDigest(domain, channel, amount, close.deadline)
    const recovered = recoverAddress(digest, close.signature)
    const signer = store.channels.find(channel, 'payee')?.signer
    if (!recovered.ok || hexText(recovered.value) !== signer) {
      throw new Refusal('final-amount', `the close is not signed for ${amount.toString()} base units`)
    }
    this.#promises.put(channel, { amount, deadline: Math.max(close.deadline, bound?.deadline ?? 0) })
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
    const { chain, deployment } = this.#options.access
    if (own.quote.chainId !== BigInt(chain.chainId) || own.quote.channels !== lower(deployment.channels)) {
      throw new Refusal('quote-unknown', 'the quote is for another chain')
    }
    if (own.quote.expiresAtMs <= this.#options.clock.wallMs()) {
      throw new Refusal('quote-unknown', 'the quote has expired')
    }
    return own
  }

  #takeSequence(channel: Hash32, request: ControlRequest): void {
    if (!this.#options.store.channels.takeSequence(channel, 'payee', request.sequence)) {
      throw new Refusal('request-sequence', 'a request with this or a higher sequence was seen')
    }
  }

  /** Two requests of one channel at once would both see the state before the other. */
  #inTurn<T>(channel: Hash32, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(channel) ?? Promise.resolve()
    const result = before.then(work, work)
    this.#turns.set(channel, result)
    const forget = (): void => {
      if (this.#turns.get(channel) === result) this.#turns.delete(channel)
    }
    result.then(forget, forget)
    return result
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

/** The consumer waits 20 s for a reply. */
const CLOSE_WAIT_MS = 12 * SECOND_MS
const CHAIN_WAIT_MS = 8 * SECOND_MS
const MAX_REPLIES = 1024
/** Sessions without a voucher that are looked at: the wait ends at 64 s. */
const MAX_UNPAID = 6

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
import { openRequest } from '#crypto/sealed.ts'
import { recoverAddress, signDigest } from '#crypto/secp256k1.ts'
import type { DhKeyPair } from '#crypto/x25519.ts'
import { checkChannel, type ClosingStatement } from '#payment/channel/session.ts'
import { cooperativeCloseDigest } from '#payment/channel/signer.ts'
import { cooperativeClose } from '#payment/chain/channels.ts'
import type { SessionId } from '#payment/meter/reading.ts'
import type { Parameters } from '#payment/tariff/constants.ts'
import { offeredBytesPerSecond, parseSignedQuote, type SignedQuote } from '#payment/tariff/quote.ts'
import type { Store } from '../store/index.ts'
import type { ProviderBilling } from './billing.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordEvent } from './chain-ledger.ts'
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
  #isDraining = false

  constructor(options: ProviderControlOptions) {
    this.#options = options
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
    let reply: ControlReply
    try {
      reply = await this.#inTurn(hexText(message.channel), () =>
        message.kind === 'open' ? this.#open(message, signer) : this.#close(message, signer),
      )
    } catch (error) {
      reply = refusedReply(message, refusalOf(error, log))
      sessions.countRefusal(reply.code)
    }
    return opened.value.sealResponse(encodeSigned(reply, domain, nodeKey), random)
  }

  async #open(request: OpenRequest, signer: Uint8Array): Promise<ControlReply> {
    const { access, store, clock, random, sessions, channels, maxSessions, parameters } = this.#options
    if (this.#isDraining || sessions.count >= maxSessions) throw new Refusal('busy', 'no free slot now')
    const isSameChain = request.chainId === access.chain.chainId
    if (!isSameChain || request.contract.toLowerCase() !== access.deployment.channels.toLowerCase()) {
      throw new Refusal('chain-mismatch', `this provider is paid on chain ${access.chain.chainId}`)
    }
    const quote = this.#ownQuote(request.quote)
    const channel = hexText(request.channel)
    const read = await channels.read(channel)
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
    if (stored.signer !== hexText(signer)) throw new Refusal('request-signature', "not by the channel's signer")
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

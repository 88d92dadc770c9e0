/**
 * Both sides of a session over virtual time, for tests: a lossy path with delay, jitter and duplicates between them,
 * packets that are counted as the engines count them, and taps where a test lies. Signatures are tags that only the
 * holder of the key's number can make: the real ones are tested in `signer.test.ts`.
 */
import type { Clock, Millis } from '#base/clock.ts'
import { bytesOf, hexText, type Hex } from '#base/hex.ts'
import { priceOfBytes, units, unitsPerGibOf, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { keccak256 } from '#crypto/keccak.ts'
import { emitChallenge, emitVoucher, parseMeter, type Challenge, type VoucherMessage } from '../meter/messages.ts'
import { DEFAULT_PARAMETERS, type Parameters } from '../tariff/constants.ts'
import { emitQuote, offeredBytesPerSecond, quoteHash, type Quote } from '../tariff/quote.ts'
import { amountDue, windowBytes } from '../tariff/tariff.ts'
import { nextConsumerDeadline, startConsumer, stepConsumer } from './consumer.ts'
import type { ConsumerEvent, ConsumerInput, ConsumerOptions, ConsumerOutput, ConsumerState } from './consumer-state.ts'
import { nextProviderDeadline, startProvider, stepProvider } from './provider.ts'
import type { ProviderEvent, ProviderInput, ProviderOptions, ProviderOutput, ProviderState } from './provider-state.ts'
import { tariffOf, type Agreement, type ChannelFacts, type ClosingStatement, type VoucherRecord } from './session.ts'

export interface VirtualOptions {
  readonly seed: number
  readonly seconds: number
  /** Wanted traffic, bits per second. */
  readonly upBps: number
  readonly downBps: number
  /** Of data packets and of meter datagrams. */
  readonly loss: number
  readonly rttMs: number
  readonly jitterMs?: number
  readonly duplicate?: number
  readonly consumer?: Partial<ConsumerOptions>
  readonly provider?: Partial<ProviderOptions>
  readonly quote?: Partial<Quote>
  /** What a cheating side really sends; an empty list drops the datagram. */
  readonly tapVoucher?: (voucher: VoucherMessage, forge: Forge) => readonly VoucherMessage[]
  readonly tapChallenge?: (challenge: Challenge, nowMs: Millis) => readonly Challenge[]
  /** A provider that takes packets, counts them and carries none, from this time on. */
  readonly swallowFromMs?: Millis
  /** Bytes per second of junk that the provider sends into the tunnel (no flow of the consumer). */
  readonly injectBps?: number
  /** The consumer finishes at this time. */
  readonly finishAtMs?: Millis
}

/** Signs anything with the channel's key (0) or another one. */
export type Forge = (digest: Uint8Array, key?: number) => Hex

export interface VirtualResult {
  readonly consumer: ConsumerState
  readonly provider: ProviderState
  readonly consumerEvents: readonly ConsumerEvent[]
  readonly providerEvents: readonly ProviderEvent[]
  readonly records: readonly VoucherRecord[]
  readonly final: ClosingStatement | undefined
  readonly finished: boolean
  /** Bytes that really arrived, each way, and were carried on. */
  readonly usefulUp: bigint
  readonly usefulDown: bigint
  readonly sentUp: bigint
  /** Of these, lost or dropped before the provider counted them. */
  readonly lostUp: bigint
  readonly sentDown: bigint
  /** The largest window of the session, in money: what a cheat may take. */
  readonly window: TokenUnits
  /** Signed above the value of what was received; what the provider carried above what it may claim. */
  readonly consumerLoss: bigint
  readonly providerLoss: bigint
}

export const VIRTUAL_SIGNER: Hex = `0x${'51'.repeat(20)}`
export const VIRTUAL_PROVIDER: Hex = `0x${'70'.repeat(20)}`
const START_WALL_MS = 1_900_000_000_000
const STEP_MS = 5
const PACKET_BYTES = 1_400

export function virtualQuote(change: Partial<Quote> = {}): Quote {
  return {
    version: 1,
    provider: VIRTUAL_PROVIDER,
    nodeKeyId: 0,
    region: 'DE',
    priceUnitsPerGib: unitsPerGibOf(107_000n),
    sessionFeeUnits: units(1_000n),
    token: `0x${'22'.repeat(20)}`,
    chainId: 31_337n,
    channels: `0x${'33'.repeat(20)}`,
    issuedAtMs: START_WALL_MS,
    expiresAtMs: START_WALL_MS + 3_600_000,
    sequence: 1n,
    rateUpBps: 50_000_000n,
    rateDownBps: 50_000_000n,
    ...change,
  }
}

export function virtualFacts(change: Partial<ChannelFacts> = {}): ChannelFacts {
  return {
    channel: `0x${'c4'.repeat(32)}`,
    payer: `0x${'9a'.repeat(20)}`,
    signer: VIRTUAL_SIGNER,
    provider: VIRTUAL_PROVIDER,
    deposit: units(2_000_000n),
    claimed: ZERO_UNITS,
    closeAt: undefined,
    expiry: START_WALL_MS / 1_000 + 90 * 86_400,
    ...change,
  }
}

export function virtualAgreement(change: Partial<Quote> = {}, baseUnits: TokenUnits = ZERO_UNITS): Agreement {
  const quote = virtualQuote(change)
  return { session: '5e'.repeat(16), quote, quoteHash: quoteHash(emitQuote(quote)), baseUnits }
}

/** A tag in place of a signature: key number and digest. */
export function virtualSignature(digest: Uint8Array, key = 0): Hex {
  const bytes = new Uint8Array(65)
  bytes.set(digest, 0)
  bytes[64] = key
  return hexText(bytes)
}

export class VirtualClock implements Clock {
  nowMs: Millis = 0
  wallMs(): Millis {
    return START_WALL_MS + this.nowMs
  }
  monotonicMs(): Millis {
    return this.nowMs
  }
}

/** Seeded (mulberry32): the same seed gives the same session. */
export function virtualChance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function runVirtualSession(options: VirtualOptions): VirtualResult {
  return new VirtualSession(options).run()
}

class VirtualSession {
  readonly options: VirtualOptions
  readonly clock = new VirtualClock()
  readonly chance: () => number
  readonly parameters: Parameters = DEFAULT_PARAMETERS
  readonly agreement: Agreement
  consumer: ConsumerState
  provider: ProviderState
  deliveries: { readonly atMs: Millis; readonly perform: () => void }[] = []
  readonly consumerEvents: ConsumerEvent[] = []
  readonly providerEvents: ProviderEvent[] = []
  readonly records: VoucherRecord[] = []
  final: ClosingStatement | undefined
  finished = false
  allowance = 0n
  service: 'open' | 'paused' = 'paused'
  up = { sent: 0, received: 0, useful: 0 }
  down = { sent: 0, received: 0, packets: 0, billable: 0, lostPackets: 0 }
  owed = { up: 0, down: 0, junk: 0 }
  window = ZERO_UNITS
  random = 0

  constructor(options: VirtualOptions) {
    this.options = options
    this.chance = virtualChance(options.seed)
    this.agreement = virtualAgreement(options.quote, options.consumer?.agreement?.baseUnits)
    const facts = virtualFacts()
    const shared = { agreement: this.agreement, facts, rttMs: options.rttMs, parameters: this.parameters }
    this.consumer = startConsumer(
      {
        ...shared,
        lastAmount: ZERO_UNITS,
        limits: { sessionUnits: units(10_000_000n), minuteUnits: units(10_000_000n) },
        disputedBytes: 0n,
        holdUnanswered: true,
        ...options.consumer,
      },
      this,
    )
    this.provider = startProvider({ ...shared, heldAmount: ZERO_UNITS, ...options.provider }, this.deps())
  }

  run(): VirtualResult {
    const endMs = this.options.seconds * 1_000
    for (this.clock.nowMs = 0; this.clock.nowMs < endMs; this.clock.nowMs += STEP_MS) {
      const finishAtMs = this.options.finishAtMs ?? Infinity
      if (this.clock.nowMs < finishAtMs) this.carryPackets()
      else if (this.consumer.phase.kind === 'active')
        this.stepConsumer({ kind: 'finish', counters: this.consumerCounters() })
      this.deliver()
      if (nextProviderDeadline(this.provider) <= this.clock.nowMs || this.clock.nowMs === 0) {
        this.stepProvider({ kind: 'tick', counters: this.providerCounters() })
      }
      if (nextConsumerDeadline(this.consumer) <= this.clock.nowMs) {
        this.stepConsumer({ kind: 'tick', counters: this.consumerCounters() })
      }
    }
    return this.result()
  }

  deps(): { clock: Clock; random: { bytes: (length: number) => Uint8Array } } {
    return {
      clock: this.clock,
      random: { bytes: () => keccak256(Uint8Array.of(this.random++ & 255, this.random >> 8)) },
    }
  }

  /** One step of wanted traffic in whole packets, counted as the engines count. */
  carryPackets(): void {
    const { upBps, downBps, loss, injectBps = 0, swallowFromMs = Infinity } = this.options
    this.owed.up += (upBps / 8_000) * STEP_MS
    this.owed.down += (downBps / 8_000) * STEP_MS
    this.owed.junk += (injectBps / 8_000) * STEP_MS
    const swallow = this.clock.nowMs >= swallowFromMs
    for (; this.owed.up >= PACKET_BYTES; this.owed.up -= PACKET_BYTES) {
      if (this.consumer.vouchers === 0) continue
      this.up.sent += PACKET_BYTES
      if (this.chance() < loss || !this.isServed()) continue
      this.up.received += PACKET_BYTES
      if (!swallow) this.up.useful += PACKET_BYTES
    }
    for (; this.owed.down >= PACKET_BYTES; this.owed.down -= PACKET_BYTES) {
      if (!swallow && this.isServed()) this.sendDown(true)
    }
    for (; this.owed.junk >= PACKET_BYTES; this.owed.junk -= PACKET_BYTES) if (this.isServed()) this.sendDown(false)
  }

  isServed(): boolean {
    return this.service === 'open' && BigInt(this.up.received + this.down.sent + PACKET_BYTES) <= this.allowance
  }

  sendDown(billable: boolean): void {
    this.down.sent += PACKET_BYTES
    if (this.chance() < this.options.loss) {
      this.down.lostPackets++
      return
    }
    this.down.received += PACKET_BYTES
    this.down.packets++
    if (billable) this.down.billable += PACKET_BYTES
  }

  deliver(): void {
    const due = this.deliveries.filter((delivery) => delivery.atMs <= this.clock.nowMs)
    this.deliveries = this.deliveries.filter((delivery) => delivery.atMs > this.clock.nowMs)
    for (const delivery of due.sort((left, right) => left.atMs - right.atMs)) delivery.perform()
  }

  after(delayMs: Millis, perform: () => void): void {
    this.deliveries.push({ atMs: this.clock.nowMs + delayMs, perform })
  }

  /** One way through the tunnel: lost, late, twice. */
  transmit(perform: () => void): void {
    const { loss, rttMs, jitterMs = 0, duplicate = 0 } = this.options
    const copies = this.chance() < duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.chance() >= loss) this.after(rttMs / 2 + this.chance() * jitterMs, perform)
    }
  }

  stepProvider(input: ProviderInput): void {
    const { state, outputs } = stepProvider(this.provider, input, this.deps())
    this.provider = state
    for (const output of outputs) this.performProvider(output)
  }

  performProvider(output: ProviderOutput): void {
    if (output.kind === 'event') this.providerEvents.push(output.event)
    if (output.kind === 'allowance') this.allowance = output.bytes
    if (output.kind === 'service') this.service = output.service
    if (output.kind === 'record') this.records.push(output.record)
    if (output.kind === 'send') this.transmitChallenge(output.datagram)
    if (output.kind !== 'verify') return
    const valid = output.signature === virtualSignature(output.digest)
    this.after(2, () =>
      this.stepProvider({ kind: 'verified', job: output.job, valid, counters: this.providerCounters() }),
    )
  }

  transmitChallenge(datagram: Uint8Array): void {
    const parsed = parseMeter(datagram)
    const tap = this.options.tapChallenge
    const isChallenge = parsed.ok && parsed.value.kind === 'challenge'
    const sent = isChallenge && tap ? tap(parsed.value, this.clock.nowMs).map(emitChallenge) : [datagram]
    for (const bytes of sent) {
      this.transmit(() => this.stepConsumer({ kind: 'datagram', datagram: bytes, counters: this.consumerCounters() }))
    }
  }

  stepConsumer(input: ConsumerInput): void {
    const before = this.consumer.lastAmount
    const { state, outputs } = stepConsumer(this.consumer, input, this)
    this.consumer = state
    this.noteWindow()
    this.checkAmount(before)
    for (const output of outputs) this.performConsumer(output)
  }

  performConsumer(output: ConsumerOutput): void {
    if (output.kind === 'event') this.consumerEvents.push(output.event)
    if (output.kind === 'record') this.records.push(output.record)
    if (output.kind === 'send') this.transmitVoucher(output.datagram)
    if (output.kind === 'sign') {
      const signature = bytesOf(virtualSignature(output.digest))
      this.after(2, () => this.stepConsumer({ kind: 'signed', job: output.job, signature }))
    }
    if (output.kind !== 'final') return
    this.final = output.statement
    this.finished = true
    // Session control is another, reliable path.
    this.after(this.options.rttMs, () =>
      this.stepProvider({ kind: 'close', statement: output.statement, counters: this.providerCounters() }),
    )
  }

  transmitVoucher(datagram: Uint8Array): void {
    const parsed = parseMeter(datagram)
    const tap = this.options.tapVoucher
    const forged = parsed.ok && parsed.value.kind === 'voucher' && tap ? tap(parsed.value, virtualSignature) : undefined
    for (const bytes of forged?.map(emitVoucher) ?? [datagram]) {
      this.transmit(() => this.stepProvider({ kind: 'datagram', datagram: bytes, counters: this.providerCounters() }))
    }
  }

  noteWindow(): void {
    const price = this.agreement.quote.priceUnitsPerGib
    const offered = offeredBytesPerSecond(this.agreement.quote)
    const rate = this.consumer.rate.bytesPerSecond > offered ? this.consumer.rate.bytesPerSecond : offered
    const window = priceOfBytes(windowBytes(this.parameters, price, rate, this.options.rttMs), price)
    if (window > this.window) this.window = window
  }

  /** Never lower, never above the deposit, never more than what is due by our own counters plus the window. */
  checkAmount(before: TokenUnits): void {
    const { lastAmount, facts } = this.consumer
    const counted = BigInt(this.up.sent + this.down.billable) + this.consumer.options.disputedBytes
    const most = amountDue(tariffOf(this.agreement), counted) + this.window
    if (lastAmount < before || lastAmount > facts.deposit || (lastAmount !== before && lastAmount > most)) {
      throw new Error(`amount: expected ${before} <= amount <= ${most}, got ${lastAmount}`)
    }
  }

  consumerCounters() {
    return {
      sentBytes: BigInt(this.up.sent),
      receivedBytes: BigInt(this.down.received),
      receivedPackets: BigInt(this.down.packets),
      billableReceivedBytes: BigInt(this.down.billable),
      lostPackets: BigInt(this.down.lostPackets),
    }
  }

  providerCounters() {
    return { sentBytes: BigInt(this.down.sent), receivedBytes: BigInt(this.up.received) }
  }

  result(): VirtualResult {
    const tariff = tariffOf(this.agreement)
    const used = amountDue(tariff, BigInt(this.up.useful + this.down.billable))
    const carried = amountDue(tariff, BigInt(this.up.received + this.down.received))
    const claimable = this.provider.acceptedAmount
    return {
      consumer: this.consumer,
      provider: this.provider,
      consumerEvents: this.consumerEvents,
      providerEvents: this.providerEvents,
      records: this.records,
      final: this.final,
      finished: this.finished,
      usefulUp: BigInt(this.up.useful),
      usefulDown: BigInt(this.down.billable),
      sentUp: BigInt(this.up.sent),
      lostUp: BigInt(this.up.sent - this.up.received),
      sentDown: BigInt(this.down.sent),
      window: this.window,
      consumerLoss: this.consumer.lastAmount - used,
      providerLoss: this.up.received + this.down.received === 0 ? 0n : carried - claimable,
    }
  }
}

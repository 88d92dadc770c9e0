/**
 * The payer's side of a session, sans-IO: it reads the provider's challenges and decides what to sign.
 *
 * A challenge passes these steps, and the functions stand in this order: observe the counters; compare the challenge
 * with them; note what the provider says about service; work out the amount; have it signed; record it; send it. The
 * outputs of one step are performed in order, and when one fails the rest is not performed: a voucher that is not on
 * disk is never sent.
 */
import { MINUTE_MS, SECOND_MS, type Clock, type Millis } from '#base/clock.ts'
import { hexText } from '#base/hex.ts'
import { unreachable } from '#base/result.ts'
import { addUnits, maxUnits, minUnits, priceOfBytes, subUnitsFloor, type TokenUnits } from '#base/units/money.ts'
import { lostBytes } from '../meter/loss.ts'
import { emitFinish, emitVoucher, parseMeter, type Challenge } from '../meter/messages.ts'
import { nextTokenMs, observeRate, startRate, takeToken } from '../meter/rate.ts'
import { readingHash, type Reading } from '../meter/reading.ts'
import { offeredBytesPerSecond } from '../tariff/quote.ts'
import { allowanceOf, amountDue, windowBytes } from '../tariff/tariff.ts'
import type {
  ChallengeDrop,
  ConsumerCounters,
  ConsumerEvent,
  ConsumerInput,
  ConsumerOptions,
  ConsumerOutput,
  ConsumerState,
  ConsumerStep,
  HoldCode,
  Pending,
  StopCode,
} from './consumer-state.ts'
import { closingAmount, signedVoucher, tariffOf, type ClosingStatement } from './session.ts'
import { voucherDigest } from './signer.ts'

export interface ConsumerDeps {
  readonly clock: Clock
}

export function startConsumer(options: ConsumerOptions, deps: ConsumerDeps): ConsumerState {
  const now = deps.clock.monotonicMs()
  return {
    options,
    phase: { kind: 'active' },
    facts: options.facts,
    rttMs: options.rttMs,
    seen: undefined,
    heardMs: now,
    steppedMs: now,
    pending: undefined,
    signing: undefined,
    nextJob: 1,
    bucket: { atMs: now, tokens: options.parameters.voucherBurst },
    lastAmount: options.lastAmount,
    lastReading: undefined,
    vouchers: 0,
    minute: [],
    rate: startRate(now, 0n),
    answered: { upBytes: 0n, receivedBytes: 0n },
    disputedPaid: 0n,
    hold: undefined,
    told: { topUpAt: undefined, silent: false, withheldSince: undefined, withheld: false },
    drops: {},
  }
}

export function stepConsumer(state: ConsumerState, input: ConsumerInput, deps: ConsumerDeps): ConsumerStep {
  const draft: Draft = { ...state, outputs: [], steppedMs: deps.clock.monotonicMs() }
  if (state.phase.kind !== 'ended') perform(draft, input, deps)
  const { outputs, ...next } = draft
  return { state: next, outputs }
}

/** Monotonic time of the next `tick` that is due; Infinity when the session has ended. */
export function nextConsumerDeadline(state: ConsumerState): Millis {
  const { parameters } = state.options
  if (state.phase.kind === 'ended') return Infinity
  const idle = state.steppedMs + parameters.retryChallengeMs
  if (state.pending === undefined || state.signing !== undefined) return idle
  return Math.min(idle, Math.max(state.steppedMs + 1, nextTokenMs(state.bucket, parameters.vouchersPerSecond)))
}

type Draft = { -readonly [K in keyof ConsumerState]: ConsumerState[K] } & {
  readonly outputs: ConsumerOutput[]
}

function perform(draft: Draft, input: ConsumerInput, deps: ConsumerDeps): void {
  switch (input.kind) {
    case 'datagram':
      observe(draft, input.counters)
      handleDatagram(draft, input.datagram, input.counters)
      break
    case 'tick':
      observe(draft, input.counters)
      break
    case 'signed':
      handleSigned(draft, input.job, input.signature, deps)
      break
    case 'facts':
      draft.facts = input.facts
      break
    case 'rtt':
      draft.rttMs = input.rttMs
      break
    case 'finish':
      observe(draft, input.counters)
      if (draft.phase.kind === 'stopped') end(draft)
      else if (draft.phase.kind === 'active') {
        draft.phase = { kind: 'finishing', sinceMs: draft.steppedMs, askAtMs: draft.steppedMs }
      }
      break
    default:
      unreachable(input)
  }
  signPending(draft, deps)
  finishIfDue(draft)
  watchProvider(draft)
}

function observe(draft: Draft, counters: ConsumerCounters): void {
  draft.rate = observeRate(draft.rate, draft.steppedMs, counters.sentBytes + counters.billableReceivedBytes)
}

/** Compares a challenge with our own counters. What is not possible ends the session; what is old is dropped. */
function handleDatagram(draft: Draft, datagram: Uint8Array, counters: ConsumerCounters): void {
  const parsed = parseMeter(datagram)
  if (!parsed.ok) {
    drop(draft, parsed.error)
    return
  }
  const challenge = parsed.value
  const last = draft.seen
  if (challenge.kind !== 'challenge') drop(draft, 'challenge-kind')
  else if (challenge.session !== draft.options.agreement.session) drop(draft, 'challenge-session')
  else if (last !== undefined && challenge.seq <= last.seq) drop(draft, 'challenge-stale')
  else if (last !== undefined && (challenge.upReceived < last.upReceived || challenge.downSent < last.downSent)) {
    drop(draft, 'challenge-counters')
  } else if (challenge.upReceived > counters.sentBytes) stop(draft, 'provider-over-reports')
  else if (challenge.acceptedSeq > 0 && challenge.acceptedAmount > draft.lastAmount) {
    stop(draft, 'provider-accepted-unknown')
  } else {
    draft.heardMs = draft.steppedMs
    noteService(draft, challenge, counters)
    // Something came back since the challenge before: what the provider had received by then is answered.
    if (counters.billableReceivedBytes > draft.answered.receivedBytes) {
      draft.answered = { upBytes: last?.upReceived ?? 0n, receivedBytes: counters.billableReceivedBytes }
    }
    draft.seen = challenge
    if (draft.phase.kind !== 'stopped') draft.pending = { challenge, counters }
  }
}

/** Tells what changed in the provider's view of service since the challenge before. */
function noteService(draft: Draft, challenge: Challenge, counters: ConsumerCounters): void {
  const last = draft.seen
  draft.told = { ...draft.told, silent: false }
  if (challenge.refusal !== 'none') tell(draft, { kind: 'refused', code: challenge.refusal })
  const withheld = challenge.state === 'paused' && challenge.reason === 'unpaid' && isPaid(draft, challenge)
  if (!withheld) draft.told = { ...draft.told, withheldSince: undefined, withheld: false }
  else if (draft.told.withheldSince === undefined) draft.told = { ...draft.told, withheldSince: draft.steppedMs }
  if (last?.state === challenge.state && last.reason === challenge.reason) return
  if (challenge.state === 'open') tell(draft, { kind: 'service-open' })
  if (challenge.state === 'closing') tell(draft, { kind: 'provider-closing' })
  if (challenge.state !== 'paused') return
  const gap = challenge.downSent - counters.billableReceivedBytes
  const lost = lostBytes(counters.lostPackets, counters.receivedBytes, counters.receivedPackets)
  tell(draft, { kind: 'paused', reason: challenge.reason, unexplainedBytes: gap > lost ? gap - lost : 0n })
}

/** The provider holds all that we signed, and by its own counters bytes are left. */
function isPaid(draft: Draft, challenge: Challenge): boolean {
  const allowance = allowanceOf(tariffOf(draft.options.agreement), draft.lastAmount)
  const used = challenge.upReceived + challenge.downSent - challenge.writtenOff
  const isLeft = used + draft.options.parameters.packetBytes <= allowance
  return challenge.acceptedSeq > 0 && challenge.acceptedAmount === draft.lastAmount && isLeft
}

/** Has the newest challenge answered, one at a time and at most four a second. */
function signPending(draft: Draft, deps: ConsumerDeps): void {
  const { pending, signing } = draft
  if (pending === undefined || signing !== undefined || draft.phase.kind === 'stopped') return
  const { parameters, agreement } = draft.options
  const bucket = takeToken(draft.bucket, draft.steppedMs, parameters.vouchersPerSecond, parameters.voucherBurst)
  if (bucket === undefined) return
  draft.pending = undefined
  const reading = readingOf(draft, pending, deps.clock.wallMs())
  const amount = amountToSign(draft, reading)
  if (amount === undefined) return
  draft.bucket = bucket
  const job = draft.nextJob
  draft.nextJob = job + 1
  draft.signing = { job, reading, amount, final: pending.challenge.state === 'closing' }
  const digest = voucherDigest(agreement.quote, draft.facts.channel, amount, readingHash(reading))
  draft.outputs.push({ kind: 'sign', job, digest })
}

/**
 * What we agree to: `up` as the provider says (never more than we sent), `down` as we counted it when the challenge
 * came, plus disputed bytes that the owner is ready to pay. `down` never falls.
 */
function readingOf(draft: Draft, { challenge, counters }: Pending, wallMs: Millis): Reading {
  const { agreement, disputedBytes } = draft.options
  if (challenge.state === 'paused' && challenge.reason === 'loss-disputed') {
    const missing = challenge.downSent - counters.billableReceivedBytes
    if (missing <= disputedBytes && missing > draft.disputedPaid) draft.disputedPaid = missing
  }
  const counted = counters.billableReceivedBytes + draft.disputedPaid
  const down = counted < challenge.downSent ? counted : challenge.downSent
  const before = draft.lastReading?.down ?? 0n
  return {
    session: agreement.session,
    seq: challenge.seq,
    up: challenge.upReceived,
    down: down > before ? down : before,
    lost: lostBytes(counters.lostPackets, counters.receivedBytes, counters.receivedPackets),
    quote: agreement.quoteHash,
    challenge: challenge.challenge,
    timeMs: wallMs,
  }
}

/**
 * `due + window`, never below what was signed before, within the deposit and the owner's limits. The window counts
 * from the last byte that was answered: a provider that swallows what we send is not paid more than one window for
 * it. Undefined: not even one more packet may be paid for, so nothing is signed (what was carried is prepaid).
 */
function amountToSign(draft: Draft, reading: Reading): TokenUnits | undefined {
  const { agreement, holdUnanswered } = draft.options
  const tariff = tariffOf(agreement)
  const due = amountDue(tariff, reading.up + reading.down)
  const up = holdUnanswered && draft.answered.upBytes < reading.up ? draft.answered.upBytes : reading.up
  const target = addUnits(amountDue(tariff, up + reading.down), priceOfBytes(windowOf(draft), tariff.priceUnitsPerGib))
  const { ceiling, code } = ceilingOf(draft)
  // The last voucher of a session pays for what was used and prepays nothing.
  const isLast = draft.phase.kind === 'finishing'
  const wanted = isLast ? minUnits(due, target) : target
  const amount = maxUnits(draft.lastAmount, minUnits(wanted, ceiling))
  const nextPacket = isLast ? 0n : draft.options.parameters.packetBytes
  if (amount >= amountDue(tariff, reading.up + reading.down + nextPacket)) {
    if (draft.hold !== undefined) tell(draft, { kind: 'resumed' })
    draft.hold = undefined
    return amount
  }
  hold(draft, target <= ceiling ? 'provider-not-serving' : code)
  return undefined
}

/** The highest amount that deposit and limits allow, and which of them is the lowest. */
function ceilingOf(draft: Draft): { readonly ceiling: TokenUnits; readonly code: HoldCode } {
  const { limits, agreement } = draft.options
  draft.minute = draft.minute.filter((entry) => entry.atMs > draft.steppedMs - MINUTE_MS)
  const session = addUnits(agreement.baseUnits, limits.sessionUnits)
  const minute = addUnits(
    maxUnits(draft.minute.at(0)?.before ?? draft.lastAmount, agreement.baseUnits),
    limits.minuteUnits,
  )
  const ceiling = minUnits(draft.facts.deposit, minUnits(session, minute))
  if (ceiling === draft.facts.deposit) return { ceiling, code: 'deposit-exhausted' }
  return { ceiling, code: ceiling === session ? 'limit-session' : 'limit-minute' }
}

/** The record stands before the datagram: what was sent is always on our disk. */
function handleSigned(draft: Draft, job: number, signature: Uint8Array, deps: ConsumerDeps): void {
  const { signing } = draft
  if (signing?.job !== job) return
  draft.signing = undefined
  const { reading, amount, final } = signing
  const { channel } = draft.facts
  const text = hexText(signature)
  draft.minute = [...draft.minute, { atMs: draft.steppedMs, before: draft.lastAmount }]
  draft.lastAmount = amount
  draft.lastReading = reading
  draft.vouchers++
  draft.outputs.push(
    {
      kind: 'record',
      record: {
        role: 'payer',
        voucher: signedVoucher(channel, amount, reading, text),
        reading,
        baseUnits: draft.options.agreement.baseUnits,
        writtenOff: draft.seen?.writtenOff ?? 0n,
        atMs: deps.clock.wallMs(),
      },
    },
    { kind: 'send', datagram: emitVoucher({ kind: 'voucher', reading, channel, amount, signature: text }) },
  )
  wantTopUp(draft)
  if (final && draft.phase.kind === 'finishing') end(draft)
}

function wantTopUp(draft: Draft): void {
  const { parameters, agreement } = draft.options
  const { deposit } = draft.facts
  const left = subUnitsFloor(deposit, draft.lastAmount)
  const windows = priceOfBytes(parameters.topUpWindows * windowOf(draft), agreement.quote.priceUnitsPerGib)
  if (left >= windows && left >= (deposit * parameters.topUpPerMille) / 1_000n) return
  if (draft.told.topUpAt === deposit) return
  draft.told = { ...draft.told, topUpAt: deposit }
  tell(draft, { kind: 'top-up-wanted', left })
}

/** Asks for the final challenge every 250 ms; after two seconds the last signed reading is the final one. */
function finishIfDue(draft: Draft): void {
  const { phase } = draft
  if (phase.kind !== 'finishing' || draft.signing !== undefined) return
  if (draft.steppedMs - phase.sinceMs >= FINISH_MS) {
    end(draft)
    return
  }
  if (draft.steppedMs < phase.askAtMs || draft.seen?.state === 'closing') return
  const askAtMs = draft.steppedMs + draft.options.parameters.retryChallengeMs
  draft.phase = { kind: 'finishing', sinceMs: phase.sinceMs, askAtMs }
  draft.outputs.push({ kind: 'send', datagram: emitFinish(draft.options.agreement.session) })
}

function end(draft: Draft): void {
  draft.phase = { kind: 'ended' }
  draft.pending = undefined
  draft.outputs.push({ kind: 'final', statement: statementOf(draft) })
}

function statementOf(draft: Draft): ClosingStatement | undefined {
  const { agreement } = draft.options
  const { lastReading } = draft
  if (lastReading === undefined) return undefined
  const amount = closingAmount(agreement, lastReading, draft.facts.claimed)
  return { channel: draft.facts.channel, reading: lastReading, baseUnits: agreement.baseUnits, amount }
}

/** What only time shows: a provider that is silent, or that is paid and does not serve. */
function watchProvider(draft: Draft): void {
  const { parameters } = draft.options
  if (draft.phase.kind !== 'active') return
  if (!draft.told.silent && draft.steppedMs - draft.heardMs >= parameters.silentMs) {
    draft.told = { ...draft.told, silent: true }
    tell(draft, { kind: 'provider-silent' })
  }
  const since = draft.told.withheldSince
  if (since !== undefined && !draft.told.withheld && draft.steppedMs - since >= parameters.withheldMs) {
    draft.told = { ...draft.told, withheld: true }
    tell(draft, { kind: 'provider-withholds' })
  }
}

function stop(draft: Draft, code: StopCode): void {
  if (draft.phase.kind === 'stopped') return
  const finishing = draft.phase.kind === 'finishing'
  draft.phase = { kind: 'stopped', code }
  draft.pending = undefined
  draft.signing = undefined
  tell(draft, { kind: 'stopped', code })
  if (finishing) end(draft)
}

function hold(draft: Draft, code: HoldCode): void {
  if (draft.hold !== code) tell(draft, { kind: 'held', code })
  draft.hold = code
}

function tell(draft: Draft, event: ConsumerEvent): void {
  draft.outputs.push({ kind: 'event', event })
}

function drop(draft: Draft, reason: ChallengeDrop): void {
  draft.drops = { ...draft.drops, [reason]: (draft.drops[reason] ?? 0) + 1 }
}

function windowOf(draft: Draft): bigint {
  const { agreement, parameters } = draft.options
  const offered = offeredBytesPerSecond(agreement.quote)
  const rate = draft.rate.bytesPerSecond > offered ? draft.rate.bytesPerSecond : offered
  return windowBytes(parameters, agreement.quote.priceUnitsPerGib, rate, draft.rttMs)
}

const FINISH_MS = 2 * SECOND_MS

/**
 * The payee's side of a session, sans-IO: it challenges, judges vouchers and says how many bytes the engine may carry.
 *
 * A voucher passes these steps, and the functions stand in this order: parse and compare (cheap, refused with a code);
 * have the signature checked by the caller; the loss rule; record; extend the allowance. Then, after every input:
 * pause where the payment ends, challenge where one is due. The outputs of one step are performed in order, and when
 * one fails the rest is not performed: service is never extended for a voucher that is not on disk.
 */
import type { Clock, Millis } from '#base/clock.ts'
import { hexText } from '#base/hex.ts'
import type { Random } from '#base/random.ts'
import { err, ok, unreachable } from '#base/result.ts'
import { equalReading, readingHash, type Reading } from '../meter/reading.ts'
import type { PauseReason, Refusal, ServiceState } from '../meter/constants.ts'
import { addLossMark, isLossTolerated, NO_LOSS } from '../meter/loss.ts'
import { emitChallenge, parseMeter, type VoucherMessage } from '../meter/messages.ts'
import { observeRate, startRate, takeToken } from '../meter/rate.ts'
import { offeredBytesPerSecond } from '../tariff/quote.ts'
import { allowanceOf, amountDue, intervalBytes, windowBytes } from '../tariff/tariff.ts'
import type {
  Outstanding,
  ProviderCounters,
  ProviderInput,
  ProviderOptions,
  ProviderOutput,
  ProviderPhase,
  ProviderState,
  ProviderStep,
  VoucherDrop,
} from './provider-state.ts'
import { closingAmount, signedVoucher, tariffOf, type ChannelFacts, type ClosingStatement } from './session.ts'
import { voucherDigest } from './signer.ts'

export interface ProviderDeps {
  readonly clock: Clock
  readonly random: Random
}

/** Call when the tunnel's handshake is done; the engine must not serve the peer yet. The first `tick` challenges. */
export function startProvider(options: ProviderOptions, deps: ProviderDeps): ProviderState {
  const now = deps.clock.monotonicMs()
  return {
    options,
    phase: { kind: 'awaiting' },
    facts: options.facts,
    rttMs: options.rttMs,
    rate: startRate(now, 0n),
    bucket: { atMs: now, tokens: options.parameters.voucherBurst },
    nextSeq: 1,
    outstanding: [],
    steppedMs: now,
    challengedMs: -Infinity,
    toldPhase: 'awaiting',
    challengedBytes: 0n,
    unanswered: 0,
    acceptedSeq: 0,
    acceptedAmount: options.heldAmount,
    acceptedReading: undefined,
    acceptedVouchers: 0,
    lossMarks: NO_LOSS,
    writtenOff: 0n,
    refusal: 'none',
    verifying: undefined,
    queued: undefined,
    nextJob: 1,
    drops: {},
    refusals: {},
  }
}

export function stepProvider(state: ProviderState, input: ProviderInput, deps: ProviderDeps): ProviderStep {
  const draft: Draft = { ...state, outputs: [], steppedMs: deps.clock.monotonicMs() }
  if (state.phase.kind !== 'closed') perform(draft, input, deps)
  else if (input.kind === 'close') answerAgain(draft, state.phase.statement, input.statement)
  const { outputs, ...next } = draft
  return { state: next, outputs }
}

/** Monotonic time of the next `tick` that is due; Infinity when the session is closed. */
export function nextProviderDeadline(state: ProviderState): Millis {
  if (state.phase.kind === 'closed') return Infinity
  // Counters are looked at four times a second: an exhausted allowance and a full interval show nowhere else.
  return Math.max(state.challengedMs, state.steppedMs) + state.options.parameters.retryChallengeMs
}

/** Bytes (received + sent) that the engine may carry in this session. */
export function servedLimit(state: ProviderState): bigint {
  if (state.acceptedReading === undefined) return 0n
  return allowanceOf(tariffOf(state.options.agreement), state.acceptedAmount) + state.writtenOff
}

type Draft = { -readonly [K in keyof ProviderState]: ProviderState[K] } & {
  readonly outputs: ProviderOutput[]
}

function perform(draft: Draft, input: ProviderInput, deps: ProviderDeps): void {
  if (input.kind === 'rtt') {
    draft.rttMs = input.rttMs
    return
  }
  draft.rate = observeRate(draft.rate, draft.steppedMs, served(input.counters))
  switch (input.kind) {
    case 'datagram':
      handleDatagram(draft, input.datagram, input.counters, deps)
      break
    case 'verified':
      handleVerified(draft, input, deps)
      break
    case 'facts':
      draft.facts = input.facts
      break
    case 'stop':
      pause(draft, 'provider-stopping')
      break
    case 'close':
      handleClose(draft, input.statement, input.counters, deps)
      break
    case 'tick':
      break
    default:
      unreachable(input)
  }
  watchPayment(draft, input.counters, deps)
  challengeIfDue(draft, input.counters, deps)
}

function handleDatagram(draft: Draft, datagram: Uint8Array, counters: ProviderCounters, deps: ProviderDeps): void {
  const parsed = parseMeter(datagram)
  if (!parsed.ok) drop(draft, parsed.error)
  else if (parsed.value.kind === 'voucher') handleVoucher(draft, parsed.value)
  else if (parsed.value.kind === 'challenge') drop(draft, 'voucher-kind')
  else if (parsed.value.session !== draft.options.agreement.session) drop(draft, 'voucher-kind')
  else beginClosing(draft, counters, deps)
}

/** Cheap comparisons first; the signature costs a millisecond and is checked last, at most four times a second. */
function handleVoucher(draft: Draft, message: VoucherMessage): void {
  const { parameters } = draft.options
  const refusal = refusalOf(draft, message)
  if (refusal !== 'none') {
    refuse(draft, refusal)
    return
  }
  const bucket = takeToken(draft.bucket, draft.steppedMs, parameters.vouchersPerSecond, parameters.voucherBurst)
  if (bucket === undefined) {
    refuse(draft, 'voucher-rate')
    return
  }
  draft.bucket = bucket
  if (draft.verifying === undefined) verify(draft, message)
  else draft.queued = message
}

/** What the message itself shows, in the order of `docs/protocol/meter.md`. The signature and the loss come later. */
function refusalOf(state: ProviderState, message: VoucherMessage): Refusal {
  const { agreement } = state.options
  const { reading, amount } = message
  if (reading.session !== agreement.session) return 'voucher-session'
  if (message.channel !== state.facts.channel) return 'voucher-channel'
  if (reading.quote !== agreement.quoteHash) return 'voucher-quote'
  const challenge = answeredChallenge(state, reading)
  if (challenge === undefined || reading.seq <= state.acceptedSeq) return 'voucher-challenge'
  if (amount < state.acceptedAmount) return 'voucher-amount-lower'
  if (amount > state.facts.deposit) return 'voucher-amount-deposit'
  if (reading.up < challenge.upReceived) return 'voucher-up'
  if (reading.down > challenge.downSent) return 'voucher-down-excess'
  if (state.acceptedReading !== undefined && reading.down < state.acceptedReading.down) return 'voucher-loss'
  if (amount < amountDue(tariffOf(agreement), reading.up + reading.down)) return 'voucher-amount-short'
  return 'none'
}

function verify(draft: Draft, message: VoucherMessage): void {
  const job = draft.nextJob
  draft.nextJob = job + 1
  draft.verifying = { job, message }
  const { quote } = draft.options.agreement
  const digest = voucherDigest(quote, message.channel, message.amount, readingHash(message.reading))
  draft.outputs.push({ kind: 'verify', job, digest, signature: message.signature, signer: draft.facts.signer })
}

function handleVerified(draft: Draft, input: Extract<ProviderInput, { kind: 'verified' }>, deps: ProviderDeps): void {
  if (draft.verifying?.job !== input.job) return
  const { message } = draft.verifying
  draft.verifying = undefined
  if (input.valid) accept(draft, message, input.counters, deps)
  else refuse(draft, 'voucher-signature')
  const queued = draft.queued
  if (queued === undefined) return
  draft.queued = undefined
  // What was right when it came may be stale now: the one before it was accepted meanwhile.
  const refusal = refusalOf(draft, queued)
  if (refusal === 'none') verify(draft, queued)
  else refuse(draft, refusal)
}

function accept(draft: Draft, message: VoucherMessage, counters: ProviderCounters, deps: ProviderDeps): void {
  const { agreement } = draft.options
  const { reading, amount } = message
  const challenge = answeredChallenge(draft, reading)
  if (challenge === undefined) {
    refuse(draft, 'voucher-challenge')
    return
  }
  if (
    !isLossTolerated(draft.options.parameters, windowOf(draft), draft.lossMarks, { ...challenge, down: reading.down })
  ) {
    refuse(draft, 'voucher-loss')
    pause(draft, 'loss-disputed')
    return
  }
  const gap = challenge.downSent - reading.down
  draft.lossMarks = addLossMark(draft.options.parameters, draft.lossMarks, { downSent: challenge.downSent, gap })
  draft.writtenOff = draft.writtenOff > gap ? draft.writtenOff : gap
  draft.acceptedSeq = reading.seq
  draft.acceptedAmount = amount
  draft.acceptedReading = reading
  draft.acceptedVouchers++
  draft.unanswered = 0
  draft.outstanding = draft.outstanding.filter((other) => other.seq >= reading.seq)
  draft.outputs.push(
    {
      kind: 'record',
      record: {
        role: 'payee',
        voucher: signedVoucher(message.channel, amount, reading, message.signature),
        reading,
        baseUnits: agreement.baseUnits,
        writtenOff: draft.writtenOff,
        atMs: deps.clock.wallMs(),
      },
    },
    { kind: 'allowance', bytes: servedLimit(draft) },
    { kind: 'event', event: { kind: 'accepted', seq: reading.seq, amount } },
  )
  const payable = draft.phase.kind === 'awaiting' || isPayable(draft.phase)
  if (payable && !isExhausted(draft, counters)) open(draft)
}

/** After every input: pause where the payment or the channel ends. */
function watchPayment(draft: Draft, counters: ProviderCounters, deps: ProviderDeps): void {
  if (draft.phase.kind === 'closing' || draft.phase.kind === 'closed') return
  const ending = endingOf(draft.facts, draft.options, deps.clock.wallMs())
  if (ending !== undefined) {
    if (pause(draft, ending)) draft.outputs.push({ kind: 'event', event: { kind: 'claim-wanted' } })
    return
  }
  if (draft.phase.kind !== 'open' || !isExhausted(draft, counters)) return
  pause(draft, draft.acceptedAmount >= draft.facts.deposit ? 'deposit-exhausted' : 'unpaid')
}

function endingOf(facts: ChannelFacts, options: ProviderOptions, wallMs: Millis): PauseReason | undefined {
  if (facts.closeAt !== undefined) return 'channel-closing'
  return facts.expiry * 1_000 - options.parameters.expiryMarginMs <= wallMs ? 'expired' : undefined
}

/**
 * At once at the start; when service began or stopped; after an interval of traffic, or when half a window is left;
 * every 250 ms while one is unanswered or service is stopped, slower after eight; every 10 s otherwise. Never more
 * often than every 250 ms.
 */
function challengeIfDue(draft: Draft, counters: ProviderCounters, deps: ProviderDeps): void {
  const { parameters, agreement } = draft.options
  const since = draft.steppedMs - draft.challengedMs
  if (draft.phase.kind === 'closed' || since < parameters.retryChallengeMs) return
  const bytes = served(counters)
  const stopped = draft.phase.kind !== 'open'
  const retryMs = retryDelay(draft)
  const interval = intervalBytes(parameters, agreement.quote.priceUnitsPerGib, draft.rate.bytesPerSecond)
  // Three quarters: a tick that comes slightly early must not wait for the next one.
  const flowed = bytes - draft.challengedBytes >= (interval * 3n) / 4n
  const scarce = bytes > draft.challengedBytes && servedLimit(draft) - bytes <= windowOf(draft) / 2n
  const retry = (stopped || draft.unanswered > 0) && since >= retryMs
  const isNews = draft.toldPhase !== phaseName(draft.phase)
  if (flowed || scarce || retry || isNews || since >= parameters.idleChallengeMs) challenge(draft, counters, deps)
}

function retryDelay(state: ProviderState): Millis {
  const { parameters } = state.options
  const doublings = Math.max(0, state.unanswered - parameters.promptRetries)
  return Math.min(parameters.retryChallengeMs * 2 ** Math.min(doublings, 10), parameters.idleChallengeMs)
}

function challenge(draft: Draft, counters: ProviderCounters, deps: ProviderDeps): void {
  const fresh: Outstanding = {
    seq: draft.nextSeq,
    challenge: hexText(deps.random.bytes(32)),
    upReceived: counters.receivedBytes,
    downSent: counters.sentBytes,
  }
  draft.nextSeq++
  draft.outstanding = [...draft.outstanding, fresh].slice(-MAX_OUTSTANDING)
  draft.challengedMs = draft.steppedMs
  draft.toldPhase = phaseName(draft.phase)
  draft.challengedBytes = served(counters)
  draft.unanswered++
  const datagram = emitChallenge({
    kind: 'challenge',
    session: draft.options.agreement.session,
    ...fresh,
    timeMs: deps.clock.wallMs(),
    writtenOff: draft.writtenOff,
    acceptedSeq: draft.acceptedSeq,
    acceptedAmount: draft.acceptedAmount,
    state: serviceStateOf(draft.phase),
    reason: draft.phase.kind === 'paused' ? draft.phase.reason : 'none',
    refusal: draft.refusal,
    allowance: servedLimit(draft) - draft.writtenOff,
  })
  draft.refusal = 'none'
  draft.outputs.push({ kind: 'send', datagram })
}

/** No byte is carried from here on, so that the counters of the next challenge are the final ones. */
function beginClosing(draft: Draft, counters: ProviderCounters, deps: ProviderDeps): void {
  if (draft.phase.kind === 'closing') return
  draft.phase = { kind: 'closing' }
  draft.unanswered = 0
  draft.outputs.push({ kind: 'service', service: 'paused' }, { kind: 'event', event: { kind: 'closing' } })
  challenge(draft, counters, deps)
}

/** The statement must answer a challenge that is still open, by the rules for vouchers, and pay what it says. */
function handleClose(
  draft: Draft,
  statement: ClosingStatement | undefined,
  counters: ProviderCounters,
  deps: ProviderDeps,
): void {
  beginClosing(draft, counters, deps)
  if (!isFinal(draft, statement, counters)) {
    draft.outputs.push({ kind: 'close-answer', answer: err('final-amount') })
    return
  }
  draft.phase = { kind: 'closed', statement }
  if (statement !== undefined) draft.outputs.push({ kind: 'record-closing', statement })
  draft.outputs.push(
    { kind: 'close-answer', answer: ok(statement?.amount ?? draft.options.agreement.baseUnits) },
    { kind: 'event', event: { kind: 'closed', statement } },
  )
}

function isFinal(state: ProviderState, statement: ClosingStatement | undefined, counters: ProviderCounters): boolean {
  const { agreement, parameters } = state.options
  // Without a voucher nothing was served, and nothing is owed.
  if (statement === undefined) return state.acceptedReading === undefined
  const { reading } = statement
  const challenge = answeredChallenge(state, reading)
  if (challenge === undefined || statement.channel !== state.facts.channel) return false
  if (reading.session !== agreement.session || reading.quote !== agreement.quoteHash) return false
  if (reading.up < challenge.upReceived || reading.down > challenge.downSent) return false
  const accepted = state.acceptedReading !== undefined && equalReading(reading, state.acceptedReading)
  const tolerated = isLossTolerated(parameters, windowOf(state), state.lossMarks, { ...challenge, down: reading.down })
  if (!accepted && !tolerated) return false
  // Bytes since that challenge would be given away: one interval is the measure of what a lost datagram may cost.
  const interval = intervalBytes(parameters, agreement.quote.priceUnitsPerGib, state.rate.bytesPerSecond)
  if (served(counters) - challenge.upReceived - challenge.downSent > interval) return false
  const owed = closingAmount(agreement, reading, state.facts.claimed)
  return (
    statement.baseUnits === agreement.baseUnits && statement.amount >= owed && statement.amount <= state.facts.deposit
  )
}

/** A repeated request for the close that was agreed gets the same answer: the reply may have been lost. */
function answerAgain(draft: Draft, agreed: ClosingStatement | undefined, asked: ClosingStatement | undefined): void {
  const amount = agreed?.amount ?? draft.options.agreement.baseUnits
  const same = agreed?.amount === asked?.amount && agreed?.reading.seq === asked?.reading.seq
  draft.outputs.push({ kind: 'close-answer', answer: same ? ok(amount) : err('final-amount') })
}

function open(draft: Draft): void {
  draft.phase = { kind: 'open' }
  draft.outputs.push({ kind: 'service', service: 'open' }, { kind: 'event', event: { kind: 'service-open' } })
}

/** False where that reason stands already. A stop of the owner and the end of the channel are not overwritten. */
function pause(draft: Draft, reason: PauseReason): boolean {
  const { phase } = draft
  if (phase.kind === 'closing' || phase.kind === 'closed') return false
  if (phase.kind === 'paused' && (phase.reason === reason || !isPayable(phase))) return false
  draft.phase = { kind: 'paused', reason }
  draft.unanswered = 0
  draft.outputs.push({ kind: 'service', service: 'paused' }, { kind: 'event', event: { kind: 'paused', reason } })
  return true
}

/** Whether an accepted voucher opens service again. */
function isPayable(phase: ProviderPhase): boolean {
  return phase.kind === 'paused' && PAYABLE.includes(phase.reason)
}

function refuse(draft: Draft, code: Refusal): void {
  draft.refusal = code
  draft.refusals = { ...draft.refusals, [code]: (draft.refusals[code] ?? 0) + 1 }
  draft.outputs.push({ kind: 'event', event: { kind: 'refused', code } })
}

function drop(draft: Draft, reason: VoucherDrop): void {
  draft.drops = { ...draft.drops, [reason]: (draft.drops[reason] ?? 0) + 1 }
}

/** The challenge that a reading answers, unless a newer one has been answered. */
function answeredChallenge(state: ProviderState, reading: Reading): Outstanding | undefined {
  return state.outstanding.find((open) => open.seq === reading.seq && open.challenge === reading.challenge)
}

function windowOf(state: ProviderState): bigint {
  const { quote } = state.options.agreement
  const offered = offeredBytesPerSecond(quote)
  const rate = state.rate.bytesPerSecond > offered ? state.rate.bytesPerSecond : offered
  return windowBytes(state.options.parameters, quote.priceUnitsPerGib, rate, state.rttMs)
}

/** What a challenge tells about service: its change is news for the consumer. */
function phaseName(phase: ProviderPhase): string {
  return phase.kind === 'paused' ? `paused ${phase.reason}` : phase.kind
}

function serviceStateOf(phase: ProviderPhase): ServiceState {
  return phase.kind === 'closed' ? 'closing' : phase.kind
}

/** The engine never serves beyond the allowance, so that its last bytes stay unused: a full packet does not fit. */
function isExhausted(state: ProviderState, counters: ProviderCounters): boolean {
  return served(counters) + state.options.parameters.packetBytes > servedLimit(state)
}

function served(counters: ProviderCounters): bigint {
  return counters.receivedBytes + counters.sentBytes
}

const MAX_OUTSTANDING = 8
const PAYABLE: readonly PauseReason[] = ['unpaid', 'loss-disputed', 'deposit-exhausted']

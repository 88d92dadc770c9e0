/** What consumer and provider share: the channel's facts, the agreement of a session, records that survive a crash. */
import { setU32be, setU64be, u32be, u64be } from '#base/bytes.ts'
import type { Millis } from '#base/clock.ts'
import { bytesOf, hexText, type Address, type Hash32, type Hex } from '#base/hex.ts'
import { setU96be, u96be } from '#base/uint96.ts'
import { err, ok, type Result } from '#base/result.ts'
import { maxUnits, priceOfBytes, subUnitsFloor, units, type TokenUnits } from '#base/units/money.ts'
import { keccak256 } from '#crypto/keccak.ts'
import type { Reading, SessionId } from '../meter/reading.ts'
import { readingHash } from '../meter/reading.ts'
import type { Parameters } from '../tariff/constants.ts'
import type { Quote } from '../tariff/quote.ts'
import { amountDue, intervalBytes, type Tariff } from '../tariff/tariff.ts'

/** A channel as the chain shows it now. Times of the contract are block times, Unix seconds. */
export interface ChannelFacts {
  readonly channel: Hash32
  readonly payer: Address
  readonly signer: Address
  readonly provider: Address
  /** Cumulative, top-ups included. */
  readonly deposit: TokenUnits
  /** Cumulative. */
  readonly claimed: TokenUnits
  /** Undefined: nobody started to close it. */
  readonly closeAt: number | undefined
  readonly expiry: number
}

/** What both sides fixed when the session began. */
export interface Agreement {
  readonly session: SessionId
  readonly quote: Quote
  readonly quoteHash: Hash32
  /** What the channel owed for finished sessions (`base` of the reply to `open`). */
  readonly baseUnits: TokenUnits
}

/** What a submitter needs to claim. */
export interface SignedVoucher {
  readonly channel: Hash32
  readonly amount: TokenUnits
  /** Hash of the reading. */
  readonly reading: Hash32
  readonly signature: Hex
}

/** The durable record of a voucher: written before it is sent (payer) or before it extends service (payee). */
export interface VoucherRecord {
  readonly role: 'payer' | 'payee'
  readonly voucher: SignedVoucher
  readonly reading: Reading
  readonly baseUnits: TokenUnits
  readonly writtenOff: bigint
  readonly atMs: Millis
}

/** The end of a session: the reading that both sides hold, and what the channel owes from now on. */
export interface ClosingStatement {
  readonly channel: Hash32
  readonly reading: Reading
  readonly baseUnits: TokenUnits
  /** `base + sessionFee + ceil(price x (up + down) / 2^30)`, not below what was claimed: base of the next session. */
  readonly amount: TokenUnits
}

/** Asks to end a session; with `close` also to close the channel on chain at `amount`. Travels in session control. */
export interface CloseRequest {
  readonly statement: ClosingStatement
  readonly close: CooperativeCloseSignature | undefined
}

export interface CooperativeCloseSignature {
  /** Unix seconds, block time, until when the contract accepts it. */
  readonly deadline: number
  readonly signature: Hex
}

export function tariffOf(agreement: Agreement): Tariff {
  const { quote, baseUnits } = agreement
  return { baseUnits, sessionFeeUnits: quote.sessionFeeUnits, priceUnitsPerGib: quote.priceUnitsPerGib }
}

export function signedVoucher(channel: Hash32, amount: TokenUnits, reading: Reading, signature: Hex): SignedVoucher {
  return { channel, amount, reading: readingHash(reading), signature }
}

/** The final amount of a session by `reading`; never below what the contract already paid out. */
export function closingAmount(agreement: Agreement, reading: Reading, claimed: TokenUnits): TokenUnits {
  return maxUnits(amountDue(tariffOf(agreement), reading.up + reading.down), claimed)
}

/** keccak256 of the statement's bytes (`docs/protocol/meter.md`): names it in logs and `explain`. */
export function statementHash(statement: ClosingStatement): Hash32 {
  return hexText(keccak256(emitStatement(statement)))
}

/** version ‖ channel ‖ session ‖ seq ‖ up ‖ down ‖ lost ‖ quote ‖ challenge ‖ time ‖ base ‖ amount: 173 bytes. */
export function emitStatement(statement: ClosingStatement): Uint8Array {
  const { reading } = statement
  const bytes = new Uint8Array(STATEMENT_BYTES)
  bytes[STATEMENT.version] = STATEMENT_VERSION
  bytes.set(bytesOf(statement.channel), STATEMENT.channel)
  bytes.set(bytesOf(`0x${reading.session}`), STATEMENT.session)
  setU32be(bytes, STATEMENT.seq, reading.seq)
  setU64be(bytes, STATEMENT.up, reading.up)
  setU64be(bytes, STATEMENT.down, reading.down)
  setU64be(bytes, STATEMENT.lost, reading.lost)
  bytes.set(bytesOf(reading.quote), STATEMENT.quote)
  bytes.set(bytesOf(reading.challenge), STATEMENT.challenge)
  setU64be(bytes, STATEMENT.time, BigInt(reading.timeMs))
  setU96be(bytes, STATEMENT.base, statement.baseUnits)
  setU96be(bytes, STATEMENT.amount, statement.amount)
  return bytes
}

/** Never throws; bytes after the last field are ignored. */
export function parseStatement(
  bytes: Uint8Array,
): Result<ClosingStatement, 'statement-length' | 'statement-version' | 'statement-time'> {
  if (bytes.length < 1) return err('statement-length')
  if (bytes[STATEMENT.version] !== STATEMENT_VERSION) return err('statement-version')
  if (bytes.length < STATEMENT_BYTES) return err('statement-length')
  const time = u64be(bytes, STATEMENT.time)
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return err('statement-time')
  const reading: Reading = {
    session: hexText(bytes.subarray(STATEMENT.session, STATEMENT.seq)).slice(2),
    seq: u32be(bytes, STATEMENT.seq),
    up: u64be(bytes, STATEMENT.up),
    down: u64be(bytes, STATEMENT.down),
    lost: u64be(bytes, STATEMENT.lost),
    quote: hexText(bytes.subarray(STATEMENT.quote, STATEMENT.challenge)),
    challenge: hexText(bytes.subarray(STATEMENT.challenge, STATEMENT.time)),
    timeMs: Number(time),
  }
  return ok({
    channel: hexText(bytes.subarray(STATEMENT.channel, STATEMENT.session)),
    reading,
    baseUnits: units(u96be(bytes, STATEMENT.base)),
    amount: units(u96be(bytes, STATEMENT.amount)),
  })
}

/** Why a channel cannot carry a new session (`docs/protocol/session.md`, "Refusals"). */
export type ChannelRefusal =
  'channel-unknown' | 'channel-provider' | 'channel-signer' | 'channel-closing' | 'channel-expired' | 'channel-deposit'

/**
 * Whether a provider may start a session on the channel. `facts` is undefined where the open is not included yet.
 * `signer` signed the request, `nowMs` is the provider's clock, `bytesPerSecond` the rate that it sells.
 */
export function checkChannel(
  facts: ChannelFacts | undefined,
  wanted: {
    readonly quote: Quote
    readonly signer: Address
    readonly baseUnits: TokenUnits
    readonly bytesPerSecond: bigint
    readonly nowMs: Millis
  },
  parameters: Parameters,
): Result<ChannelFacts, ChannelRefusal> {
  if (facts === undefined) return err('channel-unknown')
  const { quote } = wanted
  if (facts.provider !== quote.provider) return err('channel-provider')
  if (facts.signer !== wanted.signer) return err('channel-signer')
  if (facts.closeAt !== undefined) return err('channel-closing')
  if (facts.expiry * 1_000 - parameters.expiryMarginMs <= wanted.nowMs) return err('channel-expired')
  const interval = intervalBytes(parameters, quote.priceUnitsPerGib, wanted.bytesPerSecond)
  const start = priceOfBytes(parameters.startIntervals * interval, quote.priceUnitsPerGib)
  const left = subUnitsFloor(facts.deposit, maxUnits(facts.claimed, wanted.baseUnits))
  if (facts.deposit < parameters.minimumDepositUnits || left < quote.sessionFeeUnits + start) {
    return err('channel-deposit')
  }
  return ok(facts)
}

/**
 * What the channel owes when a new session begins. With a closing statement, its amount: the unused window is credit,
 * because the voucher never falls while the base does. Without one (a crash), the money is what the last voucher says.
 */
export function baseOfNextSession(
  last: { readonly voucher: TokenUnits; readonly statement: TokenUnits | undefined } | undefined,
  nothing: TokenUnits,
): TokenUnits {
  return last === undefined ? nothing : (last.statement ?? last.voucher)
}

/**
 * Whether a consumer accepts the provider's `base`: it may be at most what the consumer itself would say. A provider
 * that missed the last voucher says less.
 */
export function acceptBase(offered: TokenUnits, own: TokenUnits): Result<TokenUnits, 'base-too-high'> {
  return offered <= own ? ok(offered) : err('base-too-high')
}

const STATEMENT_VERSION = 1
const STATEMENT = {
  version: 0,
  channel: 1,
  session: 33,
  seq: 49,
  up: 53,
  down: 61,
  lost: 69,
  quote: 77,
  challenge: 109,
  time: 141,
  base: 149,
  amount: 161,
} as const
const STATEMENT_BYTES = 173

/** The demo's arithmetic: what was read from the real systems must add up, else the demo failed. */
import type { Ledger } from './ledger.ts'
import type { Transfer } from './traffic.ts'

/** What the demo read; amounts in base units. */
export interface Observed {
  readonly before: Ledger
  readonly after: Ledger
  readonly provider: string
  readonly consumer: string
  readonly transfers: readonly Transfer[]
  readonly sessionFee: bigint
  readonly priceUnitsPerGib: bigint
  /** Last accepted reading, as the provider's `adit explain` has it. */
  readonly billedBytesDown: bigint
  readonly billedBytesUp: bigint
  readonly lastReadingBytes: bigint
  readonly meterDifferenceBytes: bigint
  readonly vouchers: number
  readonly sourceSeenByServer4: string
  readonly sourceSeenByServer6: string
  readonly providerAddress4: string
  readonly providerAddress6: string
  readonly consumerAddress4: string
  /** Addresses of the provider's home that answered; empty is right. */
  readonly reached: readonly string[]
  /** Bytes of the tunnel's datagrams on the provider's line, IP headers included, both directions. */
  readonly tunnelBytesOnLine: bigint
  /** Who asked the name server for the names of the consumer's transfers. */
  readonly resolversSeen: readonly string[]
  readonly session: string
}

export interface Money {
  readonly deposit: bigint
  readonly amountPaid: bigint
  readonly protocolFee: bigint
  readonly tips: bigint
  readonly providerBalanceDelta: bigint
  readonly consumerRefund: bigint
  readonly feeBps: bigint
}

export interface Check {
  readonly name: string
  readonly holds: boolean
  /** The figures, for the report and for the error. */
  readonly text: string
}

/** The money as the chain has it: events between the two ledgers, and differences of real balances. */
export function moneyOf({ before, after, provider, consumer }: Observed): Money {
  const events = after.events.filter(({ block }) => block > before.block)
  const sum = (name: string, field: string) =>
    events.filter((event) => event.name === name).reduce((total, { args }) => total + BigInt(args[field]), 0n)
  const opened = events.find(({ name }) => name === 'ChannelOpened')
  const wealth = (ledger: Ledger, account: string) =>
    BigInt(bookOf(ledger, account).tokens) + BigInt(bookOf(ledger, account).credited)
  const gained = (account: string) => wealth(after, account) - wealth(before, account)
  const deposit = sum('ChannelOpened', 'deposit') + sum('ChannelToppedUp', 'added')
  return {
    deposit,
    amountPaid: sum('Claimed', 'amount') + sum('ChannelClosed', 'amount'),
    protocolFee: gained(after.feeAccount),
    tips: sum('TipPaid', 'tip'),
    providerBalanceDelta: gained(provider),
    consumerRefund: deposit + gained(consumer),
    feeBps: BigInt(opened?.args['feeBps'] ?? -1),
  }
}

export function checksOf(observed: Observed, money: Money): Check[] {
  const { amountPaid, protocolFee, tips, providerBalanceDelta, consumerRefund, deposit, feeBps } = money
  const { sessionFee, priceUnitsPerGib: price, billedBytesDown: down, billedBytesUp: up } = observed
  const traffic = divideUp(price * (down + up), GIB)
  const moved = (direction: string) =>
    observed.transfers.filter((t) => t.direction === direction).reduce((total, t) => total + BigInt(t.bytes), 0n)
  const wrong = observed.transfers.filter(({ sha256Matches }) => !sha256Matches)
  return [
    equal('paid = session fee + price x billed bytes, rounded up', amountPaid, sessionFee + traffic),
    equal('provider + protocol fee + tips = paid', providerBalanceDelta + protocolFee + tips, amountPaid),
    equal('refund + paid = deposit', consumerRefund + amountPaid, deposit),
    equal('protocol fee = paid x fee rate, rounded down', protocolFee, (amountPaid * feeBps) / 10_000n),
    equal('last reading = billed bytes', observed.lastReadingBytes, down + up),
    between('billed down covers what was downloaded', down, moved('down'), (moved('down') * 110n) / 100n),
    between('billed up covers what was uploaded', up, moved('up'), moved('up') + moved('down') / 10n),
    between('billed bytes fit on the provider’s line', down + up, 1n, observed.tunnelBytesOnLine),
    between('the two meters agree', observed.meterDifferenceBytes, 0n, METER_TOLERANCE_BYTES),
    holds('every byte arrived as it was sent', wrong.length === 0, `${observed.transfers.length} transfers by SHA-256`),
    equal('IPv4 leaves at the provider', observed.sourceSeenByServer4, observed.providerAddress4),
    equal('IPv6 leaves at the provider', observed.sourceSeenByServer6, observed.providerAddress6),
    holds(
      'the consumer’s own address is not seen',
      !seen(observed, observed.consumerAddress4),
      observed.consumerAddress4,
    ),
    equal('names are asked through the tunnel', observed.resolversSeen.join(), observed.providerAddress4),
    equal('nothing of the provider’s home answers', observed.reached.join(), ''),
    holds('vouchers were signed', observed.vouchers > 1, String(observed.vouchers)),
    holds(
      'the channel was closed',
      observed.after.events.some(({ name }) => name === 'ChannelClosed'),
      'by both',
    ),
    equal('nothing is left in the contract', creditedAfter(observed), '0, 0'),
  ]
}

function creditedAfter({ after, provider, consumer }: Observed): string {
  return [provider, consumer].map((account) => bookOf(after, account).credited).join(', ')
}

function seen({ sourceSeenByServer4, sourceSeenByServer6 }: Observed, address: string): boolean {
  return [sourceSeenByServer4, sourceSeenByServer6].includes(address)
}

function equal(name: string, found: bigint | string, expected: bigint | string): Check {
  return holds(name, found === expected, found === expected ? String(found) : `${found}, expected ${expected}`)
}

function between(name: string, found: bigint, least: bigint, most: bigint): Check {
  return holds(name, found >= least && found <= most, `${found} (from ${least} to ${most})`)
}

function holds(name: string, holds: boolean, text: string): Check {
  return { name, holds, text }
}

/** Rounds up, as the tariff does: docs/protocol/meter.md, "Amounts". */
function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}

const GIB = 1n << 30n
const METER_TOLERANCE_BYTES = 65_536n

/** Accounts stand in the ledger as the chain writes them; the programs print lower case. */
function bookOf(ledger: Ledger, account: string): { readonly tokens: string; readonly credited: string } {
  const found = Object.entries(ledger.accounts).find(([name]) => name.toLowerCase() === account.toLowerCase())
  if (found === undefined) throw new Error(`ledger: expected the account ${account}, got none`)
  return found[1]
}

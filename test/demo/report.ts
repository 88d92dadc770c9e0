/** The demo's report for people, and its last line for machines. */
import { checksOf, moneyOf, type Check, type Money } from './sums.ts'
import type { Story } from './story.ts'

export interface Report {
  readonly passed: boolean
  readonly text: string
  readonly json: Readonly<Record<string, unknown>>
}

export function reportOf({ observed, seconds }: Story, elapsedSeconds: number): Report {
  const money = moneyOf(observed)
  const checks = checksOf(observed, money)
  const passed = checks.every(({ holds }) => holds)
  const total = (direction: string) =>
    observed.transfers.filter((t) => t.direction === direction).reduce((sum, t) => sum + t.bytes, 0)
  const transactions = observed.after.transactions.map(({ hash, block, from, status, gasUsed, events }) => {
    return { hash, block, from, status, gasUsed, what: events.length === 0 ? ['deploy or configure'] : events }
  })
  const json = {
    name: 'demo',
    passed,
    session: observed.session,
    sessionFee: String(observed.sessionFee),
    priceUnitsPerGib: String(observed.priceUnitsPerGib),
    billedBytesDown: Number(observed.billedBytesDown),
    billedBytesUp: Number(observed.billedBytesUp),
    ...asText(money),
    bytesDown: total('down'),
    bytesUp: total('up'),
    sha256Matches: observed.transfers.every(({ sha256Matches }) => sha256Matches),
    sourceSeenByServer4: observed.sourceSeenByServer4,
    sourceSeenByServer6: observed.sourceSeenByServer6,
    providerAddress4: observed.providerAddress4,
    providerAddress6: observed.providerAddress6,
    consumerAddress4: observed.consumerAddress4,
    lanReachable: observed.reached.length > 0,
    vouchers: observed.vouchers,
    lastReadingBytes: Number(observed.lastReadingBytes),
    meterDifferenceBytes: Number(observed.meterDifferenceBytes),
    tunnelBytesOnLine: Number(observed.tunnelBytesOnLine),
    transferSeconds: seconds,
    elapsedSeconds: Number(elapsedSeconds.toFixed(1)),
    checks,
    transactions,
  }
  return { passed, json, text: textOf(observed, money, checks, elapsedSeconds) }
}

function textOf(observed: Story['observed'], money: Money, checks: readonly Check[], elapsedSeconds: number): string {
  const { billedBytesDown: down, billedBytesUp: up, priceUnitsPerGib: price, after, before } = observed
  const line = (label: string, value: string, note = '') =>
    `  ${label.padEnd(26)}${value.padStart(14)}  ${note}`.trimEnd()
  const failures = checks.filter(({ holds }) => !holds)
  return [
    '',
    'Bytes',
    line('downloaded', bytes(down), 'as the consumer received them: IP packets inside the tunnel'),
    line('uploaded', bytes(up), 'as the provider received them'),
    line(
      'carried outside',
      bytes(observed.tunnelBytesOnLine),
      'WireGuard datagrams on the provider’s line, all of them',
    ),
    line('two meters differ by', bytes(observed.meterDifferenceBytes)),
    '',
    'Money',
    line('session fee', usd(observed.sessionFee)),
    line(`traffic at ${usd(price)}/GiB`, usd(money.amountPaid - observed.sessionFee), `${bytes(down + up)} billed`),
    line('paid', usd(money.amountPaid), `the last of ${observed.vouchers} vouchers, settled at the final amount`),
    line('  to the provider', usd(money.providerBalanceDelta), observed.provider),
    line('  protocol fee', usd(money.protocolFee), `${Number(money.feeBps) / 100} %`),
    ...(money.tips === 0n ? [] : [line('  tips to submitters', usd(money.tips))]),
    line(
      'back to the consumer',
      usd(money.consumerRefund),
      `of a deposit of ${usd(money.deposit)}; ${observed.consumer}`,
    ),
    '',
    'Transactions of this session',
    ...after.transactions
      .filter(({ block }) => block > before.block)
      .map(({ hash, block, events, gasUsed }) => `  ${hash}  block ${block}  ${gasUsed} gas  ${names(events)}`),
    '',
    'Addresses',
    line('the web server saw', observed.sourceSeenByServer4, observed.sourceSeenByServer6),
    line('the provider’s are', observed.providerAddress4, observed.providerAddress6),
    line('the consumer’s is', observed.consumerAddress4, 'seen by nobody but the provider'),
    '',
    ...(failures.length === 0
      ? [`All ${checks.length} sums and checks hold; ${elapsedSeconds.toFixed(0)} s in all.`]
      : failures.map(({ name, text }) => `DOES NOT HOLD: ${name}: ${text}`)),
  ].join('\n')
}

function asText(money: Money): Record<keyof Money, string> {
  return Object.fromEntries(Object.entries(money).map(([key, value]) => [key, String(value)])) as Record<
    keyof Money,
    string
  >
}

/** Events in the order of what a person cares about; token transfers only where there is nothing else. */
function names(events: readonly string[]): string {
  const telling = [...new Set(events)].filter((name) => name !== 'Transfer')
  return telling.length === 0 ? [...new Set(events)].join(', ') : telling.join(', ')
}

/** Base units of a token with six decimals. */
function usd(units: bigint): string {
  const sign = units < 0n ? '-' : ''
  const digits = String(units < 0n ? -units : units).padStart(7, '0')
  return `${sign}$${digits.slice(0, -6)}.${digits.slice(-6)}`
}

function bytes(count: bigint): string {
  return count < 1n << 20n ? `${count} B` : `${(Number(count) / (1 << 20)).toFixed(2)} MiB`
}

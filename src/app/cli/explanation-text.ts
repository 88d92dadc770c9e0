/** An explanation for a person (top to bottom: bytes, price, vouchers, transactions, fee) and for a spreadsheet. */
import { csvLine } from '#base/escape.ts'
import { formatUnits } from '#base/units/money.ts'
import type { Explanation } from '../control/explanation.ts'
import type { Reconciliation } from '../control/reconcile.ts'
import { unitsOf, type Amount } from '../control/values.ts'
import { duration, exactBytes, moment, readableBytes, usd, type Output } from './output.ts'
import { printTransactions } from './views.ts'

export function printExplanation(out: Output, explanation: Explanation, sums: Reconciliation, nowMs: number): void {
  const { session, quote, bytes, due, vouchers, channel, transactions } = explanation
  const end = session.endedAtMs ?? nowMs
  out.facts([
    ['session', session.id],
    ['state', `${session.state}${session.reason === null ? '' : `: ${session.reason}`}, seen by the ${session.role}`],
    [
      'time',
      `${moment(session.startedAtMs)} to ${session.endedAtMs === null ? 'now' : moment(end)} (${duration(end - session.startedAtMs)})`,
    ],
    ['payer', session.payer],
    ['provider', session.provider],
  ])
  heading(out, '1. Bytes', 'each direction is billed on the count of its receiver')
  out.facts([
    ['up', bytesText(bytes.up)],
    ['down', bytesText(bytes.down)],
    ['billed', bytesText(bytes.billed)],
    ['written off', `${bytesText(bytes.writtenOff)}, lost on the way, billed to nobody`],
  ])
  heading(out, '2. Price', `quote ${quote.hash}, ${moment(quote.issuedAtMs)} to ${moment(quote.expiresAtMs)}`)
  out.facts([
    ['traffic', `${usd(due.traffic)}  = ${bytes.billed} B x ${usd(quote.priceUnitsPerGib)} / GiB, rounded up`],
    ['session fee', usd(due.sessionFee)],
    ['earlier', `${usd(due.base)}  sessions of this channel before`],
    ['total', usd(due.total)],
  ])
  heading(out, '3. Vouchers', `${vouchers.count} signed; each is a total, the last one counts`)
  if (vouchers.last === null) out.line('none')
  else {
    out.facts([
      ['last', `${usd(vouchers.last.amount)}, number ${vouchers.last.seq}, ${moment(vouchers.last.atMs)}`],
      ['reading', vouchers.last.reading],
      [
        'prepaid',
        `${usd(due.prepaid)}  the window ahead: credit for the next session, or returned at a cooperative close`,
      ],
    ])
  }
  heading(out, '4. Transactions', `channel ${channel.id} on chain ${channel.chainId}, ${channel.state}`)
  if (transactions.length === 0) out.line('none yet')
  else printTransactions(out, transactions)
  heading(out, '5. Where the money is', `protocol fee ${channel.feeBps / 100} %, part of what is claimed`)
  out.facts(balance(explanation, sums).map(([name, amount, note]) => [name, `${usd(amount)}${note}`] as const))
  heading(out, 'Sums', sums.ok ? 'all add up' : 'SOMETHING DOES NOT ADD UP')
  for (const check of sums.checks) out.line(`${check.ok ? '✓' : '✗'} ${check.text}`)
}

/** One record for each number; money in base units and USD, bytes exact. */
export function explanationCsv(explanation: Explanation, sums: Reconciliation): string {
  const { session, quote, bytes, due, vouchers, channel, transactions } = explanation
  const rows: string[][] = [['part', 'item', 'bytes', 'units', 'usd', 'note']]
  const text = (part: string, item: string, note: string): void => void rows.push([part, item, '', '', '', note])
  const money = (part: string, item: string, amount: Amount, note = ''): void =>
    void rows.push([part, item, '', amount.units, amount.usd, note])
  text('session', 'id', session.id)
  text('session', 'state', session.reason === null ? session.state : `${session.state}: ${session.reason}`)
  text('session', 'started', moment(session.startedAtMs))
  text('session', 'ended', moment(session.endedAtMs))
  text('session', 'payer', session.payer)
  text('session', 'provider', session.provider)
  for (const item of ['up', 'down', 'billed', 'writtenOff'] as const)
    rows.push(['bytes', item, bytes[item], '', '', ''])
  money('price', 'per GiB', quote.priceUnitsPerGib, quote.hash)
  for (const item of ['traffic', 'sessionFee', 'base', 'total', 'prepaid'] as const) money('due', item, due[item])
  for (const voucher of vouchers.recent) money('voucher', String(voucher.seq), voucher.amount, voucher.reading)
  for (const transaction of transactions) {
    money('transaction', transaction.kind, transaction.amount, `${transaction.hash} ${transaction.status}`)
    money('transaction', `${transaction.kind} fee`, transaction.fee, transaction.hash)
    money('transaction', `${transaction.kind} tip`, transaction.tip, transaction.hash)
    money('transaction', `${transaction.kind} refund`, transaction.refund, transaction.hash)
  }
  for (const [item, amount, note] of balance(explanation, sums)) money('channel', item, amount, note.trim())
  text('channel', 'id', channel.id)
  for (const check of sums.checks) text('check', check.name, `${check.ok ? 'ok' : 'WRONG'}: ${check.text}`)
  return rows.map(csvLine).join('')
}

function balance({ channel, transactions }: Explanation, sums: Reconciliation): (readonly [string, Amount, string])[] {
  const claims = transactions.filter(({ status }) => status === 'included')
  const fees = claims.reduce((sum, { fee }) => sum + unitsOf(fee), 0n)
  const refund = claims.reduce((sum, transaction) => sum + unitsOf(transaction.refund), 0n)
  const claimed = unitsOf(channel.claimed)
  return [
    ['deposit', channel.deposit, ''],
    ['to provider', amount(claimed - fees), '  earned, after the fee'],
    ['protocol fee', amount(fees), ''],
    ['refund', amount(refund), '  back to the payer'],
    ['in escrow', amount(unitsOf(channel.deposit) - claimed - refund), ''],
    ['to claim', amount(sums.outstandingUnits), '  due, part of the escrow'],
  ]
}

function amount(value: bigint): Amount {
  return { units: value.toString(), usd: formatUnits(value) }
}

function bytesText(count: string): string {
  return `${exactBytes(count)} (${readableBytes(count)})`
}

function heading(out: Output, title: string, note: string): void {
  out.line()
  out.line(`${title}  - ${note}`)
}

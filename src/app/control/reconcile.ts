/**
 * Does an explanation add up? Recomputes each sum from the numbers beside it, with the protocol's own rounding. The
 * daemon's word is not taken: the CLI runs this on what it received.
 */
import { feeOfTotal, formatUnits, priceOfBytes, units, unitsPerGibOf } from '#base/units/money.ts'
import type { Explanation, TransactionView } from './explanation.ts'
import { unitsOf } from './values.ts'

export interface SumCheck {
  /** Stable name, for `--json`. */
  readonly name: string
  readonly ok: boolean
  /** One line: what must equal what, with both values. */
  readonly text: string
}

export interface Reconciliation {
  readonly checks: readonly SumCheck[]
  readonly ok: boolean
  /** Of the total that is due, what the contract has not credited yet. */
  readonly outstandingUnits: bigint
}

export function reconcile(explanation: Explanation): Reconciliation {
  const checks = [
    ...checkBytes(explanation),
    ...checkDue(explanation),
    ...checkVouchers(explanation),
    ...checkChannel(explanation),
  ]
  const outstanding = unitsOf(explanation.due.total) - unitsOf(explanation.channel.claimed)
  return { checks, ok: checks.every((check) => check.ok), outstandingUnits: outstanding > 0n ? outstanding : 0n }
}

function checkBytes({ bytes }: Explanation): SumCheck[] {
  const sum = BigInt(bytes.up) + BigInt(bytes.down)
  return [
    {
      name: 'billed',
      ok: sum === BigInt(bytes.billed),
      text: `up ${bytes.up} + down ${bytes.down} = ${sum.toString()} bytes, billed ${bytes.billed}`,
    },
  ]
}

function checkDue(explanation: Explanation): SumCheck[] {
  const { due, quote, bytes, transactions } = explanation
  const price = unitsPerGibOf(unitsOf(quote.priceUnitsPerGib))
  const sum = unitsOf(due.base) + unitsOf(due.sessionFee) + unitsOf(due.traffic)
  // A session cannot end below what the contract has paid out already (`payment/channel`, closing amount).
  const floor = transactions.some((one) => isTotal(one, unitsOf(due.total)))
  return [
    equal(
      'traffic',
      `${bytes.billed} bytes x price, rounded up`,
      priceOfBytes(BigInt(bytes.billed), price),
      unitsOf(due.traffic),
    ),
    equal(
      'session-fee',
      'fee of the quote (the first voucher pays it)',
      explanation.vouchers.count === 0 ? 0n : unitsOf(quote.sessionFee),
      unitsOf(due.sessionFee),
    ),
    floor && unitsOf(due.total) > sum
      ? {
          name: 'total',
          ok: true,
          text: `total ${usd(unitsOf(due.total))}: what was claimed already, above ${usd(sum)}`,
        }
      : equal('total', 'earlier sessions + fee + traffic', sum, unitsOf(due.total)),
  ]
}

function checkVouchers({ due, vouchers, channel, transactions }: Explanation): SumCheck[] {
  if (vouchers.last === null) return []
  const signed = unitsOf(vouchers.last.amount)
  const total = unitsOf(due.total)
  const cover: SumCheck = {
    name: 'voucher-covers',
    // The last bytes may come after the last voucher: then the signed close covers them.
    ok: signed >= total || transactions.some((one) => one.kind === 'cooperative-close' && isTotal(one, total)),
    text: `the last voucher ${usd(signed)} covers the total ${usd(total)}`,
  }
  const prepaid = signed > total ? signed - total : 0n
  return [
    cover,
    equal('prepaid', 'last voucher - total', prepaid, unitsOf(due.prepaid)),
    atMost('voucher-deposit', 'the last voucher', signed, 'the deposit', unitsOf(channel.deposit)),
  ]
}

function checkChannel({ channel, transactions }: Explanation): SumCheck[] {
  const included = transactions.filter(({ status }) => status === 'included')
  const deposits = included.filter(({ kind }) => kind === 'open' || kind === 'top-up')
  const payments = included.filter(({ totalAfter }) => totalAfter !== null)
  const checks: SumCheck[] = []
  if (deposits.length > 0) {
    checks.push(equal('deposit', 'open + top-ups', sumOf(deposits), unitsOf(channel.deposit)))
  }
  checks.push(equal('claimed', 'all claims and closes', sumOf(payments), unitsOf(channel.claimed)))
  let before = 0n
  for (const payment of payments) {
    const after = unitsOf(payment.totalAfter ?? payment.amount)
    const place = `${payment.kind} ${payment.hash.slice(0, 10)}`
    checks.push(equal('claim-total', `${place}: before + amount`, before + unitsOf(payment.amount), after))
    const fee = feeOfTotal(units(after), channel.feeBps) - feeOfTotal(units(before), channel.feeBps)
    checks.push(
      equal('fee', `${place}: ${channel.feeBps} / 10000 of the total, rounded down`, fee, unitsOf(payment.fee)),
    )
    before = after
  }
  const close = included.find(({ kind }) => kind === 'cooperative-close' || kind === 'finish-close')
  if (close !== undefined) {
    const sum = unitsOf(channel.claimed) + unitsOf(close.refund)
    checks.push(equal('refund', 'claimed + refund', sum, unitsOf(channel.deposit), 'deposit'))
  }
  return checks
}

function isTotal({ totalAfter }: TransactionView, total: bigint): boolean {
  return totalAfter !== null && unitsOf(totalAfter) === total
}

function sumOf(transactions: readonly TransactionView[]): bigint {
  return transactions.reduce((sum, { amount }) => sum + unitsOf(amount), 0n)
}

function equal(name: string, what: string, computed: bigint, told: bigint, against = 'told'): SumCheck {
  return { name, ok: computed === told, text: `${what} = ${usd(computed)}, ${against} ${usd(told)}` }
}

function atMost(name: string, what: string, value: bigint, limitName: string, limit: bigint): SumCheck {
  return { name, ok: value <= limit, text: `${what} ${usd(value)} is at most ${limitName} ${usd(limit)}` }
}

function usd(amount: bigint): string {
  return `$${formatUnits(amount)}`
}

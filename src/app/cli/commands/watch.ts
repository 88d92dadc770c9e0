/**
 * `adit watch`: claims for somebody else. A voucher needs no trust and no permission: whoever holds one may submit it,
 * and the money goes to the provider. So a provider that is offline cannot be robbed by a stale close.
 */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import { AditError } from '#base/errors.ts'
import { parseHex, type Hex } from '#base/hex.ts'
import { units } from '#base/units/money.ts'
import { claim, readChannel } from '#payment/chain/channels.ts'
import { pause } from '#payment/chain/client.ts'
import type { SignedVoucher } from '#payment/chain/types.ts'
import type { ChainWriter } from '#payment/chain/writer.ts'
import { databasePathOf } from '../../config/paths.ts'
import type { TransactionView } from '../../control/explanation.ts'
import { amountOf } from '../../control/values.ts'
import { openStore } from '../../store/index.ts'
import { withWriter } from '../chain-access.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { usageError } from '../errors.ts'
import { usd } from '../output.ts'
import { viewOf } from './stake.ts'

interface WatchOptions extends CommonOptions {
  readonly export?: boolean
  readonly once?: boolean
  readonly all?: boolean
  readonly interval: string
}

export function registerWatch(program: Command): void {
  withCommonOptions(
    program.command('watch').argument('[file]', 'vouchers, one JSON object a line; - is standard input'),
  )
    .description("claim on others' channels when they are being closed")
    .option('--export', 'print the vouchers of this provider, to give to a watcher')
    .option('--once', 'look once and end')
    .option('--all', 'claim also where nobody closes')
    .option('--interval <seconds>', 'how often to look', '60')
    .action(watch)
}

async function watch(file: string | undefined, options: WatchOptions): Promise<void> {
  const context = openContext(options)
  if (options.export === true) {
    exportVouchers(context)
    return
  }
  if (file === undefined) usageError('file', 'a file of vouchers, or --export', '')
  const vouchers = parseVouchers(readFileSync(file === '-' ? 0 : file, 'utf8'))
  const intervalMs = Number(options.interval) * 1000
  if (!(intervalMs >= 1000 && intervalMs <= 86_400_000)) usageError('--interval', '1 to 86400', options.interval)
  await withWriter(context, async (writer) => {
    const claims: TransactionView[] = []
    for (;;) {
      claims.push(...(await claimDue(context, writer, vouchers, options.all === true)))
      if (options.once === true) break
      await pause(intervalMs, context.signal)
    }
    context.out.result({ watched: vouchers.length, claims }, () =>
      context.out.line(`${vouchers.length} channels watched, ${claims.length} claims`),
    )
  })
}

async function claimDue(
  context: Context,
  writer: ChainWriter,
  vouchers: readonly SignedVoucher[],
  all: boolean,
): Promise<TransactionView[]> {
  const claims: TransactionView[] = []
  const wait = { signal: context.signal }
  for (const voucher of vouchers) {
    const channel = await readChannel(writer, voucher.channel, wait)
    if (channel.kind !== 'closing' && !(all && channel.kind === 'open')) continue
    const payable = voucher.amount < channel.deposit ? voucher.amount : channel.deposit
    if (payable <= channel.claimed) continue
    const receipt = await claim(writer, voucher, wait)
    const view = viewOf(context, receipt, 'claim', units(payable - channel.claimed))
    context.out.note(`claimed ${usd(view.amount)} of ${voucher.channel} for its provider: ${view.hash}`)
    claims.push({ ...view, totalAfter: amountOf(payable) })
  }
  return claims
}

function exportVouchers(context: Context): void {
  using store = openStore(databasePathOf(context.paths), { readOnly: true })
  for (const voucher of store.vouchers.list('payee')) {
    const { channel, amount, reading, signature } = voucher
    context.out.line(JSON.stringify({ channel, amount: amount.toString(), reading, signature }))
  }
}

const hex = (length: number) =>
  z.string().transform((text, context): Hex => {
    const parsed = parseHex(text, length)
    if (parsed !== undefined) return parsed
    context.addIssue({ code: 'custom', message: `expected 0x and ${length * 2} hex digits` })
    return z.NEVER
  })
const voucherSchema = z.object({
  channel: hex(32),
  amount: z
    .string()
    .regex(/^\d{1,29}$/)
    .transform((text) => units(BigInt(text))),
  reading: hex(32),
  signature: hex(65),
})

/** Throws `voucher-file` with the line and the field. */
export function parseVouchers(text: string): SignedVoucher[] {
  const vouchers: SignedVoucher[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parsed = voucherSchema.safeParse(jsonOf(line))
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw new AditError('voucher-file', `vouchers, line ${index + 1}: ${issue.path.join('.')}: ${issue.message}`, {
        remedy: 'the provider writes the file with `adit watch --export`',
      })
    }
    vouchers.push(parsed.data)
  }
  return vouchers
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

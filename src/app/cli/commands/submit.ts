/** `adit submit`: send actions that others signed, for the tip that they offer. `--sign` makes one of our own. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import { formatUnits, parseUnits, units } from '#base/units/money.ts'
import { parseSignedAction, signStartUnbonding, signWithdraw, submitAction } from '#payment/chain/actions.ts'
import { accountOf, readHead } from '#payment/chain/client.ts'
import type { SignedAction } from '#payment/chain/types.ts'
import { openChainContext, walletKey, withWriter } from '../chain-access.ts'
import { amountOf } from '../../control/values.ts'
import { openContext, withCommonOptions, type CommonOptions } from '../context.ts'
import { usageError } from '../errors.ts'
import { usd } from '../output.ts'
import { withProgress } from '../progress.ts'
import { printTransactions } from '../views.ts'
import { viewOf } from './stake.ts'

export function registerSubmit(program: Command): void {
  withCommonOptions(program.command('submit').argument('<file>', 'a signed action as JSON; - is standard input'))
    .description("send another's signed action and keep its tip")
    .option('--min-tip <usd>', 'refuse actions that offer less', '0')
    .action(submit)
  withCommonOptions(program.command('sign').argument('<action>', 'withdraw, withdraw-stake or unstake'))
    .description('sign an action of this wallet, for a submitter who pays the gas')
    .option('--tip <usd>', 'what the submitter may keep', '0.01')
    .option('--minutes <count>', 'how long it may be submitted', '60')
    .action(sign)
}

async function submit(file: string, options: CommonOptions & { readonly minTip: string }): Promise<void> {
  const context = openContext(options)
  const minTip = parseUnits(options.minTip) ?? usageError('--min-tip', 'USD such as 0.01', options.minTip)
  const action = parseAction(readFileSync(file === '-' ? 0 : file, 'utf8'))
  const tip = units(BigInt(action.maxTip))
  if (tip < minTip) {
    throw new AditError('submit-tip-low', `submit: the tip is $${formatUnits(tip)}, below $${formatUnits(minTip)}`, {
      remedy: 'ask for a higher tip, or lower --min-tip',
    })
  }
  const result = await withProgress(context.out.json, `submitting ${action.kind} of ${action.account}`, () =>
    withWriter(context, async (writer) => {
      const receipt = await submitAction(writer, action, tip, { signal: context.signal })
      return {
        ...viewOf(context, receipt, 'other', units(0n)),
        tip: amountOf(tip),
        gasCostWei: receipt.gasCost.toString(),
      }
    }),
  )
  context.out.result({ action: action.kind, account: action.account, transaction: result }, () => {
    context.out.line(`${action.kind} of ${action.account} is on the chain; tip ${usd(result.tip)}`)
    printTransactions(context.out, [result])
  })
}

function parseAction(text: string): SignedAction {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new AditError('submit-action', 'submit: expected a signed action as JSON, got something else', {
      remedy: '`adit sign` makes one',
    })
  }
  const parsed = parseSignedAction(value)
  if (parsed.ok) return parsed.value
  throw new AditError('submit-action', `submit: ${parsed.error}`, { remedy: 'ask its owner to sign it again' })
}

async function sign(
  name: string,
  options: CommonOptions & { readonly tip: string; readonly minutes: string },
): Promise<void> {
  const context = openContext(options)
  const maxTip = parseUnits(options.tip) ?? usageError('--tip', 'USD such as 0.01', options.tip)
  const minutes = Number(options.minutes)
  if (!(minutes >= 1 && minutes <= 10_080)) usageError('--minutes', '1 to 10080', options.minutes)
  if (!['withdraw', 'withdraw-stake', 'unstake'].includes(name)) {
    usageError('action', 'withdraw, withdraw-stake or unstake', name)
  }
  const chainContext = await openChainContext(context)
  const wait = { signal: context.signal }
  const { timestamp } = await readHead(chainContext.chain, wait)
  const account = accountOf(await walletKey(context))
  const terms = { maxTip, deadline: timestamp + Math.round(minutes * 60) }
  const action =
    name === 'unstake'
      ? await signStartUnbonding(chainContext, account, terms, wait)
      : await signWithdraw(
          chainContext,
          account,
          { ...terms, ledger: name === 'withdraw' ? 'channels' : 'registry' },
          wait,
        )
  context.out.line(JSON.stringify(action))
}

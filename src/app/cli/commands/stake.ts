/** `adit stake` and `adit unstake`: enter and leave the registry. */
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import { formatUnits, parseUnits, type TokenUnits } from '#base/units/money.ts'
import { accountOf } from '#payment/chain/client.ts'
import { readProvider, register, startUnbonding, withdrawStake } from '#payment/chain/registry.ts'
import type { Receipt } from '#payment/chain/sender.ts'
import { nodeKeyFor, profileOf } from '../../daemon/provider-stake.ts'
import type { TransactionView } from '../../control/explanation.ts'
import { amountOf } from '../../control/values.ts'
import { withWriter } from '../chain-access.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { usageError } from '../errors.ts'
import { moment, usd } from '../output.ts'
import { withProgress } from '../progress.ts'
import { printTransactions } from '../views.ts'
import { unlessAbsent } from './status.ts'

export function registerStake(program: Command): void {
  withCommonOptions(program.command('stake').argument('[usd]', 'default: provider.stake_usd'))
    .description('enter the registry as a provider; the stake answers for provable lies')
    .action(stake)
  withCommonOptions(program.command('unstake'))
    .description('leave the registry: begins the unbonding, or takes the stake out when that is over')
    .action(unstake)
}

async function stake(given: string | undefined, options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const amount =
    given === undefined
      ? context.config().provider.stakeUnits
      : (parseUnits(given) ?? usageError('usd', 'USD such as 10', given))
  const result = await withProgress(context.out.json, `staking $${formatUnits(amount)}`, async () => {
    const input = { amountUnits: amount.toString() }
    const told = await unlessAbsent(context.client('provider').call('stake', input, context.signal))
    return told ?? (await stakeDirectly(context, amount))
  })
  context.out.result(result, () => {
    context.out.line(`stake ${usd(result.stake)}`)
    printTransactions(context.out, result.transactions)
  })
}

async function stakeDirectly(context: Context, amount: TokenUnits) {
  const { region } = context.config().provider
  if (region === null) {
    throw new AditError('config-invalid', 'provider.region: expected a country or subdivision code, got nothing', {
      remedy: 'set it in the configuration, or for once: adit stake --set provider.region=DE',
    })
  }
  const keystore = await context.keystore()
  return withWriter(context, async (writer) => {
    const wait = { signal: context.signal }
    const known = await readProvider(writer, writer.sender.address, wait)
    if (known?.unbondsAt !== undefined) {
      throw new AditError('stake-unbonding', 'stake: this account is leaving the registry', {
        remedy: 'stake again when the unbonding is over and `adit unstake` has taken the stake out',
      })
    }
    if (known !== undefined && known.stake >= amount) return { stake: amountOf(known.stake), transactions: [] }
    if (known !== undefined) {
      throw new AditError('stake-fixed', `stake: $${formatUnits(known.stake)} is staked, and a stake cannot grow`, {
        remedy: '`adit unstake`, and stake again when the unbonding is over',
      })
    }
    const nodeKey = accountOf(await nodeKeyFor(writer, keystore, context.random, context.signal))
    const receipt = await register(writer, { stake: amount, nodeKey, profile: profileOf(region) }, wait)
    return { stake: amountOf(amount), transactions: [viewOf(context, receipt, 'stake', amount)] }
  })
}

async function unstake(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const result = await withProgress(context.out.json, 'leaving the registry', async () => {
    const told = await unlessAbsent(context.client('provider').call('unstake', {}, context.signal))
    return told ?? (await unstakeDirectly(context))
  })
  context.out.result(result, () => {
    if (result.state === 'released') context.out.line('The stake is in your balance: adit withdraw')
    else context.out.line(`Unbonding until ${moment(result.releaseAtMs)}; then run adit unstake again.`)
    printTransactions(context.out, result.transactions)
  })
}

function unstakeDirectly(context: Context) {
  return withWriter(context, async (writer) => {
    const wait = { signal: context.signal }
    const owner = writer.sender.address
    const known = await readProvider(writer, owner, wait)
    if (known === undefined) {
      throw new AditError('stake-none', `stake: ${owner} has none`, { remedy: '`adit stake` makes one' })
    }
    if (known.unbondsAt === undefined) {
      const receipt = await startUnbonding(writer, wait)
      const after = await readProvider(writer, owner, wait)
      return {
        state: 'unbonding' as const,
        releaseAtMs: after?.unbondsAt === undefined ? null : after.unbondsAt * 1000,
        transactions: [viewOf(context, receipt, 'unstake', known.stake)],
      }
    }
    if (known.unbondsAt * 1000 > context.clock.wallMs()) {
      return { state: 'unbonding' as const, releaseAtMs: known.unbondsAt * 1000, transactions: [] }
    }
    const receipt = await withdrawStake(writer, owner, wait)
    const transactions = [viewOf(context, receipt, 'unstake', known.stake)]
    return { state: 'released' as const, releaseAtMs: null, transactions }
  })
}

/** A receipt of our own as the control API would tell it. */
export function viewOf(
  context: Context,
  receipt: Receipt,
  kind: TransactionView['kind'],
  amount: TokenUnits,
): TransactionView {
  const nothing = amountOf(0n)
  return {
    kind,
    hash: receipt.hash,
    status: 'included',
    block: receipt.block,
    atMs: context.clock.wallMs(),
    amount: amountOf(amount),
    totalAfter: null,
    fee: nothing,
    tip: nothing,
    refund: nothing,
  }
}

/** No contact record: hash of nothing. */

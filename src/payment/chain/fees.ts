/** Fees of a transaction (EIP-1559), and how much more a replacement must offer. */
import { reading, type Chain, type WaitOptions } from './client.ts'

/** Wei per gas. */
export interface Fees {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** Twice the base fee plus the tip: good for six full blocks (1.125^6 = 2.03). */
export async function suggestedFees(chain: Chain, options: WaitOptions = {}): Promise<Fees> {
  const block = await reading('fees', options, () => chain.client.getBlock({ blockTag: 'latest' }))
  const tip = await reading('fees', options, () => chain.client.estimateMaxPriorityFeePerGas())
  return { maxFeePerGas: (block.baseFeePerGas ?? 0n) * 2n + tip, maxPriorityFeePerGas: tip }
}

/**
 * Fees of a replacement under the same nonce: what the chain asks now, and at least 12.5 % above the previous one in both
 * fields, rounded up and never equal. Nodes refuse less than 10 % (geth) or 12.5 % (others); anvil takes any.
 */
export function nextFees(previous: Fees, suggested: Fees): Fees {
  const maxPriorityFeePerGas = larger(raised(previous.maxPriorityFeePerGas), suggested.maxPriorityFeePerGas)
  const maxFeePerGas = larger(raised(previous.maxFeePerGas), suggested.maxFeePerGas)
  return { maxPriorityFeePerGas, maxFeePerGas: larger(maxFeePerGas, maxPriorityFeePerGas) }
}

function raised(value: bigint): bigint {
  return value === 0n ? 1n : (value * 1125n + 999n) / 1000n
}

function larger(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}

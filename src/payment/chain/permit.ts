/** EIP-2612 permits: an allowance by signature, so that no transaction (and no gas) is needed for it. */
import { erc20Abi, hashDomain, parseAbi, parseSignature, type TypedDataDomain } from 'viem'
import { AditError } from '#base/errors.ts'
import { isTransient } from './errors.ts'
import { checkChainId, readHead, reading, type ChainAccount, type ChainContext, type WaitOptions } from './client.ts'
import type { Address, Hex } from './types.ts'

/** As the contracts take it. `value` 0 means none. */
export interface Permit {
  readonly value: bigint
  readonly deadline: bigint
  readonly v: number
  readonly r: Hex
  readonly s: Hex
}

export const NO_PERMIT: Permit = { value: 0n, deadline: 0n, v: 0, r: `0x${'00'.repeat(32)}`, s: `0x${'00'.repeat(32)}` }

/** What `spender` may draw from `owner` already, in base units. */
export function readAllowance(
  { chain, deployment }: ChainContext,
  owner: Address,
  spender: Address,
  options: WaitOptions = {},
): Promise<bigint> {
  return reading('allowance', options, () =>
    chain.client.readContract({
      address: deployment.token,
      abi: erc20Abi,
      functionName: 'allowance',
      args: [owner, spender],
    }),
  )
}

/** A permit of `value` where the allowance is smaller; `NO_PERMIT` where it stands. Good for an hour. */
export async function permitIfNeeded(
  context: ChainContext,
  account: ChainAccount,
  spender: Address,
  value: bigint,
  options: WaitOptions = {},
): Promise<Permit> {
  if (value === 0n || (await readAllowance(context, account.address, spender, options)) >= value) return NO_PERMIT
  const { chain, deployment } = context
  const deadline = BigInt((await readHead(chain, options)).timestamp + PERMIT_SECONDS)
  const domain = await tokenDomain(context, options)
  const nonce = await reading('permit nonce', options, () =>
    chain.client.readContract({
      address: deployment.token,
      abi: PERMIT_ABI,
      functionName: 'nonces',
      args: [account.address],
    }),
  )
  const signature = await account.signTypedData({
    domain,
    types: PERMIT_TYPES,
    primaryType: 'Permit',
    message: { owner: account.address, spender, value, nonce, deadline },
  })
  return { value, deadline, ...splitSignature(signature) }
}

/** r, s and v of 65 bytes, as the contracts take them. */
export function splitSignature(signature: Hex): { v: number; r: Hex; s: Hex } {
  const { r, s, yParity } = parseSignature(signature)
  return { v: 27 + yParity, r, s }
}

/** EIP-2098: r, and s with the parity in its top bit. */
export function compactSignature(signature: Hex): { r: Hex; vs: Hex } {
  const { r, s, yParity } = parseSignature(signature)
  const vs = BigInt(s) | (BigInt(yParity) << 255n)
  return { r, vs: `0x${vs.toString(16).padStart(64, '0')}` }
}

/** Tokens differ in the version of their domain; `DOMAIN_SEPARATOR` tells which guess is right. */
async function tokenDomain({ chain, deployment }: ChainContext, options: WaitOptions): Promise<TypedDataDomain> {
  const contract = { address: deployment.token, abi: PERMIT_ABI } as const
  const name = await reading('token name', options, () =>
    chain.client.readContract({ ...contract, functionName: 'name' }),
  )
  const separator = await reading('token domain', options, () =>
    chain.client.readContract({ ...contract, functionName: 'DOMAIN_SEPARATOR' }),
  )
  const versions = ['1', '2', await tokenVersion({ chain, deployment }, options)]
  for (const version of versions) {
    const domain = { name, version, chainId: BigInt(chain.chainId), verifyingContract: deployment.token }
    if (hashDomain({ domain, types: { EIP712Domain: DOMAIN_FIELDS } }) === separator) return domain
  }
  await checkChainId(chain, options)
  throw new AditError('chain-error', 'token: its permit is of no known form', {
    remedy: 'allow the contract to draw the amount by a transaction of your wallet, then repeat',
  })
}

async function tokenVersion({ chain, deployment }: ChainContext, options: WaitOptions): Promise<string> {
  try {
    return await reading('token version', options, () =>
      chain.client.readContract({ address: deployment.token, abi: PERMIT_ABI, functionName: 'version' }),
    )
  } catch (error) {
    if (isTransient(error)) throw error
    return '1' // most tokens do not say
  }
}

const PERMIT_SECONDS = 3_600
const PERMIT_ABI = parseAbi([
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function nonces(address owner) view returns (uint256)',
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
])
const DOMAIN_FIELDS = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
] as const
const PERMIT_TYPES = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
} as const

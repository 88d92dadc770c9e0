/** Puts the contracts on a chain and remembers where: `contracts/deployments/<chainId>.json`, or a path of the caller. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { encodeDeployData, erc20Abi } from 'viem'
import { AditError } from '#base/errors.ts'
import { parseHex } from '#base/hex.ts'
import { units, type TokenUnits } from '#base/units/money.ts'
import { channelsAbi, channelsBytecode } from './abi/channels.ts'
import { stakeRegistryAbi, stakeRegistryBytecode } from './abi/stake-registry.ts'
import { testDollarBytecode } from './abi/test-dollar.ts'
import { reading, type Chain, type WaitOptions } from './client.ts'
import type { Receipt, Sender } from './sender.ts'
import type { Address, Deployment, Hex } from './types.ts'

export const DEFAULT_FEE_BPS = 300
export const DEFAULT_MINIMUM_DEPOSIT: TokenUnits = units(250_000n)
export const DEFAULT_MINIMUM_STAKE: TokenUnits = units(10_000_000n)
/** Version of the on-chain protocol that this program speaks. */
export const PROTOCOL_VERSION = 1

export interface DeployOptions {
  readonly chain: Chain
  readonly sender: Sender
  /** An existing 6-decimal stablecoin with permit; absent on local chains: the test dollar is deployed. */
  readonly token?: Address
  /** Default: the deploying account. */
  readonly feeAccount?: Address
  readonly minimumDeposit?: TokenUnits
  readonly minimumStake?: TokenUnits
  readonly feeBps?: number
  /** File of the deployment: read first (what stands is kept), written at the end. */
  readonly path?: string
}

/**
 * Idempotent: a file whose contracts stand on this chain is returned as it is, and each transaction has a key of its own,
 * so that a deployment that crashed half-way goes on. Throws `chain-error` for a token with other decimals than 6.
 */
export async function deployContracts(deploy: DeployOptions, options: WaitOptions = {}): Promise<Deployment> {
  const { chain, sender, path } = deploy
  const known = path === undefined ? undefined : deploymentOrUndefined(path)
  if (known !== undefined && known.chainId === chain.chainId && (await stands(chain, known, options))) return known

  // A chain that was thrown away and started anew has the same id: its first block tells it from the earlier one.
  const genesis = await reading('first block', options, () => chain.client.getBlock({ blockNumber: 0n }))
  const create = async (name: string, data: Hex): Promise<Receipt & { contractAddress: Address }> => {
    const receipt = await sender.send({ key: `deploy:${name}:${genesis.hash.slice(2, 18)}`, to: null, data }, options)
    if (receipt.contractAddress === undefined) throw new AditError('chain-error', `${name}: no contract was created`)
    return { ...receipt, contractAddress: receipt.contractAddress }
  }

  const token = deploy.token ?? (await create('TestDollar', testDollarBytecode)).contractAddress
  const tokenDecimals = await reading('token decimals', options, () =>
    chain.client.readContract({ address: token, abi: erc20Abi, functionName: 'decimals' }),
  )
  if (tokenDecimals !== 6) {
    throw new AditError('chain-error', `token: expected 6 decimals, got ${tokenDecimals}`, {
      remedy: 'use a 6-decimal stablecoin with permit',
    })
  }
  const feeAccount = deploy.feeAccount ?? sender.address
  const { minimumStake = DEFAULT_MINIMUM_STAKE, minimumDeposit = DEFAULT_MINIMUM_DEPOSIT } = deploy
  const registry = await create(
    'StakeRegistry',
    encodeDeployData({ abi: stakeRegistryAbi, bytecode: stakeRegistryBytecode, args: [token, minimumStake] }),
  )
  const channels = await create(
    'Channels',
    encodeDeployData({
      abi: channelsAbi,
      bytecode: channelsBytecode,
      args: [token, feeAccount, minimumDeposit, deploy.feeBps ?? DEFAULT_FEE_BPS],
    }),
  )
  const deployment: Deployment = {
    version: 1,
    chainId: chain.chainId,
    protocolVersion: PROTOCOL_VERSION,
    block: Math.min(registry.block, channels.block),
    token,
    tokenDecimals,
    registry: registry.contractAddress,
    channels: channels.contractAddress,
    feeAccount,
    testToken: deploy.token === undefined,
  }
  if (path !== undefined) writeDeployment(path, deployment)
  return deployment
}

/** Whole or not at all: a reader never sees half a file. */
export function writeDeployment(path: string, deployment: Deployment): void {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(deployment, undefined, 2)}\n`)
  renameSync(temporary, path)
}

/** Throws `deployment-missing` or `deployment-invalid`. */
export function readDeployment(path: string): Deployment {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new AditError('deployment-missing', `deployment: cannot read ${path}`, {
      remedy: 'adit chain deploy puts the contracts on a local chain; for another chain set chain.deployment',
      cause: error,
    })
  }
  const deployment = parseDeployment(text)
  if (deployment !== undefined) return deployment
  throw new AditError('deployment-invalid', `deployment: ${path} does not describe contracts of this version`, {
    remedy: 'deploy again, or point chain.deployment at the right file',
  })
}

/** Throws `deployment-stale` where the contracts are not on this chain. */
export async function checkDeployment(chain: Chain, deployment: Deployment, options: WaitOptions = {}): Promise<void> {
  if (deployment.chainId !== chain.chainId) {
    throw new AditError(
      'chain-id-mismatch',
      `deployment: for chain ${deployment.chainId}, connected to ${chain.chainId}`,
      {
        remedy: 'correct chain.rpcUrl or chain.deployment',
        fields: { expected: deployment.chainId, got: chain.chainId },
      },
    )
  }
  if (await stands(chain, deployment, options)) return
  throw new AditError('deployment-stale', 'deployment: its contracts are not on this chain', {
    remedy: 'the chain was started anew or lost blocks: deploy again (adit chain deploy)',
  })
}

async function stands(chain: Chain, deployment: Deployment, options: WaitOptions): Promise<boolean> {
  for (const address of [deployment.token, deployment.registry, deployment.channels]) {
    const code = await reading('contract code', options, () => chain.client.getCode({ address }))
    if (code === undefined || code === '0x') return false
  }
  return true
}

function deploymentOrUndefined(path: string): Deployment | undefined {
  try {
    return readDeployment(path)
  } catch (error) {
    if (error instanceof AditError && error.code === 'deployment-missing') return undefined
    throw error
  }
}

function parseDeployment(text: string): Deployment | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // not JSON: the caller says so
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Record<string, unknown>
  const addresses = ['token', 'registry', 'channels', 'feeAccount'].map((name) => addressOf(fields[name]))
  const [token, registry, channels, feeAccount] = addresses
  const { chainId, protocolVersion, block, tokenDecimals, testToken } = fields
  if (fields['version'] !== 1 || !isCount(chainId) || !isCount(block) || !isCount(tokenDecimals)) return undefined
  if (protocolVersion !== PROTOCOL_VERSION || typeof testToken !== 'boolean') return undefined
  if (token === undefined || registry === undefined || channels === undefined || feeAccount === undefined)
    return undefined
  return {
    version: 1,
    chainId,
    protocolVersion,
    block,
    token,
    tokenDecimals,
    registry,
    channels,
    feeAccount,
    testToken,
  }
}

function addressOf(value: unknown): Address | undefined {
  return typeof value === 'string' ? parseHex(value, 20) : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** One chain behind one or more JSON-RPC URLs, its id checked; and accounts from private keys, which are not kept. */
import { createPublicClient, custom, defineChain, fallback, http, type PublicClient, type Transport } from 'viem'
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts'
import type { Millis } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { hexText } from '#base/hex.ts'
import type { Domain } from '#crypto/eip712.ts'
import { chainError } from './errors.ts'
import type { Address, Deployment, Hex } from './types.ts'

export interface ChainConfig {
  /** Tried in this order for each request. */
  readonly urls: readonly string[]
  /** Checked against what the node says; without it any chain is accepted. */
  readonly chainId?: number
  readonly requestTimeoutMs?: Millis
}

export interface Chain {
  readonly chainId: number
  readonly client: PublicClient
}

/** Signs transactions and typed data; made of 32 secret bytes, which the caller keeps. */
export type ChainAccount = PrivateKeyAccount

export interface WaitOptions {
  readonly signal?: AbortSignal
}

/** A chain and the contracts on it. */
export interface ChainContext {
  readonly chain: Chain
  readonly deployment: Deployment
}

export interface Head {
  readonly block: number
  readonly hash: Hex
  /** Unix seconds, block time. */
  readonly timestamp: number
}

/** Throws `chain-unreachable` or `chain-id-mismatch`. */
export async function openChain(config: ChainConfig, options: WaitOptions = {}): Promise<Chain> {
  const transport = transportOf(config)
  const probe = createPublicClient({ transport, cacheTime: 0 })
  const chainId = await reading('chain id', options, () => probe.getChainId())
  if (config.chainId !== undefined && config.chainId !== chainId) {
    throw new AditError('chain-id-mismatch', `chain id: expected ${config.chainId}, got ${chainId}`, {
      remedy: 'correct chain.rpcUrl or chain.chainId: signatures for one chain are void on another',
      fields: { expected: config.chainId, got: chainId },
    })
  }
  const chain = defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: config.urls } },
  })
  // cacheTime 0: a cached block number would hide a reorganisation.
  const client = createPublicClient({ chain, transport, cacheTime: 0, pollingInterval: 200 }) as PublicClient
  return { chainId, client }
}

/** Throws `chain-id-mismatch` where the node behind the URL changed to another chain since `openChain`. */
export async function checkChainId(chain: Chain, options: WaitOptions = {}): Promise<void> {
  const chainId = await reading('chain id', options, () => chain.client.getChainId())
  if (chainId === chain.chainId) return
  throw new AditError('chain-id-mismatch', `chain id: expected ${chain.chainId}, got ${chainId}`, {
    remedy: 'another chain answers at this URL: correct chain.rpcUrl',
    fields: { expected: chain.chainId, got: chainId },
  })
}

export async function readHead(chain: Chain, options: WaitOptions = {}): Promise<Head> {
  const block = await reading('newest block', options, () => chain.client.getBlock({ blockTag: 'latest' }))
  return { block: Number(block.number), hash: block.hash, timestamp: Number(block.timestamp) }
}

/** Wei of the native token, for gas. */
export function readNativeBalance(chain: Chain, account: Address, options: WaitOptions = {}): Promise<bigint> {
  return reading('native balance', options, () => chain.client.getBalance({ address: account }))
}

/** Throws `RangeError` where the 32 bytes are no key. */
export function accountOf(privateKey: Uint8Array | Hex): ChainAccount {
  const account = privateKeyToAccount(typeof privateKey === 'string' ? privateKey : hexText(privateKey))
  return { ...account, address: account.address.toLowerCase() as Address }
}

/** EIP-712 domain of vouchers, closes and the signed actions of `Channels`. */
export function channelsDomain(deployment: Deployment): Domain {
  return domainOf('Adit Channels', deployment, deployment.channels)
}

/** EIP-712 domain of offers, key bindings and the signed actions of `StakeRegistry`. */
export function registryDomain(deployment: Deployment): Domain {
  return domainOf('Adit Stake Registry', deployment, deployment.registry)
}

/** Runs one request: failures become `AditError`, and `signal` ends the wait (not the request). */
export async function reading<T>(action: string, options: WaitOptions, request: () => Promise<T>): Promise<T> {
  const { signal } = options
  signal?.throwIfAborted()
  try {
    return await (signal === undefined ? request() : untilAborted(request(), signal))
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw chainError(error, action)
  }
}

/** Resolves after `forMs`; rejects when `signal` aborts. */
export async function pause(forMs: Millis, signal: AbortSignal | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, forMs)
  })
  try {
    await (signal === undefined ? elapsed : untilAborted(elapsed, signal))
  } finally {
    clearTimeout(timer)
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
    promise.catch(() => undefined) // a request that fails after the abort is nobody's concern
  }
}

function transportOf(config: ChainConfig): Transport {
  const timeout = config.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  if (config.urls.length === 0) {
    return custom({ request: () => Promise.reject(new AditError('chain-unreachable', 'no chain URL is configured')) })
  }
  const transports = config.urls.map((url) => http(url, { timeout, retryCount: 1, retryDelay: 100 }))
  return transports.length === 1 ? transports[0] : fallback(transports)
}

function domainOf(name: string, deployment: Deployment, contract: Address): Domain {
  return { name, version: '1', chainId: BigInt(deployment.chainId), verifyingContract: contract }
}

const REQUEST_TIMEOUT_MS = 10_000

/** Opens the chain for a daemon, and waits where it does not answer: a node must not die because its chain is down. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { existsSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { accountOf, openChain, type Chain, type ChainAccount } from '#payment/chain/client.ts'
import { checkDeployment, readDeployment } from '#payment/chain/deploy.ts'
import { createSender, type Sender, type TransactionStore } from '#payment/chain/sender.ts'
import type { Deployment } from '#payment/chain/types.ts'
import type { Paths } from '../config/paths.ts'
import type { Config } from '../config/table.ts'

export interface ChainAccess {
  readonly chain: Chain
  readonly deployment: Deployment
  readonly account: ChainAccount
  readonly sender: Sender
}

export interface ChainAccessOptions {
  readonly config: Config
  readonly paths: Paths
  readonly walletKey: Uint8Array
  readonly transactions: TransactionStore
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Told once, when waiting begins. */
  readonly onWaiting: (why: string) => void
}

/** Retries while the chain is unreachable; any other error (wrong chain id, no deployment) is thrown at once. */
export async function openChainAccess(options: ChainAccessOptions): Promise<ChainAccess> {
  const { config, signal, log, clock } = options
  const deployment = readDeployment(deploymentPath(config, options.paths))
  let isWaiting = false
  for (;;) {
    try {
      const chain = await openChain({ urls: [config.chain.rpcUrl], chainId: config.chain.chainId }, { signal })
      await checkDeployment(chain, deployment, { signal })
      const account = accountOf(options.walletKey)
      const sender = createSender({ chain, account, store: options.transactions, clock, log, confirmations: 1 })
      return { chain, deployment, account, sender }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof AditError) || error.code !== 'chain-unreachable') throw error
      if (!isWaiting) options.onWaiting(error.message)
      isWaiting = true
      await pause(RETRY_MS, signal)
    }
  }
}

/** `chain.deployment`, or the file that `adit chain deploy` wrote, or the one that comes with the installation. */
export function deploymentPath(config: Config, paths: Paths): string {
  if (config.chain.deployment !== '') return config.chain.deployment
  const file = `${config.chain.chainId}.json`
  const own = join(paths.stateDir, 'chain', file)
  return existsSync(own) ? own : fileURLToPath(new URL(`../../../contracts/deployments/${file}`, import.meta.url))
}

/** Resolves after `forMs`, rejects when `signal` aborts. */
export function pause(forMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const timer = setTimeout(done, forMs)
    signal.addEventListener('abort', aborted)
    function done(): void {
      signal.removeEventListener('abort', aborted)
      resolve()
    }
    function aborted(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      reject(signal.reason as Error)
    }
  })
}

const RETRY_MS = 2_000

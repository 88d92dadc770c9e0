/** The chain for commands that need no daemon: opened at once or not at all, written to with the wallet's own key. */
import { AditError } from '#base/errors.ts'
import { accountOf, openChain, type ChainContext } from '#payment/chain/client.ts'
import { checkDeployment, readDeployment } from '#payment/chain/deploy.ts'
import { createSender, type TransactionRecord, type TransactionStore } from '#payment/chain/sender.ts'
import type { ChainWriter } from '#payment/chain/writer.ts'
import { databasePathOf } from '../config/paths.ts'
import { WALLET_KEY } from '../config/keystore.ts'
import { deploymentPath } from '../daemon/chain-access.ts'
import { transactionStoreOf } from '../daemon/transaction-store.ts'
import { openStore, type Store } from '../store/index.ts'
import type { Context } from './context.ts'

/** Throws `chain-unreachable`, `chain-id-mismatch`, `deployment-missing`, `deployment-stale`. */
export async function openChainContext(context: Context): Promise<ChainContext> {
  const config = context.config()
  const deployment = readDeployment(deploymentPath(config, context.paths))
  const { rpcUrl, chainId } = config.chain
  const chain = await openChain({ urls: [rpcUrl], chainId }, { signal: context.signal })
  await checkDeployment(chain, deployment, { signal: context.signal })
  return { chain, deployment }
}

/** 32 secret bytes. Throws `wallet-missing`. */
export async function walletKey(context: Context): Promise<Uint8Array> {
  return keyNamed(context, WALLET_KEY)
}

export async function keyNamed(context: Context, name: string): Promise<Uint8Array> {
  const key = (await context.keystore()).read(name)
  if (key !== undefined) return key
  throw new AditError('wallet-missing', `keystore: there is no ${name} key`, {
    remedy: '`adit wallet create` makes it',
  })
}

/** Writes with the wallet; the store is locked meanwhile, so that no daemon gives out the same nonces. */
export async function withWriter<T>(
  context: Context,
  action: (writer: ChainWriter, store: Store) => Promise<T>,
): Promise<T> {
  const { chain, deployment } = await openChainContext(context)
  const account = accountOf(await walletKey(context))
  using store = openStore(databasePathOf(context.paths))
  const sender = createSender({ chain, account, store: transactionStoreOf(store, context.clock), clock: context.clock })
  await sender.resume({ signal: context.signal })
  return await action({ chain, deployment, sender }, store)
}

/** Records that live as long as the command: for keys that are made for one transaction. */
export function memoryTransactionStore(): TransactionStore {
  const records = new Map<string, TransactionRecord>()
  return {
    put: (record) => void records.set(record.key, record),
    byKey: (key) => records.get(key),
    pending: (account) => [...records.values()].filter((one) => one.account === account && one.state === 'pending'),
  }
}

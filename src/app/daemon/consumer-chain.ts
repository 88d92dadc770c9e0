/** The consumer's chain: reached with patience, watched while it is up; what it takes back ends the session it paid. */
import { SECOND_MS } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { WALLET_KEY } from '../config/keystore.ts'
import { channelReader, cursorKey, rereadChannels } from './chain-catch-up.ts'
import { openChainAccess, type ChainAccess } from './chain-access.ts'
import { recordNews } from './chain-ledger.ts'
import { watchChain, type ChainMonitor, type ChainNews } from './chain-monitor.ts'
import { progressOf, type ConsumerParts } from './consumer.ts'
import { factsOf } from './facts.ts'
import { transactionStoreOf } from './transaction-store.ts'

/** Waits for a chain that does not answer. The monitor goes with `stack`. */
export async function reachChain(parts: ConsumerParts, stack: AsyncDisposableStack): Promise<ChainAccess> {
  const { config, paths, keystore, clock, log } = parts.options
  const signal = parts.leaving
  const walletKey = keystore.read(WALLET_KEY)
  if (walletKey === undefined) {
    throw new AditError('config-missing', 'wallet: expected a key, got nothing', {
      remedy: '`adit wallet create` makes one',
    })
  }
  const step = progressOf(parts)
  step('chain', 'started', `connecting to chain ${config.chain.chainId}`)
  const access = await openChainAccess({
    config,
    paths,
    walletKey,
    transactions: transactionStoreOf(parts.store, clock),
    clock,
    log,
    signal,
    onWaiting: () => step('chain', 'started', 'the chain does not answer: waiting'),
  })
  parts.monitor ??= stack.use(watchOwnChannels(parts, access))
  await resume(parts, access)
  step('chain', 'done', `chain ${access.chain.chainId}, account ${access.account.address}`)
  return access
}

/** What an earlier run sent is waited for, but not for ever: the records stay, and each intention goes on with its own. */
async function resume({ store, leaving, options }: ConsumerParts, access: ChainAccess): Promise<void> {
  if (store.outbox.pending(access.account.address).length === 0) return
  try {
    await access.sender.resume({ signal: AbortSignal.any([leaving, AbortSignal.timeout(RESUME_MS)]) })
  } catch (error) {
    leaving.throwIfAborted()
    options.log.warn({ error: String(error) }, 'earlier transactions are not included yet')
  }
}

function watchOwnChannels(parts: ConsumerParts, access: ChainAccess): ChainMonitor {
  const { store, options } = parts
  const { clock, log } = options
  const key = cursorKey(access.chain.chainId, access.deployment)
  return watchChain({
    chain: access.chain,
    deployment: access.deployment,
    filter: () => ({
      accounts: [access.account.address],
      channels: store.channels.list('payer').map((channel) => channel.channel),
    }),
    cursor: store.settings.cursor(key),
    onCursor: (cursor) => store.settings.putCursor(key, cursor),
    onNews: (news) => takeNews(parts, access, news),
    clock,
    log,
  })
}

async function takeNews(parts: ConsumerParts, access: ChainAccess, news: ChainNews): Promise<void> {
  const { store, options, live } = parts
  const { clock, log } = options
  recordNews(store, news, clock.wallMs())
  const read = channelReader(access, { signal: AbortSignal.timeout(LOOK_MS) })
  if (news.kind !== 'events') {
    const place = { chainId: access.chain.chainId, contract: access.deployment.channels }
    const { gone } = await rereadChannels(store, { role: 'payer', ...place, read }, clock)
    log.warn({ kind: news.kind, gone: gone.length }, 'the chain was reorganised: channels read again')
    // A provider serves nothing that the chain does not know; the next session opens the same channel again.
    if (live !== undefined && gone.includes(live.session.channel)) {
      live.breakOff('channel-gone')
      return
    }
  }
  if (live === undefined) return
  const facts = factsOf(await read(live.session.channel))
  if (facts !== undefined) live.session.billing.handleFacts(facts)
}

const LOOK_MS = 10 * SECOND_MS
const RESUME_MS = 20 * SECOND_MS

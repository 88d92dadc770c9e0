/** The provider's view of the chain: which channels pay, what became final, what was taken back and must be claimed again. */
import { SECOND_MS, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Store } from '../store/index.ts'
import { channelReader, cursorKey, rereadChannels } from './chain-catch-up.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordNews } from './chain-ledger.ts'
import { watchChain, type ChainMonitor, type ChainNews } from './chain-monitor.ts'
import type { ProviderSessions } from './provider-sessions.ts'
import type { Settlement } from './settlement.ts'

export interface PayingChannelsOptions {
  readonly access: ChainAccess
  readonly sessions: Pick<ProviderSessions, 'refresh' | 'unconfirmed'>
  readonly settlement: Pick<Settlement, 'urge'>
  /** Makes sure that the registry still knows this provider. */
  readonly register: () => Promise<unknown>
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

export function watchPayingChannels(options: PayingChannelsOptions): ChainMonitor {
  const { access, sessions, store, clock, log } = options
  const key = cursorKey(access.chain.chainId, access.deployment)
  return watchChain({
    chain: access.chain,
    deployment: access.deployment,
    filter: () => ({
      accounts: [access.account.address],
      channels: store.channels.list('payee').map((channel) => channel.channel),
    }),
    cursor: store.settings.cursor(key),
    onCursor: (cursor) => store.settings.putCursor(key, cursor),
    onNews: (news) => takeNews(options, news),
    // A deposit that is deep enough now is good for all of it.
    onBlock: () => sessions.refresh(sessions.unconfirmed),
    clock,
    log,
  })
}

async function takeNews(options: PayingChannelsOptions, news: ChainNews): Promise<void> {
  const { access, sessions, settlement, store, clock, log } = options
  recordNews(store, news, clock.wallMs())
  if (news.kind === 'events') {
    await sessions.refresh(news.events.flatMap((event) => ('channel' in event ? [event.channel] : [])))
    for (const event of news.events) if (event.kind === 'close-started') settlement.urge(event.channel)
    return
  }
  // Blocks were lost: channels may be gone, and what was claimed may not be claimed any more.
  const read = channelReader(access, { signal: AbortSignal.timeout(LOOK_MS) })
  const place = { chainId: access.chain.chainId, contract: access.deployment.channels }
  const { gone, unclaimed } = await rereadChannels(store, { role: 'payee', ...place, read }, clock)
  await sessions.refresh()
  for (const channel of unclaimed) if (!gone.includes(channel)) settlement.urge(channel)
  // In the background: it may send a transaction, and the next look must not wait for that.
  options.register().catch((error: unknown) => {
    log.error({ error: String(error) }, 'the registration could not be checked after the chain lost blocks')
  })
  const counts = { gone: gone.length, unclaimed: unclaimed.length }
  log.warn({ kind: news.kind, ...counts }, 'the chain was reorganised: channels read again')
}

const LOOK_MS = 10 * SECOND_MS

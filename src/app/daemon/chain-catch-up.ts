/**
 * Brings the store to what the chain says now: after blocks were lost (a channel may be gone, a claim undone), and for
 * commands that run without a daemon.
 */
import type { Clock } from '#base/clock.ts'
import type { Hash32 } from '#base/hex.ts'
import { ZERO_UNITS } from '#base/units/money.ts'
import { readChannel } from '#payment/chain/channels.ts'
import type { ChainContext, WaitOptions } from '#payment/chain/client.ts'
import { readEvents } from '#payment/chain/events.ts'
import type { ChannelState, Deployment } from '#payment/chain/types.ts'
import type { MoneyRole, Store, StoredChannel } from '../store/index.ts'
import { recordNews } from './chain-ledger.ts'

export interface RereadChannels {
  /** Known to us, not to the chain: lost in a reorganisation, or never included. */
  readonly gone: readonly Hash32[]
  /** The chain shows a lower claimed total than before: those claims are to be sent again. */
  readonly unclaimed: readonly Hash32[]
}

/** Key of the chain cursor in the store. */
export function cursorKey(chainId: number, deployment: Pick<Deployment, 'channels'>): string {
  return `${chainId}:${deployment.channels}`
}

/** Reads every stored channel of this deployment again. `read` is `readChannel` but for tests. */
export async function rereadChannels(
  store: Store,
  place: {
    readonly role: MoneyRole
    readonly chainId: number
    readonly contract: string
    readonly read: (channel: Hash32) => Promise<ChannelState>
  },
  clock: Clock,
): Promise<RereadChannels> {
  const gone: Hash32[] = []
  const unclaimed: Hash32[] = []
  for (const stored of store.channels.list(place.role)) {
    if (stored.chainId !== place.chainId || stored.contract !== place.contract) continue
    const state = await place.read(stored.channel)
    if (state.kind === 'none') gone.push(stored.channel)
    const change = changeOf(stored, state)
    if (change === undefined) continue
    if (change.claimed !== undefined && change.claimed < stored.claimed) unclaimed.push(stored.channel)
    store.channels.update(stored.channel, change, clock.wallMs())
  }
  return { gone, unclaimed }
}

/** The deposit of a channel that is gone stays known: with it the same channel is opened again. */
function changeOf(stored: StoredChannel, state: ChannelState) {
  switch (state.kind) {
    case 'none':
      if (stored.state === 'opening') return undefined
      return { claimed: ZERO_UNITS, closeAt: undefined, state: 'unknown' } as const
    case 'closed':
      return stored.state === 'closed' ? undefined : ({ state: 'closed' } as const)
    case 'open':
    case 'closing': {
      const { deposit, claimed, expiry, kind } = state
      return { deposit, claimed, expiry, state: kind, closeAt: kind === 'closing' ? state.closeAt : undefined }
    }
  }
}

export function channelReader(context: ChainContext, options: WaitOptions): (channel: Hash32) => Promise<ChannelState> {
  return (channel) => readChannel(context, channel, options)
}

/** Reads what a daemon would have read since it stopped, up to now. */
export async function catchUp(
  store: Store,
  context: ChainContext & { readonly account: string },
  role: MoneyRole,
  clock: Clock,
  options: WaitOptions,
): Promise<RereadChannels> {
  const { chain, deployment } = context
  const key = cursorKey(chain.chainId, deployment)
  const channels = store.channels.list(role).map((channel) => channel.channel)
  const filter = { accounts: [context.account as Hash32], channels }
  let cursor = store.settings.cursor(key)
  for (;;) {
    const page = await readEvents(context, { ...(cursor === undefined ? {} : { cursor }), filter }, options)
    if (page.kind === 'deep-reorg') {
      recordNews(store, page, clock.wallMs())
      cursor = undefined
      continue
    }
    const { events } = page
    const news = page.kind === 'reorg' ? ({ kind: 'reorg', ancestorBlock: page.ancestor.block, events } as const) : page
    recordNews(store, news, clock.wallMs())
    store.settings.putCursor(key, page.cursor)
    break
  }
  const contract = deployment.channels
  const read = channelReader(context, options)
  return rereadChannels(store, { role, chainId: chain.chainId, contract, read }, clock)
}

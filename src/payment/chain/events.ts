/**
 * Reading events so that a reorganisation is noticed: the caller keeps a cursor (block number and hash) together with
 * what it learned. Where the cursor's block is no longer on the chain, reading starts again from a common ancestor; a
 * chain that is shorter than the cursor, or shares no recent block with it, is reported as `deep-reorg`, never thrown.
 */
import { decodeEventLog } from 'viem'
import { units, type TokenUnits } from '#base/units/money.ts'
import { channelsAbi } from './abi/channels.ts'
import { stakeRegistryAbi } from './abi/stake-registry.ts'
import { reading, type Chain, type ChainContext, type WaitOptions } from './client.ts'
import type { RawLog } from './sender.ts'
import type { Address, ChainCursor, ChainEvent, Deployment, EventPlace, Hex, SkipReason } from './types.ts'

/** What the caller wants to hear of; all given fields widen the choice. Without any field everything is read. */
export interface EventFilter {
  /** Everything about these channels. */
  readonly channels?: readonly Hex[]
  /** Everything where these accounts are payer, provider, owner, account or submitter. */
  readonly accounts?: readonly Address[]
}

export interface EventQuery {
  /** Where the last page ended; absent: from `from`, or the deployment's block. */
  readonly cursor?: ChainCursor
  readonly from?: number
  readonly filter?: EventFilter
}

export type EventPage =
  | { readonly kind: 'events'; readonly events: readonly ChainEvent[]; readonly cursor: ChainCursor }
  /** Blocks above `ancestor` were replaced: undo what was learned there; `events` are those after it. */
  | {
      readonly kind: 'reorg'
      readonly ancestor: ChainCursor
      readonly events: readonly ChainEvent[]
      readonly cursor: ChainCursor
    }
  /** The chain lost blocks that were seen, beyond what can be traced: read everything again from the deployment. */
  | { readonly kind: 'deep-reorg'; readonly seen: number; readonly head: number }

/** Reads to the newest block. The page's cursor is the next query's. */
export async function readEvents(
  context: ChainContext,
  query: EventQuery = {},
  options: WaitOptions = {},
): Promise<EventPage> {
  const { chain, deployment } = context
  const head = await blockAt(chain, undefined, options)
  if (head === undefined) return { kind: 'deep-reorg', seen: query.cursor?.block ?? 0, head: 0 }
  const { cursor } = query
  if (cursor === undefined) {
    return readTo(context, query.from ?? deployment.block, head, query.filter, options)
  }
  if (head.number < cursor.block) return { kind: 'deep-reorg', seen: cursor.block, head: head.number }
  const same = await blockAt(chain, cursor.block, options)
  if (same?.hash === cursor.hash) {
    const page = await readTo(context, cursor.block + 1, head, query.filter, options)
    return page.cursor.block < cursor.block ? { ...page, cursor } : page
  }
  const ancestor = await ancestorOf(context, cursor, options)
  if (ancestor === undefined) return { kind: 'deep-reorg', seen: cursor.block, head: head.number }
  const page = await readTo(context, ancestor.block + 1, head, query.filter, options)
  return { kind: 'reorg', ancestor, events: page.events, cursor: page.cursor }
}

/** The events of our contracts among `logs`, in their order. Logs of other contracts are left out. */
export function decodeLogs(deployment: Deployment, logs: readonly RawLog[]): readonly ChainEvent[] {
  return logs.flatMap((log) => {
    const event = decodeLog(deployment, log)
    return event === undefined ? [] : [event]
  })
}

/** Whether `event` is about one of the filter's channels or accounts. */
export function matches(event: ChainEvent, filter: EventFilter): boolean {
  const { channels, accounts } = filter
  if (channels === undefined && accounts === undefined) return true
  if (channels !== undefined && 'channel' in event && channels.some((one) => sameHex(one, event.channel))) return true
  return accounts !== undefined && partiesOf(event).some((party) => accounts.some((one) => sameHex(one, party)))
}

/**
 * A node forgets replaced blocks, so the ancestor cannot be found by walking the old branch. Instead reading goes back
 * by a fixed depth, or to the deployment where the chain is young: nothing above it is taken for known.
 */
async function ancestorOf(
  { chain, deployment }: ChainContext,
  cursor: ChainCursor,
  options: WaitOptions,
): Promise<ChainCursor | undefined> {
  const number = Math.max(cursor.block - REORG_DEPTH, deployment.block - 1)
  if (number < 0) return undefined
  const block = await blockAt(chain, number, options)
  return block === undefined ? undefined : { block: block.number, hash: block.hash }
}

async function readTo(
  context: ChainContext,
  from: number,
  head: { number: number; hash: Hex },
  filter: EventFilter | undefined,
  options: WaitOptions,
): Promise<{ kind: 'events'; events: readonly ChainEvent[]; cursor: ChainCursor }> {
  const { chain, deployment } = context
  const events: ChainEvent[] = []
  for (let first = from; first <= head.number; first += MAX_BLOCKS_PER_QUERY) {
    const last = Math.min(first + MAX_BLOCKS_PER_QUERY - 1, head.number)
    const logs = await reading('events', options, () =>
      chain.client.getLogs({
        address: [deployment.channels, deployment.registry],
        fromBlock: BigInt(first),
        toBlock: BigInt(last),
      }),
    )
    const raw = logs.map((log) => ({
      address: log.address.toLowerCase() as Address,
      topics: log.topics as readonly Hex[],
      data: log.data,
      block: Number(log.blockNumber),
      blockHash: log.blockHash,
      transaction: log.transactionHash,
      logIndex: log.logIndex,
    }))
    const decoded = decodeLogs(deployment, raw)
    events.push(...(filter === undefined ? decoded : decoded.filter((event) => matches(event, filter))))
  }
  return { kind: 'events', events, cursor: { block: head.number, hash: head.hash } }
}

async function blockAt(
  chain: Chain,
  number: number | undefined,
  options: WaitOptions,
): Promise<{ number: number; hash: Hex } | undefined> {
  const block = await reading('block', options, () =>
    chain.client.request({
      method: 'eth_getBlockByNumber',
      params: [number === undefined ? 'latest' : `0x${number.toString(16)}`, false],
    }),
  )
  if (block === null || block.number === null || block.hash === null) return undefined
  return { number: Number(BigInt(block.number)), hash: block.hash }
}

function decodeLog(deployment: Deployment, log: RawLog): ChainEvent | undefined {
  const place: EventPlace = {
    block: log.block,
    blockHash: log.blockHash,
    transaction: log.transaction,
    logIndex: log.logIndex,
  }
  if (sameHex(log.address, deployment.channels)) return channelsEvent(log, place)
  if (sameHex(log.address, deployment.registry)) return registryEvent(log, place)
  return undefined
}

function channelsEvent(log: RawLog, place: EventPlace): ChainEvent | undefined {
  const { eventName, args } = decodeEventLog({ abi: channelsAbi, data: log.data, topics: topicsOf(log) })
  switch (eventName) {
    case 'ChannelOpened':
      return {
        ...place,
        kind: 'channel-opened',
        channel: args.channel,
        payer: lower(args.payer),
        provider: lower(args.provider),
        signer: lower(args.signer),
        deposit: units(args.deposit),
        expiry: args.expiry,
        feeBps: args.feeBps,
      }
    case 'ChannelToppedUp':
      return {
        ...place,
        kind: 'channel-topped-up',
        channel: args.channel,
        from: lower(args.from),
        added: units(args.added),
        deposit: units(args.deposit),
        expiry: args.expiry,
      }
    case 'Claimed':
      return {
        ...place,
        kind: 'claimed',
        channel: args.channel,
        total: units(args.total),
        amount: units(args.amount),
        fee: units(args.fee),
        reading: args.reading,
      }
    case 'VoucherSkipped':
      return { ...place, kind: 'voucher-skipped', channel: args.channel, reason: skipReason(args.reason) }
    case 'CloseStarted':
      return {
        ...place,
        kind: 'close-started',
        channel: args.channel,
        payer: lower(args.payer),
        provider: lower(args.provider),
        closeAt: args.closeAt,
      }
    case 'ChannelClosed':
      return {
        ...place,
        kind: 'channel-closed',
        channel: args.channel,
        payer: lower(args.payer),
        provider: lower(args.provider),
        total: units(args.total),
        amount: units(args.amount),
        fee: units(args.fee),
        refund: units(args.refund),
      }
    case 'Withdrawn':
      return { ...place, kind: 'withdrawn', ...withdrawnOf(args) }
    case 'TipPaid':
      return { ...place, kind: 'tip-paid', ...tipOf(args) }
    default:
      return undefined // fee changes and cancelled nonces concern nobody's money
  }
}

function registryEvent(log: RawLog, place: EventPlace): ChainEvent | undefined {
  const { eventName, args } = decodeEventLog({ abi: stakeRegistryAbi, data: log.data, topics: topicsOf(log) })
  switch (eventName) {
    case 'ProviderRegistered':
    case 'ProviderUpdated':
    case 'KeyAdded':
    case 'KeyRetired':
    case 'UnbondingStarted':
    case 'StakeReleased':
      return { ...place, kind: 'provider-changed', owner: lower(args.owner) }
    case 'Slashed':
      return {
        ...place,
        kind: 'slashed',
        owner: lower(args.owner),
        key: lower(args.key),
        reporter: lower(args.reporter),
        sequence: args.sequence,
        reward: units(args.reward),
        burned: units(args.burned),
      }
    case 'Withdrawn':
      return { ...place, kind: 'withdrawn', ...withdrawnOf(args) }
    case 'TipPaid':
      return { ...place, kind: 'tip-paid', ...tipOf(args) }
    default:
      return undefined
  }
}

function withdrawnOf(args: { account: Address; to: Address; amount: bigint }): {
  account: Address
  to: Address
  amount: TokenUnits
} {
  return { account: lower(args.account), to: lower(args.to), amount: units(args.amount) }
}

function tipOf(args: { from: Address; submitter: Address; tip: bigint }): {
  from: Address
  submitter: Address
  tip: TokenUnits
} {
  return { from: lower(args.from), submitter: lower(args.submitter), tip: units(args.tip) }
}

function partiesOf(event: ChainEvent): readonly Address[] {
  const parties: Address[] = []
  for (const field of ['payer', 'provider', 'from', 'account', 'to', 'submitter', 'owner', 'reporter'] as const) {
    const value = (event as Partial<Record<typeof field, Address>>)[field]
    if (value !== undefined) parties.push(value)
  }
  return parties
}

function skipReason(code: number): SkipReason {
  if (code === 1) return 'no-channel'
  return code === 2 ? 'signature' : 'nothing-to-claim'
}

function topicsOf(log: RawLog): [Hex, ...Hex[]] {
  return log.topics as [Hex, ...Hex[]]
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}

function sameHex(left: Hex, right: Hex): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

/** Deeper than any reorganisation that the chains in question had; more is a `deep-reorg` for the caller. */
const REORG_DEPTH = 64
/** Public nodes refuse wider ranges. */
const MAX_BLOCKS_PER_QUERY = 2_000

/** Channels as a provider reads them from the chain: what they are, and what they are good for before they are deep. */
import { SECOND_MS, type Clock } from '#base/clock.ts'
import type { Hash32 } from '#base/hex.ts'
import type { TokenUnits } from '#base/units/money.ts'
import { readChannel } from '#payment/chain/channels.ts'
import { readHead } from '#payment/chain/client.ts'
import type { ChannelFacts } from '#payment/channel/session.ts'
import type { Store } from '../store/index.ts'
import type { ChainAccess } from './chain-access.ts'
import { factsOf, trustedFacts } from './facts.ts'

export interface ChannelReading {
  readonly facts: ChannelFacts
  /** With the part of the deposit that a reorganisation could not undo: what service may rest on. */
  readonly trusted: ChannelFacts
  readonly feeBps: number
}

export interface ChannelReader {
  /** Undefined where the channel is not (or no longer) in the chain. Throws what reading the chain throws. */
  read(channel: Hash32): Promise<ChannelReading | undefined>
  /** Remembers the channel as one that pays us. */
  put(reading: ChannelReading): void
}

export function channelReader(options: {
  readonly access: ChainAccess
  readonly store: Store
  /** Blocks on top of a deposit before it is trusted beyond $0.05. */
  readonly confirmations: number
  readonly clock: Clock
}): ChannelReader {
  const { access, store, confirmations, clock } = options
  /** The block at which a deposit was seen first; a later deposit counts anew. */
  const seenAt = new Map<Hash32, { readonly deposit: TokenUnits; readonly block: number }>()
  return {
    read: async (channel) => {
      const signal = AbortSignal.timeout(CHAIN_WAIT_MS)
      const state = await readChannel(access, channel, { signal })
      const facts = factsOf(state)
      if (facts === undefined || state.kind === 'none' || state.kind === 'closed') {
        seenAt.delete(channel)
        return undefined
      }
      const { block } = await readHead(access.chain, { signal })
      const seen = seenAt.get(channel)
      const isSame = seen?.deposit === facts.deposit
      if (!isSame) seenAt.set(channel, { deposit: facts.deposit, block })
      const isConfirmed = confirmations === 0 || (isSame && block >= seen.block + confirmations)
      return { facts, trusted: trustedFacts(facts, isConfirmed), feeBps: state.feeBps }
    },
    put: ({ facts, feeBps }) =>
      store.channels.put({
        ...facts,
        role: 'payee',
        chainId: access.chain.chainId,
        contract: access.deployment.channels,
        salt: undefined,
        feeBps,
        state: facts.closeAt === undefined ? 'open' : 'closing',
        updatedAtMs: clock.wallMs(),
      }),
  }
}

const CHAIN_WAIT_MS = 10 * SECOND_MS

/** Channels as a provider reads them from the chain: what they are, and what they are good for before they are deep. */
import { SECOND_MS, type Clock } from '#base/clock.ts'
import type { Hash32 } from '#base/hex.ts'
import { addUnits, maxUnits, minUnits, units, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { readChannel } from '#payment/chain/channels.ts'
import { readHead } from '#payment/chain/client.ts'
import type { ChannelFacts } from '#payment/channel/session.ts'
import type { Store } from '../store/index.ts'
import type { ChainAccess } from './chain-access.ts'
import { factsOf } from './facts.ts'

export interface ChannelReading {
  readonly facts: ChannelFacts
  /** With the part of the deposit that a reorganisation will hardly undo: what service may rest on. */
  readonly trusted: ChannelFacts
  readonly feeBps: number
}

export interface ChannelReader {
  /** Undefined where the channel is not (or no longer) in the chain. Throws what reading the chain throws. */
  read(channel: Hash32): Promise<ChannelReading | undefined>
  /** Remembers the channel as one that pays us. */
  put(reading: ChannelReading): void
}

export interface ChannelReaderOptions {
  readonly access: ChainAccess
  readonly store: Pick<Store, 'channels' | 'settings'>
  /** Blocks on top of a deposit before it is trusted beyond $0.05. */
  readonly confirmations: number
  readonly clock: Clock
}

export function channelReader(options: ChannelReaderOptions): ChannelReader {
  const { access, store, clock } = options
  const trust = depositTrust(store.settings, options.confirmations)
  return {
    read: async (channel) => {
      const signal = AbortSignal.timeout(CHAIN_WAIT_MS)
      const state = await readChannel(access, channel, { signal })
      const facts = factsOf(state)
      if (facts === undefined || state.kind === 'none' || state.kind === 'closed') {
        trust.forget(channel)
        return undefined
      }
      const { block } = await readHead(access.chain, { signal })
      return { facts, trusted: { ...facts, deposit: trust.depositOf(facts, block) }, feeBps: state.feeBps }
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

/**
 * How much of a deposit counts: what was deep enough once (durably known), and in any case $0.05 beyond what was claimed.
 * A top-up adds to it when it is deep enough itself; it never takes trust away. A deposit that shrank was reorganised.
 */
export function depositTrust(
  settings: Pick<Store['settings'], 'find' | 'put'>,
  confirmations: number,
): {
  depositOf(facts: Pick<ChannelFacts, 'channel' | 'deposit' | 'claimed'>, block: number): TokenUnits
  forget(channel: Hash32): void
} {
  const pending = new Map<Hash32, { readonly deposit: TokenUnits; readonly block: number }>()
  const keyOf = (channel: Hash32): string => `deposit-confirmed:${channel}`
  return {
    depositOf: ({ channel, deposit, claimed }, block) => {
      if (confirmations === 0) return deposit
      const confirmed = units(BigInt(settings.find(keyOf(channel)) ?? 0))
      if (confirmed >= deposit) {
        pending.delete(channel)
        return deposit
      }
      const waiting = pending.get(channel)
      if (waiting?.deposit !== deposit) pending.set(channel, { deposit, block })
      else if (block >= waiting.block + confirmations) {
        settings.put(keyOf(channel), deposit.toString())
        pending.delete(channel)
        return deposit
      }
      return minUnits(deposit, maxUnits(confirmed, addUnits(claimed, UNCONFIRMED_UNITS)))
    },
    forget: (channel) => {
      pending.delete(channel)
      if (settings.find(keyOf(channel)) !== undefined) settings.put(keyOf(channel), ZERO_UNITS.toString())
    },
  }
}

/** docs/threat-model.md, "reorganisation of the chain". */
const UNCONFIRMED_UNITS = units(50_000n)
const CHAIN_WAIT_MS = 10 * SECOND_MS

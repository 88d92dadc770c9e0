/** A channel as the contract holds it -> the facts that the money protocol goes by. */
import { MINUTE_MS } from '#base/clock.ts'
import type { Hex } from '#base/hex.ts'
import type { ChannelFacts } from '#payment/channel/session.ts'
import type { ChannelState } from '#payment/chain/types.ts'

/** Undefined where there is no such channel (not included yet, closed, or gone in a reorganisation). */
export function factsOf(state: ChannelState): ChannelFacts | undefined {
  if (state.kind === 'none' || state.kind === 'closed') return undefined
  return {
    channel: lower(state.channel),
    payer: lower(state.payer),
    signer: lower(state.signer),
    provider: lower(state.provider),
    deposit: state.deposit,
    claimed: state.claimed,
    closeAt: state.kind === 'closing' ? state.closeAt : undefined,
    expiry: state.expiry,
  }
}

/** Addresses and ids are compared as lower-case text (`base/hex.ts`); the chain's library returns checksummed ones. */
export function lower(hex: Hex): Hex {
  return hex.toLowerCase() as Hex
}

/** How long a cooperative close may wait for its block. */
export const CLOSE_DEADLINE_MS = 30 * MINUTE_MS

/**
 * Cooperative closes that this provider has signed. From the signature until its deadline the payer may end the channel at
 * that amount, whatever happens meanwhile: so nothing more is sold on it, and no other amount is signed.
 */
import type { Hash32 } from '#base/hex.ts'
import { units, type TokenUnits } from '#base/units/money.ts'
import type { Store } from '../store/index.ts'

export interface ClosePromise {
  readonly amount: TokenUnits
  /** Unix seconds, block time. */
  readonly deadline: number
}

export interface ClosePromises {
  /** The promise that still binds at `chainTime` (Unix seconds, block time). */
  binding(channel: Hash32, chainTime: number): ClosePromise | undefined
  /** Durable when it returns: call it before signing. */
  put(channel: Hash32, promise: ClosePromise): void
}

export function closePromises(settings: Pick<Store['settings'], 'find' | 'put'>): ClosePromises {
  const keyOf = (channel: Hash32): string => `close-promised:${channel}`
  return {
    binding: (channel, chainTime) => {
      const stored = settings.find(keyOf(channel))
      if (stored === undefined) return undefined
      const [amount, deadline] = stored.split(' ')
      return Number(deadline) < chainTime ? undefined : { amount: units(BigInt(amount)), deadline: Number(deadline) }
    },
    put: (channel, { amount, deadline }) => settings.put(keyOf(channel), `${amount} ${deadline}`),
  }
}

/** Longest time that a signed close may wait for its block, seconds; the consumer's own wish is half an hour. */
export const MAX_CLOSE_DEADLINE_S = 35 * 60

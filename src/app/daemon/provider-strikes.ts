/**
 * Providers whose sessions ended before they were worth their price. One may be bad luck; a provider that takes the
 * session fee and the first window and goes silent, again and again, is asked less and less often.
 */
import { HOUR_MS, SECOND_MS, type Clock, type Millis } from '#base/clock.ts'

export interface ProviderStrikes {
  /** A paid session ended early. */
  strike(provider: string): void
  /** A session was worth its price. */
  clear(provider: string): void
  /** How long this provider is not taken yet; 0: it may be. */
  waitMs(provider: string): Millis
}

export function providerStrikes(clock: Pick<Clock, 'monotonicMs'>): ProviderStrikes {
  const struck = new Map<string, { readonly count: number; readonly untilMs: Millis }>()
  return {
    strike: (provider) => {
      const count = (struck.get(provider)?.count ?? 0) + 1
      const delayMs = count < 2 ? 0 : Math.min(HOUR_MS, FIRST_DELAY_MS * 2 ** (count - 2))
      struck.set(provider, { count, untilMs: clock.monotonicMs() + delayMs })
    },
    clear: (provider) => void struck.delete(provider),
    waitMs: (provider) => Math.max(0, (struck.get(provider)?.untilMs ?? 0) - clock.monotonicMs()),
  }
}

const FIRST_DELAY_MS = 15 * SECOND_MS

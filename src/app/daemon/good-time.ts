/**
 * A clock that never starts before the last good time: a machine without a clock battery wakes up in the past, where
 * fresh offers lie in the future and replay protection locks it out. Contract windows go by block time, not by this.
 */
import { MINUTE_MS, type Clock } from '#base/clock.ts'
import { SETTING, type Store } from '../store/index.ts'

export interface GoodTime extends Clock, Disposable {}

/** Wall time is the system's, or runs on from the stored one while the system's is behind it. Stored each minute. */
export function openGoodTime(clock: Clock, store: Store): GoodTime {
  const storedMs = Number(store.settings.find(SETTING.lastGoodTime) ?? 0)
  const lastGoodMs = Number.isFinite(storedMs) ? storedMs : 0
  const startedMs = clock.monotonicMs()
  const wallMs = (): number => Math.max(clock.wallMs(), lastGoodMs + (clock.monotonicMs() - startedMs))
  const save = (): void => store.settings.put(SETTING.lastGoodTime, String(Math.floor(wallMs())))
  const timer = setInterval(save, MINUTE_MS)
  timer.unref()
  return {
    wallMs,
    monotonicMs: () => clock.monotonicMs(),
    [Symbol.dispose]: () => {
      clearInterval(timer)
      save()
    },
  }
}

/** The real clock and the real random source; everything else takes them as parameters. */
import { randomFillSync } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

export const systemRandom: Random = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
}

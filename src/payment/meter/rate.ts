/**
 * The current rate from cumulative counters, and a token bucket. Both are plain values: `next = f(value, now)`.
 *
 * The rate is a peak that fades: after a pause the window is still the one of the last burst for some seconds, so that
 * the next burst does not stall on a small one.
 */
import { SECOND_MS, type Millis } from '#base/clock.ts'

export interface Rate {
  readonly atMs: Millis
  readonly bytes: bigint
  readonly bytesPerSecond: bigint
}

export function startRate(atMs: Millis, bytes: bigint): Rate {
  return { atMs, bytes, bytesPerSecond: 0n }
}

/** `bytes` is the cumulative counter at `atMs` (monotonic). Readings closer than 100 ms are joined: they say little. */
export function observeRate(rate: Rate, atMs: Millis, bytes: bigint): Rate {
  const elapsed = BigInt(Math.floor(atMs - rate.atMs))
  if (elapsed < MIN_SAMPLE_MS) return rate
  const current = ((bytes - rate.bytes) * BigInt(SECOND_MS)) / elapsed
  const faded = elapsed >= FADE_MS ? 0n : (rate.bytesPerSecond * (FADE_MS - elapsed)) / FADE_MS
  return { atMs, bytes, bytesPerSecond: current > faded ? current : faded }
}

export interface Bucket {
  readonly atMs: Millis
  readonly tokens: number
}

/** Refills by `perSecond`, at most `burst`, and takes one. Undefined: none left, and nothing is taken. */
export function takeToken(bucket: Bucket, atMs: Millis, perSecond: number, burst: number): Bucket | undefined {
  const tokens = Math.min(burst, bucket.tokens + ((atMs - bucket.atMs) * perSecond) / SECOND_MS)
  return tokens < 1 ? undefined : { atMs, tokens: tokens - 1 }
}

/** When the next token is there. */
export function nextTokenMs(bucket: Bucket, perSecond: number): Millis {
  return bucket.tokens >= 1 ? bucket.atMs : bucket.atMs + ((1 - bucket.tokens) * SECOND_MS) / perSecond
}

const MIN_SAMPLE_MS = 100n
const FADE_MS = 10_000n

/**
 * When handshakes become too many (white paper §5.3): deciding that we are under load, and a token bucket for each source
 * (an IPv4 address, an IPv6 /64) that applies only then, to sources that proved their address by mac2.
 */
import type { Millis } from '#base/clock.ts'
import { hexOf } from '#base/bytes.ts'
import { formatIp, parseIp } from '#base/ip.ts'
import type { Endpoint } from './types.ts'

export interface LoadMeter {
  readonly perSecond: number
  windowStartMs: Millis
  count: number
  /** Load lasts a second beyond what caused it, so that we do not flap between two answers. */
  underLoadUntilMs: Millis
}

export interface RateLimiter {
  /** In order of last use: the first is the one to forget. */
  readonly buckets: Map<string, { tokens: number; updatedMs: Millis }>
}

export const DEFAULT_HANDSHAKES_PER_SECOND = 100
const UNDER_LOAD_QUEUE = 32
const UNDER_LOAD_HOLD_MS = 1_000
/** Twenty handshakes a second from one source, five at once. */
const TOKENS_PER_MS = 0.02
const BURST = 5
const MAX_BUCKETS = 8_192

export function createLoadMeter(perSecond: number, nowMs: Millis): LoadMeter {
  return { perSecond, windowStartMs: nowMs, count: 0, underLoadUntilMs: -Infinity }
}

/** Counts one handshake message with a valid mac1 and says whether we are under load. */
export function noteHandshake(meter: LoadMeter, queued: number, nowMs: Millis): boolean {
  if (nowMs - meter.windowStartMs >= 1_000) {
    meter.windowStartMs = nowMs
    meter.count = 0
  }
  meter.count++
  if (meter.count > meter.perSecond || queued >= UNDER_LOAD_QUEUE) meter.underLoadUntilMs = nowMs + UNDER_LOAD_HOLD_MS
  return nowMs < meter.underLoadUntilMs
}

export function createRateLimiter(): RateLimiter {
  return { buckets: new Map() }
}

/** Takes a token of the source's bucket; false where it is empty. */
export function allowSource(limiter: RateLimiter, from: Endpoint, nowMs: Millis): boolean {
  const key = sourceOf(from)
  const bucket = limiter.buckets.get(key) ?? { tokens: BURST, updatedMs: nowMs }
  bucket.tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.updatedMs) * TOKENS_PER_MS)
  bucket.updatedMs = nowMs
  limiter.buckets.delete(key)
  limiter.buckets.set(key, bucket)
  if (limiter.buckets.size > MAX_BUCKETS) limiter.buckets.delete(limiter.buckets.keys().next().value!)
  if (bucket.tokens < 1) return false
  bucket.tokens--
  return true
}

function sourceOf(from: Endpoint): string {
  const address = parseIp(from.address)
  if (address?.length !== 16) return from.address
  // A socket of both families may write IPv4 as ::ffff:a.b.c.d: that is one address, not one /64.
  const mapped = hexOf(address.subarray(0, 12)) === '00000000000000000000ffff'
  return mapped ? formatIp(address.subarray(12)) : hexOf(address.subarray(0, 8))
}

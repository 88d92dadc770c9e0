/**
 * TAI64N timestamps (white paper §5.1 and §5.4.2): 8 bytes of seconds, 4 of nanoseconds, big-endian, so that comparing
 * bytes compares times. The responder only asks that each is later than the one before.
 */
import { setU32be, setU64be, u32be, u64be } from '#base/bytes.ts'
import type { Millis } from '#base/clock.ts'
import { TAI64N_BYTES } from './constants.ts'

/**
 * The next timestamp to send: that of the clock, or just after `last` where the clock fell back or stood still. So a
 * clock that jumps back never locks us out of a peer that has seen our later time.
 */
export function nextTai64n(last: Uint8Array, wallMs: Millis): Uint8Array {
  const now = tai64nOf(wallMs)
  return isLater(now, last) ? now : successor(last)
}

/** The clock's time, cut to multiples of 2^24 ns (16.8 ms): exact times would help to measure us from outside. */
export function tai64nOf(wallMs: Millis): Uint8Array {
  const whole = Math.max(0, Math.floor(wallMs))
  const stamp = new Uint8Array(TAI64N_BYTES)
  setU64be(stamp, 0, TAI_EPOCH + BigInt(Math.floor(whole / 1000)))
  setU32be(stamp, NANOSECONDS, ((whole % 1000) * 1_000_000) & ~0xff_ffff)
  return stamp
}

/** Whether `stamp` is strictly later than `than`. */
export function isLater(stamp: Uint8Array, than: Uint8Array): boolean {
  for (let index = 0; index < TAI64N_BYTES; index++) {
    if (stamp[index] !== than[index]) return stamp[index] > than[index]
  }
  return false
}

/** Before every timestamp that a clock gives: for a key that never sent one. */
export const NO_TAI64N = new Uint8Array(TAI64N_BYTES)

function successor(last: Uint8Array): Uint8Array {
  const stamp = Uint8Array.from(last)
  const nanoseconds = u32be(last, NANOSECONDS) + 1
  if (nanoseconds < 1_000_000_000) {
    setU32be(stamp, NANOSECONDS, nanoseconds)
  } else {
    setU64be(stamp, 0, u64be(last, 0) + 1n)
    setU32be(stamp, NANOSECONDS, 0)
  }
  return stamp
}

const NANOSECONDS = 8
/** 2^62, and the 10 seconds that TAI was ahead of UTC in 1970: every implementation takes the same constant. */
const TAI_EPOCH = (1n << 62n) + 10n

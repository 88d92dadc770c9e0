/**
 * The replay window (RFC 6479; white paper §5.4.6): a ring of bits behind the greatest counter seen. The engine calls it
 * for every packet, so counters come as two unsigned 32-bit halves, exact up to 2^64 - 1 without BigInt, and a window is
 * a slice of one shared Uint32Array. `slowReplayWindow` is the plain twin that the tests compare with.
 *
 * Layout from `base`: greatest counter (low, high), whether one was seen, one spare word, then the ring.
 */
export const REPLAY_RING_WORDS = 256
/** Words of one window in the shared array: peers or keypairs stand this far apart. */
export const REPLAY_WORDS = 4 + REPLAY_RING_WORDS
/** Counters further behind than this are refused; RFC 6479 §2 loses one word of the ring to sliding. */
export const REPLAY_WINDOW = (REPLAY_RING_WORDS - 1) * 32

/** Makes the window at `base` fresh: for new keys. */
export function resetReplay(words: Uint32Array, base: number): void {
  words.fill(0, base, base + REPLAY_WORDS)
}

/**
 * Takes the counter of an **authentic** packet. True: first seen, and now remembered. False: replayed, too old, or at or
 * above REJECT_AFTER_MESSAGES.
 */
export function acceptCounter(words: Uint32Array, base: number, low: number, high: number): boolean {
  // 2^64 - 2^13 - 1 and beyond (§6.1).
  if (high === 0xffff_ffff && low >= 0xffff_dfff) return false
  const topLow = words[base]
  const topHigh = words[base + 1]
  const ring = base + RING
  if (words[base + SEEN] === 0 || high > topHigh || (high === topHigh && low > topLow)) {
    slide(words, base, low, high)
  } else {
    // Behind the greatest: 2^32 times the difference of the high halves, which matters up to one only.
    const behind = high === topHigh ? topLow - low : high + 1 === topHigh ? topLow + 0x1_0000_0000 - low : Infinity
    if (behind > REPLAY_WINDOW) return false
  }
  const word = ring + ((low >>> 5) & RING_MASK)
  const bit = 1 << (low & 31)
  if ((words[word] & bit) !== 0) return false
  words[word] |= bit
  return true
}

/** Moves the window's head to a greater counter and clears the words that it passes (RFC 6479 §2.1). */
function slide(words: Uint32Array, base: number, low: number, high: number): void {
  const ring = base + RING
  const topLow = words[base]
  const ahead = high - words[base + 1]
  // In words of the ring; more than a whole turn clears everything.
  const steps = ahead > 1 ? REPLAY_RING_WORDS : (low >>> 5) + ahead * 0x800_0000 - (topLow >>> 5)
  if (steps >= REPLAY_RING_WORDS) words.fill(0, ring, ring + REPLAY_RING_WORDS)
  else for (let step = 1; step <= steps; step++) words[ring + (((topLow >>> 5) + step) & RING_MASK)] = 0
  words[base] = low
  words[base + 1] = high
  words[base + SEEN] = 1
}

/** The same window over a set of all counters: obvious and slow, for tests. */
export function slowReplayWindow(): (counter: bigint) => boolean {
  const seen = new Set<bigint>()
  let greatest = -1n
  return (counter) => {
    if (counter >= 2n ** 64n - 2n ** 13n - 1n) return false
    if (greatest - counter > BigInt(REPLAY_WINDOW) || seen.has(counter)) return false
    seen.add(counter)
    if (counter > greatest) greatest = counter
    return true
  }
}

const SEEN = 2
const RING = 4
const RING_MASK = REPLAY_RING_WORDS - 1

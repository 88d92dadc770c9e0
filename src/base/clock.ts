/** Milliseconds. Wall-clock values count from the Unix epoch; monotonic ones from an arbitrary start. */
export type Millis = number

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** Time is a parameter everywhere: a test drives three minutes of protocol in a millisecond. */
export interface Clock {
  /** Unix time in milliseconds; may jump. */
  wallMs(): Millis
  /** Never goes back; for timers and rates. */
  monotonicMs(): Millis
}

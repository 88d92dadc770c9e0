/**
 * The timers of one peer (white paper §6.2 to §6.5). A timer is the time when it fires, `OFF` otherwise; nothing here
 * runs by itself. `peer.ts` reads which one fired and acts.
 */
import type { Millis } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { KEEPALIVE_TIMEOUT_MS, REKEY_TIMEOUT_JITTER_MS, REKEY_TIMEOUT_MS } from './constants.ts'

export interface Timers {
  /** §6.4: the initiation was not answered. */
  retransmit: Millis
  /** §6.5: data came and nothing went back. */
  keepalive: Millis
  /** More data came while `keepalive` was running: run it once more. */
  keepaliveAgain: boolean
  /** §6.5: data went and nothing came back. */
  silence: Millis
  persistentKeepalive: Millis
  /** 0: none. */
  readonly persistentKeepaliveMs: Millis
}

export const OFF: Millis = Infinity

export function createTimers(persistentKeepaliveMs: Millis): Timers {
  return {
    retransmit: OFF,
    keepalive: OFF,
    keepaliveAgain: false,
    silence: OFF,
    persistentKeepalive: OFF,
    persistentKeepaliveMs,
  }
}

export function nextTimer(timers: Timers): Millis {
  return Math.min(timers.retransmit, timers.keepalive, timers.silence, timers.persistentKeepalive)
}

/** A data message, not empty, was sent. */
export function onDataSent(timers: Timers, random: Random, nowMs: Millis): void {
  if (timers.silence === OFF) timers.silence = nowMs + KEEPALIVE_TIMEOUT_MS + REKEY_TIMEOUT_MS + jitterMs(random)
}

/** A data message, not empty, was received. */
export function onDataReceived(timers: Timers, nowMs: Millis): void {
  if (timers.keepalive === OFF) timers.keepalive = nowMs + KEEPALIVE_TIMEOUT_MS
  else timers.keepaliveAgain = true
}

/** Anything authenticated was sent: data, keepalive or handshake. */
export function onAnySent(timers: Timers, nowMs: Millis): void {
  timers.keepalive = OFF
  timers.keepaliveAgain = false
  restartPersistentKeepalive(timers, nowMs)
}

/** Anything authenticated was received. */
export function onAnyReceived(timers: Timers, nowMs: Millis): void {
  timers.silence = OFF
  restartPersistentKeepalive(timers, nowMs)
}

export function onInitiationSent(timers: Timers, random: Random, nowMs: Millis): void {
  timers.retransmit = nowMs + REKEY_TIMEOUT_MS + jitterMs(random)
}

export function restartPersistentKeepalive(timers: Timers, nowMs: Millis): void {
  if (timers.persistentKeepaliveMs > 0) timers.persistentKeepalive = nowMs + timers.persistentKeepaliveMs
}

function jitterMs(random: Random): Millis {
  const [high, low] = random.bytes(2)
  return ((high << 8) | low) % REKEY_TIMEOUT_JITTER_MS
}

/**
 * From bytes to money and back (`docs/protocol/meter.md`, "Amounts"). Counters are cumulative, so that rounding never
 * adds up: a session's error is below one base unit, in the seller's favour.
 */
import { SECOND_MS, type Millis } from '#base/clock.ts'
import {
  addUnits,
  bytesForUnits,
  priceOfBytes,
  subUnitsFloor,
  type TokenUnits,
  type UnitsPerGib,
} from '#base/units/money.ts'
import type { Parameters } from './constants.ts'

/** What a session costs: fixed by the signed quote and by what the channel owed before. */
export interface Tariff {
  /** What the channel owed for finished sessions when this one began. */
  readonly baseUnits: TokenUnits
  readonly sessionFeeUnits: TokenUnits
  readonly priceUnitsPerGib: UnitsPerGib
}

/** `base + sessionFee + ceil(price x bytes / 2^30)`. Rounds up, once: for the seller, below one base unit a session. */
export function amountDue(tariff: Tariff, bytes: bigint): TokenUnits {
  return addUnits(addUnits(tariff.baseUnits, tariff.sessionFeeUnits), priceOfBytes(bytes, tariff.priceUnitsPerGib))
}

/** Bytes that `amount` pays for. Rounds down: nobody is served what was not paid; zero while the fee is not covered. */
export function allowanceOf(tariff: Tariff, amount: TokenUnits): bigint {
  const fixed = addUnits(tariff.baseUnits, tariff.sessionFeeUnits)
  // Also with a price of zero nothing is served before the session fee is covered.
  if (amount < fixed) return 0n
  return bytesForUnits(subUnitsFloor(amount, fixed), tariff.priceUnitsPerGib)
}

/** Bytes of `ms` at `bytesPerSecond`, rounded up. */
export function bytesIn(ms: Millis, bytesPerSecond: bigint): bigint {
  return (bytesPerSecond * BigInt(Math.ceil(ms)) + BigInt(SECOND_MS) - 1n) / BigInt(SECOND_MS)
}

/** Bytes between two challenges: max(1 MiB, 250 ms of traffic), at most half the capped window. */
export function intervalBytes(parameters: Parameters, price: UnitsPerGib, bytesPerSecond: bigint): bigint {
  const wanted = max(parameters.intervalBytes, bytesIn(parameters.intervalMs, bytesPerSecond))
  return min(wanted, capBytes(parameters, price) / parameters.windowIntervals)
}

/** Bytes that are prepaid: two intervals, at least 2 x rate x RTT, at most what the cap buys. */
export function windowBytes(parameters: Parameters, price: UnitsPerGib, bytesPerSecond: bigint, rttMs: Millis): bigint {
  const intervals = parameters.windowIntervals * intervalBytes(parameters, price, bytesPerSecond)
  const roundTrips = bytesIn(2 * rttMs, bytesPerSecond)
  return min(max(intervals, roundTrips), capBytes(parameters, price))
}

function capBytes(parameters: Parameters, price: UnitsPerGib): bigint {
  return max(parameters.windowFloorBytes, bytesForUnits(parameters.windowCapUnits, price))
}

function max(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}

function min(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}

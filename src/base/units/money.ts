/**
 * Money is an integer in the token's base unit (six decimals: 1 USD = 1,000,000 units), never a `number`.
 * All arithmetic on it stands here, so that every division names its rounding and who profits.
 */
declare const tokenUnits: unique symbol
declare const unitsPerGib: unique symbol

/** An amount in the token's base unit. */
export type TokenUnits = bigint & { readonly [tokenUnits]: true }
/** A price: base units for 2^30 bytes. */
export type UnitsPerGib = bigint & { readonly [unitsPerGib]: true }

export const TOKEN_DECIMALS = 6
export const BYTES_PER_GIB = 1n << 30n
export const MAX_UINT96 = (1n << 96n) - 1n
export const ZERO_UNITS = 0n as TokenUnits

/** Brands a non-negative integer. Throws `RangeError`: amounts from outside are checked at the boundary first. */
export function units(value: bigint): TokenUnits {
  if (value < 0n || value > MAX_UINT96) throw new RangeError('amount: expected 0 <= amount < 2^96')
  return value as TokenUnits
}

export function unitsPerGibOf(value: bigint): UnitsPerGib {
  if (value < 0n || value > MAX_UINT96) throw new RangeError('price: expected 0 <= price < 2^96')
  return value as UnitsPerGib
}

export function addUnits(left: TokenUnits, right: TokenUnits): TokenUnits {
  return units(left + right)
}

/** `left - right`, or zero where that would be negative. */
export function subUnitsFloor(left: TokenUnits, right: TokenUnits): TokenUnits {
  return left > right ? units(left - right) : ZERO_UNITS
}

export function minUnits(left: TokenUnits, right: TokenUnits): TokenUnits {
  return left < right ? left : right
}

export function maxUnits(left: TokenUnits, right: TokenUnits): TokenUnits {
  return left > right ? left : right
}

/** `ceil(price x bytes / 2^30)`. Rounds up: the seller is never paid less than agreed, by less than one base unit. */
export function priceOfBytes(bytes: bigint, price: UnitsPerGib): TokenUnits {
  return units((price * bytes + BYTES_PER_GIB - 1n) / BYTES_PER_GIB)
}

/** The largest byte count whose price does not exceed `amount`. Rounds down: nobody is served what was not paid. */
export function bytesForUnits(amount: TokenUnits, price: UnitsPerGib): bigint {
  if (price === 0n) return (1n << 63n) - 1n
  return (amount * BYTES_PER_GIB) / price
}

/** Protocol fee of a cumulative total, rounded down (the seller profits); charge differences of two such totals. */
export function feeOfTotal(total: TokenUnits, feeBps: number): TokenUnits {
  return units((total * BigInt(feeBps)) / 10_000n)
}

/** `1234567` -> `1.234567`. */
export function formatUnits(amount: bigint): string {
  const sign = amount < 0n ? '-' : ''
  const digits = (amount < 0n ? -amount : amount).toString().padStart(TOKEN_DECIMALS + 1, '0')
  return `${sign}${digits.slice(0, -TOKEN_DECIMALS)}.${digits.slice(-TOKEN_DECIMALS)}`
}

/** `"1.25"` -> `1250000n`; undefined for anything that is not a plain decimal with at most six places. */
export function parseUnits(text: string): TokenUnits | undefined {
  const match = /^(\d{1,20})(?:\.(\d{1,6}))?$/.exec(text)
  if (match === null) return undefined
  const value = BigInt(match[1]) * 1_000_000n + BigInt((match.at(2) ?? '').padEnd(TOKEN_DECIMALS, '0') || '0')
  return value <= MAX_UINT96 ? (value as TokenUnits) : undefined
}

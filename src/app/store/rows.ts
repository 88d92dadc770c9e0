/** Reading columns back into the types of the program. What stands in our own file was checked when it was written. */
import type { SQLOutputValue } from 'node:sqlite'
import type { Hex } from '#base/hex.ts'
import { units, type TokenUnits } from '#base/units/money.ts'

export type Row = Record<string, SQLOutputValue>

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new TypeError(`store column ${column}: expected text, got ${typeof value}`)
  return value
}

export function optionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : text(row, column)
}

export function hex(row: Row, column: string): Hex {
  return text(row, column) as Hex
}

export function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw new TypeError(`store column ${column}: expected a number, got ${typeof value}`)
  return value
}

export function optionalNumber(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : number(row, column)
}

export function bigint(row: Row, column: string): bigint {
  return BigInt(text(row, column))
}

export function amount(row: Row, column: string): TokenUnits {
  return units(bigint(row, column))
}

export function optionalAmount(row: Row, column: string): TokenUnits | undefined {
  return row[column] === null ? undefined : amount(row, column)
}

export function blob(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw new TypeError(`store column ${column}: expected bytes`)
  return value
}

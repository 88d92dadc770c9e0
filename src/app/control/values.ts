/** Values of the control API as they cross the socket: amounts and byte counts are decimal text, never JSON numbers. */
import { z } from 'zod'
import { formatUnits } from '#base/units/money.ts'

const DECIMAL = /^(0|[1-9]\d{0,38})$/

/** Money in the token's base unit, with the same value in USD for reading. */
export const amountSchema = z
  .object({
    units: z.string().regex(DECIMAL).describe('base units of the token, decimal'),
    usd: z.string().describe('the same in USD, six places'),
  })
  .describe('an amount of money')
export type Amount = z.output<typeof amountSchema>

export function amountOf(amount: bigint): Amount {
  return { units: amount.toString(), usd: formatUnits(amount) }
}

/** The base units of an amount that crossed the API. */
export function unitsOf(amount: Amount): bigint {
  return BigInt(amount.units)
}

export const byteCountSchema = z.string().regex(DECIMAL).describe('bytes, decimal')
export const addressSchema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected 0x and 40 hex digits')
  .describe('account on the chain')
export const hash32Schema = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, 'expected 0x and 64 lower-case hex digits')
  .describe('32 bytes, hex')
/** Session ids are 16 bytes; lower-case hex without prefix, so that one can be double-clicked and pasted. */
export const sessionIdSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hex digits')
  .describe('session id: 16 bytes, hex')
export const timeSchema = z.number().int().nonnegative().describe('Unix time, ms')
/** Money in a request: base units, decimal. */
export const unitsTextSchema = z.string().regex(DECIMAL, 'expected base units, decimal').describe('base units, decimal')
export const regionSchema = z
  .string()
  .regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'expected a region such as DE or US-CA')
  .describe('ISO 3166-1 country, or ISO 3166-2 subdivision')
export const countersSchema = z.record(z.string(), z.number()).describe('how often each thing happened, by name')

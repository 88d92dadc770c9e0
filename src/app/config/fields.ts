/** Kinds of values in the configuration: each one says in words what it allows, and turns TOML into a typed value. */
import { z } from 'zod'
import { parseIp } from '#base/ip.ts'
import { MAX_UINT96, parseUnits, unitsPerGibOf, type TokenUnits, type UnitsPerGib } from '#base/units/money.ts'

/** One key of the configuration. Validation, `adit config` and `docs/configuration.md` all read this. */
export interface Field<T> {
  /** Its name in the file: snake case. */
  readonly toml: string
  /** One or two sentences for the person who edits the file. */
  readonly purpose: string
  /** What may stand there; error messages say "expected <allowed>". */
  readonly allowed: string
  /** TOML source of the default; undefined where there is none and the key may be absent. */
  readonly fallback: string | undefined
  /** TOML source. */
  readonly example: string
  readonly schema: z.ZodType<T>
}

interface Words {
  readonly toml: string
  readonly purpose: string
  readonly fallback: string | undefined
  readonly example: string
}

export function text(words: Words & { readonly allowed: string }): Field<string> {
  return { ...words, schema: z.string().max(4096) }
}

/** A value that may be absent: null then. */
export function optional<T>(field: Field<T>): Field<T | null> {
  return { ...field, fallback: undefined, schema: field.schema.nullable() }
}

export function oneOf<const V extends string>(words: Words & { readonly values: readonly [V, ...V[]] }): Field<V> {
  const { values, ...rest } = words
  return { ...rest, allowed: values.map((value) => `"${value}"`).join(' or '), schema: z.enum(values) }
}

export function flag(words: Words): Field<boolean> {
  return { ...words, allowed: 'true or false', schema: z.boolean() }
}

export function integer(
  words: Words & { readonly min: number; readonly max: number; readonly unit?: string },
): Field<number> {
  const { min, max, unit, ...rest } = words
  const allowed = `a whole number from ${min} to ${max}${unit === undefined ? '' : `, in ${unit}`}`
  return { ...rest, allowed, schema: z.number().int().min(min).max(max) }
}

export function usd(words: Words): Field<TokenUnits> {
  const parsed = z.string().transform((value, context) => parseUnits(value) ?? refuse(context))
  return { ...words, allowed: USD_TEXT, schema: parsed }
}

export function usdPerGib(words: Words): Field<UnitsPerGib> {
  const parsed = z.string().transform((value, context) => {
    const amount = parseUnits(value)
    return amount === undefined || amount > MAX_UINT96 ? refuse(context) : unitsPerGibOf(amount)
  })
  return { ...words, allowed: `${USD_TEXT}, for 2^30 bytes`, schema: parsed }
}

export function region(words: Words): Field<string> {
  return {
    ...words,
    allowed: 'a country or subdivision code of ISO 3166, such as "DE" or "US-CA"',
    schema: z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/),
  }
}

/** `host:port`, `[v6]:port`. */
export function hostPorts(words: Words): Field<readonly string[]> {
  return {
    ...words,
    allowed: 'a list of "host:port" or "[IPv6 address]:port", at most 64',
    schema: z.array(z.string().refine((value) => parseHostPort(value) !== undefined)).max(64),
  }
}

/** `address:port` of IP addresses only. */
export function endpoints(words: Words): Field<readonly string[]> {
  return {
    ...words,
    allowed: 'a list of "IPv4:port" or "[IPv6]:port", at most 8',
    schema: z
      .array(
        z.string().refine((value) => {
          const parsed = parseHostPort(value)
          return parsed !== undefined && parseIp(parsed.host) !== undefined
        }),
      )
      .max(8),
  }
}

export function ipAddresses(words: Words): Field<readonly string[]> {
  return {
    ...words,
    allowed: 'a list of IP addresses, at most 8',
    schema: z.array(z.string().refine((value) => parseIp(value) !== undefined)).max(8),
  }
}

export function interfaceName(words: Words): Field<string> {
  return {
    ...words,
    allowed: 'a network interface name: 1 to 15 letters, digits, dots, dashes or underscores',
    schema: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/),
  }
}

export function url(words: Words): Field<string> {
  return {
    ...words,
    allowed: 'an http:// or https:// URL',
    schema: z.string().refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)),
  }
}

export interface HostPort {
  /** Name or address, without brackets. */
  readonly host: string
  readonly port: number
}

/** Undefined where `value` is no `host:port` or `[IPv6]:port`. */
export function parseHostPort(value: string): HostPort | undefined {
  const match: readonly (string | undefined)[] | null = HOST_PORT.exec(value)
  if (match === null) return undefined
  const [, bracketed, name, digits] = match
  const host = bracketed ?? name ?? ''
  if (bracketed !== undefined && parseIp(bracketed)?.length !== 16) return undefined
  const port = Number(digits)
  return port >= 1 && port <= 65_535 ? { host, port } : undefined
}

function refuse(context: z.RefinementCtx): never {
  context.addIssue({ code: 'custom', message: 'not allowed' })
  return z.NEVER
}

const USD_TEXT = 'USD as text with at most six decimals, such as "0.25"'
const HOST_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/

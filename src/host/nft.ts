/**
 * nftables: rulesets are text for `nft -f -`, built by the `nft` template, into which only checked values go.
 * JSON is for reading only: it cannot express everything (a `socket cgroupv2` rule that it prints does not load).
 */
import { z } from 'zod'
import { AditError } from '#base/errors.ts'
import { formatIp, formatPrefix, parseIp, parsePrefix } from '#base/ip.ts'
import { commandFailed, run, tryRun } from './run.ts'

declare const CHECKED: unique symbol
/** A piece of ruleset text that holds nothing unchecked. Only this file makes them. */
export interface NftText {
  readonly text: string
  readonly [CHECKED]: true
}

/** ``nft`add rule inet ${word(table)} ${word(chain)} drop` ``: literals of our source and checked values. */
export function nft(strings: TemplateStringsArray, ...values: readonly (NftText | number)[]): NftText {
  let text = strings[0]
  for (const [index, value] of values.entries()) {
    text += (typeof value === 'number' ? integer(value) : value.text) + strings[index + 1]
  }
  return checked(text)
}

/** One piece a line, for statements of a file. */
export function lines(pieces: readonly NftText[]): NftText {
  return checked(pieces.map((piece) => piece.text).join('\n'))
}

/** `{ a, b }`; nft refuses empty braces, so callers leave out rules about nothing. */
export function braces(pieces: readonly NftText[]): NftText {
  if (pieces.length === 0) throw nameError('set', 'at least one element', 'none')
  return checked(`{ ${pieces.map((piece) => piece.text).join(', ')} }`)
}

/** The name of a table, chain, set or map. */
export function word(name: string): NftText {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw nameError('nft name', 'a-z, 0-9, _ and at most 63 characters', name)
  return checked(name)
}

/** An interface name in quotes. The kernel allows more characters; nft reads some of them as patterns. */
export function device(name: string): NftText {
  checkDeviceName(name)
  return checked(`"${name}"`)
}

export function address(text: string): NftText {
  const parsed = parseIp(text)
  if (parsed === undefined) throw nameError('address', 'an IPv4 or IPv6 address', text)
  return checked(formatIp(parsed))
}

export function prefix(text: string): NftText {
  const parsed = parsePrefix(text)
  if (parsed === undefined) throw nameError('prefix', 'an IPv4 or IPv6 prefix', text)
  return checked(formatPrefix(parsed))
}

export function port(value: number): NftText {
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw nameError('port', '1 to 65535', String(value))
  return checked(String(value))
}

/** Throws `host-name` unless `name` can be the name of a network device here. */
export function checkDeviceName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name)) {
    throw nameError('device', '1 to 15 characters of A-Z a-z 0-9 _ . -', name)
  }
}

/** Loads `ruleset` as one transaction: all of it or nothing. */
export async function applyRuleset(ruleset: NftText, signal?: AbortSignal): Promise<void> {
  await run('nft', ['-f', '-'], { input: `${ruleset.text}\n`, ...(signal === undefined ? {} : { signal }) })
}

/** The comment of a table: undefined when there is no such table, '' when it has none. */
export async function readTableComment(family: string, name: string): Promise<string | undefined> {
  // The JSON output of nft 1.0.6 leaves a table's comment out; `-t` leaves out the elements of sets.
  const args = ['-t', 'list', 'table', family, name]
  const outcome = await tryRun('nft', args)
  if (outcome.exit === 0) return /^\tcomment "([^"\n]*)"$/m.exec(outcome.stdout)?.[1] ?? ''
  if (outcome.stderr.includes('No such file or directory')) return undefined
  throw commandFailed('nft', args, outcome)
}

/** Sums of the named counters of one table. */
export async function readCounters(
  family: string,
  table: string,
): Promise<Map<string, { packets: bigint; bytes: bigint }>> {
  const { stdout } = await run('nft', ['-j', 'list', 'counters', 'table', family, table])
  const { nftables } = COUNTERS.parse(JSON.parse(stdout))
  const counters = new Map<string, { packets: bigint; bytes: bigint }>()
  for (const { counter } of nftables) {
    if (counter === undefined) continue
    counters.set(counter.name, { packets: BigInt(counter.packets), bytes: BigInt(counter.bytes) })
  }
  return counters
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw nameError('number', 'a non-negative integer', String(value))
  return String(value)
}

function checked(text: string): NftText {
  return { text } as NftText
}

function nameError(field: string, expected: string, got: string): AditError {
  return new AditError('host-name', `${field}: expected ${expected}, got ${JSON.stringify(got.slice(0, 80))}`)
}

const COUNTERS = z.object({
  nftables: z.array(z.object({ counter: z.object({ name: z.string(), packets: z.int(), bytes: z.int() }).optional() })),
})

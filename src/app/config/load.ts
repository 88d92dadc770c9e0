/** Reads the configuration: file, then `--set KEY=VALUE`, over the defaults of the table. */
import { readFileSync } from 'node:fs'
import { parse, stringify, TomlError } from 'smol-toml'
import { AditError } from '#base/errors.ts'
import { SECTIONS, type Config, type SectionName } from './table.ts'
import type { Field } from './fields.ts'

export type Origin = 'default' | 'file' | 'flag'

/** One key with the value that holds. */
export interface Setting {
  /** `provider.price_usd_per_gib`. */
  readonly key: string
  readonly field: Field<unknown>
  /** TOML source of the value; undefined where it is absent. */
  readonly source: string | undefined
  readonly origin: Origin
}

export interface LoadedConfig {
  readonly config: Config
  readonly settings: readonly Setting[]
}

/** One thing that is wrong, on one line: key, expected, got. */
export interface ConfigProblem {
  readonly key: string
  readonly message: string
}

export interface LoadOptions {
  readonly file: string
  /** The user named the file: then it must exist. */
  readonly fileRequired: boolean
  /** `KEY=VALUE` each; VALUE is TOML, or a bare string. */
  readonly overrides?: readonly string[]
}

/** Throws `AditError` (`config-missing`, `config-unreadable`, `config-invalid`) with the first problem. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const checked = checkConfig(readConfigFile(options), options.overrides ?? [])
  if (checked.loaded !== undefined) return checked.loaded
  const [first, ...others] = checked.problems
  const more = others.length === 0 ? '' : ` (and ${others.length} more: \`adit config check\`)`
  throw new AditError('config-invalid', `${first.message}${more}`, {
    remedy:
      first.key === '' ? `correct ${options.file}` : `\`adit config explain ${first.key}\` tells what may stand there`,
    fields: { file: options.file, key: first.key },
  })
}

/** The text of the file; empty where there is none and none was named. */
export function readConfigFile(options: LoadOptions): string {
  try {
    return readFileSync(options.file, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (code === 'ENOENT' && !options.fileRequired) return ''
    if (code === 'ENOENT') {
      throw new AditError('config-missing', `configuration: ${options.file} does not exist`, {
        remedy: '`adit config init` writes one',
        cause,
      })
    }
    throw new AditError('config-unreadable', `configuration: ${options.file} cannot be read (${code})`, {
      remedy: 'check the path and who may read it',
      cause,
    })
  }
}

export type CheckedConfig =
  | { readonly loaded: LoadedConfig; readonly problems: readonly [] }
  | { readonly loaded: undefined; readonly problems: readonly [ConfigProblem, ...ConfigProblem[]] }

/** Checks everything, so that one run shows all mistakes. */
export function checkConfig(source: string, overrides: readonly string[] = []): CheckedConfig {
  const problems: ConfigProblem[] = []
  const given = new Map<string, { readonly value: unknown; readonly origin: Origin }>()
  for (const [key, value] of flatten(parseFile(source, problems), problems)) given.set(key, { value, origin: 'file' })
  for (const override of overrides) {
    const [key, value] = parseOverride(override, problems)
    given.set(key, { value, origin: 'flag' })
  }
  given.delete('')

  const known = allFields()
  for (const key of given.keys()) if (!known.has(key)) problems.push(unknownKey(key, [...known.keys()]))
  const settings: Setting[] = []
  const sections: Record<string, Record<string, unknown>> = {}
  for (const [key, { section, name, field }] of known) {
    const entry = given.get(key) ?? { value: defaultOf(field), origin: 'default' as const }
    const parsed = field.schema.safeParse(entry.value ?? null)
    if (parsed.success) (sections[section] ??= {})[name] = parsed.data
    else problems.push({ key, message: `${key}: expected ${field.allowed}, got ${describe(entry.value)}` })
    settings.push({ key, field, source: sourceOf(entry.value), origin: entry.origin })
  }
  const [first, ...rest] = problems
  // A test walks the whole table and sees that every section and field of `Config` is there.
  return problems.length === 0
    ? { loaded: { config: sections as Record<SectionName, unknown> as Config, settings }, problems: [] }
    : { loaded: undefined, problems: [first, ...rest] }
}

export interface KnownField {
  readonly section: SectionName
  /** Its name in `Config`. */
  readonly name: string
  readonly field: Field<unknown>
}

/** All keys as they stand in the file, in the order of the table. */
export function allFields(): ReadonlyMap<string, KnownField> {
  const fields = new Map<string, KnownField>()
  for (const section of Object.keys(SECTIONS) as SectionName[]) {
    for (const [name, field] of Object.entries<Field<unknown>>(SECTIONS[section].fields)) {
      fields.set(`${section}.${field.toml}`, { section, name, field })
    }
  }
  return fields
}

function parseFile(source: string, problems: ConfigProblem[]): Record<string, unknown> {
  try {
    return parse(source)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const reason = cause.message.split('\n')[0].replace('Invalid TOML document: ', '')
    problems.push({ key: '', message: `line ${cause.line}, column ${cause.column}: expected TOML, got: ${reason}` })
    return {}
  }
}

function flatten(document: Record<string, unknown>, problems: ConfigProblem[]): [string, unknown][] {
  const flat: [string, unknown][] = []
  for (const [section, content] of Object.entries(document)) {
    if (typeof content !== 'object' || content === null || Array.isArray(content) || content instanceof Date) {
      const expected = `a section such as [${Object.keys(SECTIONS).join('], [')}]`
      problems.push({ key: '', message: `${section}: expected ${expected}, got ${describe(content)}` })
      continue
    }
    for (const [name, value] of Object.entries(content)) flat.push([`${section}.${name}`, value])
  }
  return flat
}

function parseOverride(override: string, problems: ConfigProblem[]): [string, unknown] {
  const at = override.indexOf('=')
  const key = override.slice(0, at).trim()
  const raw = override.slice(at + 1).trim()
  if (at < 1 || key === '') {
    problems.push({ key: '', message: `--set: expected KEY=VALUE, got ${JSON.stringify(override)}` })
    return ['', undefined]
  }
  try {
    return [key, parse(`value = ${raw}`).value]
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    return [key, raw]
  }
}

function defaultOf(field: Field<unknown>): unknown {
  return field.fallback === undefined ? undefined : parse(`value = ${field.fallback}`).value
}

function sourceOf(value: unknown): string | undefined {
  return value === undefined ? undefined : stringify({ value }).trimEnd().slice('value = '.length)
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  const source =
    typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date) ? 'a table' : sourceOf(value)
  return source === undefined || source.length <= 80 ? String(source) : `${source.slice(0, 80)}…`
}

function unknownKey(key: string, known: readonly string[]): ConfigProblem {
  const nearest = known
    .map((name) => ({ name, distance: editDistance(key, name) }))
    .reduce((best, next) => (next.distance < best.distance ? next : best))
  const hint = nearest.distance <= 4 ? `did you mean ${nearest.name}?` : '`adit config explain` lists all'
  return { key: '', message: `${key}: expected a known key, got an unknown one; ${hint}` }
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const change = left[i - 1] === right[j - 1] ? 0 : 1
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + change))
    }
    row = next
  }
  return row[right.length]
}

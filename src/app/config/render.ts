/** The table of keys as text: for `adit config explain`, `init`, `show`, and as `docs/configuration.md`. */
import type { Setting } from './load.ts'
import { allFields } from './load.ts'
import { SECTIONS, type SectionName } from './table.ts'
import type { Field } from './fields.ts'

const SECTION_NAMES = Object.keys(SECTIONS) as SectionName[]

/** One key in five lines; undefined where there is no such key. */
export function explainKey(key: string): string | undefined {
  const field = allFields().get(key)?.field
  if (field === undefined) return undefined
  return [
    key,
    `  purpose   ${field.purpose}`,
    `  allowed   ${field.allowed}`,
    `  default   ${field.fallback ?? 'none'}`,
    `  example   ${field.toml} = ${field.example}`,
  ].join('\n')
}

/** A whole file with every key, commented out, at its default. */
export function initialConfig(): string {
  const lines = ['# Configuration of Adit. `adit config explain KEY` says more; `adit config check` checks this file.']
  for (const name of SECTION_NAMES) {
    lines.push('', ...wrap(SECTIONS[name].purpose, '# '), `[${name}]`)
    for (const field of fieldsOf(name)) {
      lines.push('', ...wrap(field.purpose, '# '), ...wrap(`Allowed: ${field.allowed}.`, '# '))
      lines.push(`# ${field.toml} = ${field.fallback ?? field.example}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** What holds now, as TOML, with where each value comes from. */
export function showConfig(settings: readonly Setting[]): string {
  const lines: string[] = []
  for (const name of SECTION_NAMES) {
    lines.push(`[${name}]`)
    for (const { key, field, source, origin } of settings) {
      if (!key.startsWith(`${name}.`)) continue
      const assignment = source === undefined ? `# ${field.toml} is absent` : `${field.toml} = ${source}`
      lines.push(origin === 'default' ? assignment : `${assignment} # ${origin}`)
    }
    lines.push('')
  }
  return lines.join('\n')
}

/** `docs/configuration.md`; a test compares it with the file. */
export function configurationPage(): string {
  const lines = [
    '# Configuration',
    '',
    'TOML. `adit config init` writes a file with every key, `adit config check` checks it, `adit config show` prints what',
    'holds, `adit config explain KEY` explains one key. `--set KEY=VALUE` overrides a key for one command. A wrong key or',
    'value is one line: key, expected, got. This page is made from the table in `src/app/config/table.ts` by',
    '`adit config page`.',
    '',
    '| what | root | everybody else | flag | environment |',
    '|---|---|---|---|---|',
    '| configuration | `/etc/adit/config.toml` | `$XDG_CONFIG_HOME/adit/config.toml` | `--config` | `ADIT_CONFIG` |',
    '| state: keys, vouchers, journal, logs | `/var/lib/adit` | `$XDG_STATE_HOME/adit` | `--state-dir` | `ADIT_STATE_DIR` |',
    '| control sockets | `/run/adit` | `$XDG_RUNTIME_DIR/adit`, else `/tmp/adit-<uid>` | `--run-dir` | `ADIT_RUN_DIR` |',
    '| compiled code, may be removed | `/var/cache/adit` | `$XDG_CACHE_HOME/adit` | | `ADIT_CACHE_DIR` |',
    '| passphrase of the keys | | | | `ADIT_PASSPHRASE_FILE` |',
    '',
    'A flag wins over the environment, the environment over the default.',
  ]
  for (const name of SECTION_NAMES) {
    lines.push('', `## [${name}]`, '', SECTIONS[name].purpose, '')
    lines.push('| key | purpose | allowed | default | example |', '|---|---|---|---|---|')
    for (const field of fieldsOf(name)) {
      const cells = [`\`${field.toml}\``, field.purpose, field.allowed, code(field.fallback), code(field.example)]
      lines.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

function fieldsOf(name: SectionName): Field<unknown>[] {
  return Object.values<Field<unknown>>(SECTIONS[name].fields)
}

function code(source: string | undefined): string {
  return source === undefined ? 'none' : `\`${source}\``
}

function wrap(text: string, prefix: string): string[] {
  const lines: string[] = []
  let line = prefix.trimEnd()
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH && line !== prefix.trimEnd()) {
      lines.push(line)
      line = prefix.trimEnd()
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

const WIDTH = 100

/** Printing: for people tables, USD with six places and readable byte counts; with `--json` one object, exact. */
import Table from 'cli-table3'
import { escapeTerminal } from '#base/escape.ts'
import type { Amount } from '../control/values.ts'

export interface Output {
  readonly json: boolean
  /** With `--json` prints `value`; else runs `human`. */
  result(value: unknown, human: () => void): void
  line(text?: string): void
  /** To standard error, so that it stays out of a pipe; silent with `--json`. */
  note(text: string): void
  /** Rows of cells. Cells are escaped here: foreign text may stand in them. */
  table(head: readonly string[], rows: readonly (readonly string[])[], right?: readonly number[]): void
  /** Name and value pairs, aligned. Values are escaped here. */
  facts(pairs: readonly (readonly [name: string, value: string])[]): void
}

export function outputTo(json: boolean): Output {
  const line = (text = ''): void => void process.stdout.write(`${text}\n`)
  return {
    json,
    line,
    result: (value, human) => {
      if (json) line(JSON.stringify(value, bigintAsText))
      else human()
    },
    note: (text) => {
      if (!json) process.stderr.write(`${text}\n`)
    },
    table: (head, rows, right = []) => line(tableText(head, rows, right)),
    facts: (pairs) => {
      const width = Math.max(...pairs.map(([name]) => name.length))
      for (const [name, value] of pairs) line(`${name.padEnd(width)}  ${escapeTerminal(value, 500)}`)
    },
  }
}

export function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const table = new Table({
    head: [...head],
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2, compact: true },
    colAligns: head.map((_, index) => (right.includes(index) ? 'right' : 'left')),
  })
  for (const row of rows) table.push(row.map((cell) => escapeTerminal(cell)))
  return table
    .toString()
    .split('\n')
    .map((text) => text.trimEnd())
    .join('\n')
}

/** `$1.234567` */
export function usd(amount: Amount): string {
  return `$${amount.usd}`
}

/** `1.50 GiB`: binary units, as prices are per GiB. */
export function readableBytes(count: string | bigint): string {
  const bytes = BigInt(count)
  let index = 0
  while (index < UNITS.length - 1 && bytes >= 1n << BigInt(10 * (index + 1))) index++
  if (index === 0) return `${bytes.toString()} B`
  const hundredths = (bytes * 100n) >> BigInt(10 * index)
  return `${(hundredths / 100n).toString()}.${(hundredths % 100n).toString().padStart(2, '0')} ${UNITS[index]}`
}

/** `12,345 B` */
export function exactBytes(count: string): string {
  return `${count.replace(/\B(?=(\d{3})+$)/g, ',')} B`
}

/** `2026-11-23 08:15:01Z` */
export function moment(ms: number | null): string {
  return ms === null ? '-' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** `3 h 12 min`, `45 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** `0x1234…cdef`: for tables; JSON has it whole. */
export function short(hex: string): string {
  return hex.length <= 14 ? hex : `${hex.slice(0, 6)}…${hex.slice(-4)}`
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const
const BORDERLESS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
} as const

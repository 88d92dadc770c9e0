/** What a person, or with `--json` a program, reads when a command fails: what happened, why, what to do, a code. */
import { CommanderError } from 'commander'
import { AditError } from '#base/errors.ts'
import { escapeTerminal } from '#base/escape.ts'

export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3, interrupted: 130 } as const

interface Report {
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly fields: Readonly<Record<string, string | number | boolean>>
}

/** Prints the error and returns the exit code. */
export function reportError(error: unknown, json: boolean): number {
  const report = reportOf(error)
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: report })}\n`)
  } else if (!(error instanceof CommanderError)) {
    process.stderr.write(`adit: ${escapeTerminal(report.message, MAX_MESSAGE)}\n`)
    if (report.remedy !== '') process.stderr.write(`  do:   ${escapeTerminal(report.remedy, MAX_MESSAGE)}\n`)
    process.stderr.write(`  code: ${escapeTerminal(report.code)}\n`)
    if (report.code === 'internal' && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  }
  return exitCodeOf(report.code)
}

export function reportOf(error: unknown): Report {
  if (error instanceof AditError) {
    return { code: error.code, message: error.message, remedy: error.remedy, fields: error.fields }
  }
  if (error instanceof CommanderError) {
    return { code: 'usage', message: error.message.replace(/^error: /, ''), remedy: 'adit help', fields: {} }
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { code: 'interrupted', message: 'interrupted', remedy: '', fields: {} }
  }
  const message = error instanceof Error ? error.message : 'unknown failure'
  return { code: 'internal', message, remedy: 'this is a defect: please report it with the lines below', fields: {} }
}

function exitCodeOf(code: string): number {
  if (code === 'usage' || code.startsWith('config-')) return EXIT.usage
  if (code === 'daemon-not-running') return EXIT.notRunning
  return code === 'interrupted' ? EXIT.interrupted : EXIT.failed
}

const MAX_MESSAGE = 2000

/** A flag or argument that is not what it must be. */
export function usageError(name: string, expected: string, got: string): never {
  throw new AditError('usage', `${name}: expected ${expected}, got ${JSON.stringify(got)}`, {
    remedy: '`adit help COMMAND` lists what may stand there',
  })
}

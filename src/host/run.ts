/** Runs the programs that drive the host (`ip`, `nft`, `resolvectl`): no shell, a time limit, errors with their words. */
import { spawn } from 'node:child_process'
import { AditError } from '#base/errors.ts'
import type { Millis } from '#base/clock.ts'

export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string
  readonly timeoutMs?: Millis
  readonly signal?: AbortSignal
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Resolves when `command` exits with 0. Throws `AditError` with code `host-command-missing`, `host-command-timeout` or
 * `host-command-failed` (`fields.exit`, `fields.stderr`), or the signal's reason.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const outcome = await tryRun(command, args, options)
  if (outcome.exit === 0) return { stdout: outcome.stdout, stderr: outcome.stderr }
  throw commandFailed(command, args, outcome)
}

export interface RunOutcome extends RunResult {
  /** Exit status; -1 when a signal ended it. */
  readonly exit: number
}

/** Like `run`, but an exit status other than 0 is a value: for commands whose failure says something. */
export async function tryRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunOutcome> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout])
  const child = spawn(command, args, { env: ENVIRONMENT, signal, stdio: ['pipe', 'pipe', 'pipe'] })
  const { promise, resolve, reject } = Promise.withResolvers<RunOutcome>()
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.once('error', reject)
  child.once('close', (exit) => resolve({ exit: exit ?? -1, stdout, stderr }))
  // A program that exits without reading its input breaks the pipe; its exit status tells the story.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  try {
    return await promise
  } catch (cause) {
    options.signal?.throwIfAborted()
    if (timeout.aborted) {
      throw new AditError('host-command-timeout', `${command}: no end within ${timeoutMs} ms`, { cause })
    }
    if (isMissing(cause)) {
      throw new AditError('host-command-missing', `${command}: not installed, or not in ${ENVIRONMENT.PATH}`, {
        remedy: `install the package that brings ${command} (iproute2, nftables), then try again`,
        cause,
      })
    }
    throw cause
  }
}

export function commandFailed(command: string, args: readonly string[], outcome: RunOutcome): AditError {
  const words = outcome.stderr.trim() || outcome.stdout.trim()
  return new AditError('host-command-failed', `${command} ${args.join(' ')}: ${words || 'no message'}`, {
    fields: { command, exit: outcome.exit, stderr: words },
  })
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}

const DEFAULT_TIMEOUT_MS = 10_000
/** A service manager may start us without the sbin folders; messages are read in English. */
const ENVIRONMENT = {
  PATH: [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(':'),
  LC_ALL: 'C',
}

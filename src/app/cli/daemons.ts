/**
 * Starting a daemon: in this process (`--foreground`), or in a child of its own session that tells by a message when
 * its control socket answers. The passphrase goes to the child by that channel too, never by arguments or environment.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { AditError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { keystorePathOf, logPathOf, socketPathOf } from '../config/paths.ts'
import { openKeystore } from '../config/keystore.ts'
import type { Role } from '../control/routes.ts'
import { openLog } from '../daemon/log.ts'
import type { ProviderOptions } from '../daemon/options.ts'
import type { Context } from './context.ts'
import { reportOf } from './errors.ts'
import { VERSION } from './version.ts'

const childMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('listening') }),
  z.object({ kind: z.literal('failed'), code: z.string(), message: z.string(), remedy: z.string() }),
])
const parentMessageSchema = z.object({ kind: z.literal('passphrase'), passphrase: z.string() })
const CHILD_MARK = 'ADIT_DETACHED'

/**
 * Starts `adit <args>` on its own and resolves when its control socket answers. Throws what the child reported, or
 * `daemon-start` where it ended without a word.
 */
export async function startDetached(
  context: Context,
  role: Role,
  args: readonly string[],
): Promise<{ readonly pid: number }> {
  const passphrase = await context.passphrase()
  const logFile = logPathOf(context.paths, role)
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 })
  const log = openSync(logFile, 'a', 0o600)
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), [...args, ...context.inheritedFlags], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, [CHILD_MARK]: '1' },
  })
  closeSync(log)
  try {
    child.send({ kind: 'passphrase', passphrase })
    await whenListening(child, role, logFile, context.signal)
  } catch (error) {
    child.kill('SIGTERM')
    throw error
  }
  child.disconnect()
  child.unref()
  return { pid: child.pid ?? 0 }
}

function whenListening(child: ChildProcess, role: Role, logFile: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    child.once('error', reject)
    child.once('exit', (code) => {
      reject(
        new AditError('daemon-start', `the ${role} ended at its start (exit code ${code ?? 'none'})`, {
          remedy: `its log is ${logFile}`,
        }),
      )
    })
    child.once('message', (value) => {
      const message = childMessageSchema.parse(value)
      signal.removeEventListener('abort', onAbort)
      if (message.kind === 'listening') resolve()
      else reject(new AditError(message.code, message.message, { remedy: message.remedy }))
    })
  })
}

export interface ForegroundOptions<Options> {
  readonly role: Role
  readonly run: (options: Options) => Promise<void>
  /** What the role adds to the common options. */
  readonly complete: (common: ProviderOptions) => Options
  /** Called when the control socket answers; runs beside the daemon until `signal` aborts. */
  readonly beside?: (signal: AbortSignal) => Promise<void>
}

/** Runs a daemon in this process until it is stopped. A detached child reports to its parent. */
export async function runForeground<Options>(context: Context, foreground: ForegroundOptions<Options>): Promise<void> {
  const isChild = process.env[CHILD_MARK] === '1' && process.send !== undefined
  const { role } = foreground
  const log = openLog(context.config().log.level, logsToFile(isChild) ? logPathOf(context.paths, role) : undefined)
  const ended = new AbortController()
  const failed = new AbortController()
  using _lastResort = endOnUnhandled(log, failed)
  let beside: Promise<void> = Promise.resolve()
  try {
    const passphrase = isChild ? await passphraseOfParent() : await context.passphrase()
    const keystore = await openKeystore(keystorePathOf(context.paths), passphrase, context.random)
    await foreground.run(
      foreground.complete({
        config: context.config(),
        paths: context.paths,
        socketPath: socketPathOf(context.paths, role),
        keystore,
        clock: context.clock,
        random: context.random,
        log,
        signal: AbortSignal.any([context.signal, failed.signal]),
        version: VERSION,
        onListening: () => {
          if (isChild) process.send?.({ kind: 'listening' })
          else if (foreground.beside !== undefined) beside = showBeside(foreground.beside, ended.signal, log)
        },
      }),
    )
    if (failed.signal.aborted) throw failed.signal.reason as Error
  } catch (error) {
    if (isChild) await report(error)
    throw error
  } finally {
    ended.abort()
    await beside
  }
}

/** A fault that nobody caught ends the daemon in order (last readings, restored host), and with an error. */
function endOnUnhandled(log: Log, failed: AbortController): Disposable {
  const onFault = (error: unknown): void => {
    log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'unexpected fault')
    failed.abort(
      new AditError('internal', 'the daemon ended after an unexpected fault', {
        remedy: 'its log says more; please report it',
      }),
    )
  }
  process.on('unhandledRejection', onFault)
  process.on('uncaughtException', onFault)
  return {
    [Symbol.dispose]: () => {
      process.off('unhandledRejection', onFault)
      process.off('uncaughtException', onFault)
    },
  }
}

/** A person at a terminal reads progress; the log goes to the file then. */
function logsToFile(isChild: boolean): boolean {
  return isChild || process.stderr.isTTY
}

async function showBeside(
  beside: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  try {
    await beside(signal)
  } catch (error) {
    if (!signal.aborted)
      log.warn({ error: error instanceof Error ? error.message : 'unknown' }, 'progress is not shown')
  }
}

function passphraseOfParent(): Promise<string> {
  return new Promise((resolve, reject) => {
    process.once('message', (value) => {
      const message = parentMessageSchema.safeParse(value)
      if (message.success) resolve(message.data.passphrase)
      else reject(new AditError('daemon-start', 'the parent process sent no passphrase'))
    })
    process.once('disconnect', () => reject(new AditError('daemon-start', 'the parent process is gone')))
  })
}

/** Resolves when the parent has the message, or is gone. */
function report(error: unknown): Promise<void> {
  const { code, message, remedy } = reportOf(error)
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve()
    else process.send({ kind: 'failed', code, message, remedy }, undefined, {}, () => resolve())
  })
}

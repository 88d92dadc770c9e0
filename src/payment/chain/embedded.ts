/**
 * The embedded chain: anvil as a process of its own, so that it outlives the daemon, with its state written every second
 * (without `--state-interval` a `kill -9` loses everything). Kept in one directory: `chain.json` (who runs where),
 * `state.json`, `anvil.log`.
 */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import type { Millis } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { openChain, pause, reading, type Chain, type WaitOptions } from './client.ts'
import type { Address } from './types.ts'

export interface EmbeddedOptions {
  /** Made where it does not exist; one chain for each directory. */
  readonly directory: string
  /** Default: that of the last run, else a free one. */
  readonly port?: number
  /** Default 31337. */
  readonly chainId?: number
  /** Default: a block for each transaction. */
  readonly blockTimeSeconds?: number
  /** Default 127.0.0.1. */
  readonly host?: string
}

export interface EmbeddedChain {
  readonly pid: number
  readonly url: string
  readonly chainId: number
  /** False where it ran already. */
  readonly started: boolean
}

export type EmbeddedStatus =
  | { readonly kind: 'running'; readonly pid: number; readonly url: string; readonly chainId: number }
  /** It ran and does not any more; its state is there for the next start. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'never-started' }

/** Throws `embedded-unavailable` where there is no anvil for this platform, `embedded-failed` where it does not start. */
export async function startEmbedded(embedded: EmbeddedOptions, options: WaitOptions = {}): Promise<EmbeddedChain> {
  const { directory } = embedded
  const before = embeddedStatus(directory)
  if (before.kind === 'running') {
    await untilReady(before.url, before.chainId, before.pid, directory, options)
    return { pid: before.pid, url: before.url, chainId: before.chainId, started: false }
  }
  const binary = anvilPath()
  if (binary === undefined) {
    throw new AditError(
      'embedded-unavailable',
      `embedded chain: there is no anvil for ${process.platform}-${process.arch}`,
      {
        remedy: 'give the URL of a chain (chain.rpcUrl); npm has anvil for x64 Linux only',
      },
    )
  }
  mkdirSync(directory, { recursive: true })
  const last = readRun(directory)
  const host = embedded.host ?? '127.0.0.1'
  const port = embedded.port ?? (await portFor(last?.port, host))
  const chainId = embedded.chainId ?? last?.chainId ?? DEFAULT_CHAIN_ID
  const pid = launch(binary, embedded, { host, port, chainId })
  const run: Run = { pid, host, port, chainId, startTime: startTimeOf(pid) ?? '' }
  writeWhole(join(directory, RUN_FILE), JSON.stringify(run))
  const url = `http://${host}:${port}`
  await untilReady(url, chainId, pid, directory, options)
  return { pid, url, chainId, started: true }
}

/** Asks it to end, which writes the state; waits for it. Does nothing where it does not run. */
export async function stopEmbedded(directory: string, options: WaitOptions = {}): Promise<void> {
  const status = embeddedStatus(directory)
  if (status.kind !== 'running') return
  process.kill(status.pid, 'SIGINT')
  for (let waitedMs = 0; isRunning(directory); waitedMs += POLL_MS) {
    if (waitedMs > STOP_TIMEOUT_MS) process.kill(status.pid, 'SIGKILL')
    await pause(POLL_MS, options.signal)
  }
}

export function embeddedStatus(directory: string): EmbeddedStatus {
  const run = readRun(directory)
  if (run === undefined) return { kind: existsSync(join(directory, STATE_FILE)) ? 'stopped' : 'never-started' }
  // The start time tells our process from a later one that was given the same id.
  const startTime = startTimeOf(run.pid)
  if (startTime === undefined || startTime !== run.startTime) return { kind: 'stopped' }
  return { kind: 'running', pid: run.pid, url: `http://${run.host}:${run.port}`, chainId: run.chainId }
}

/** The binary of the npm package for this platform; undefined where there is none. */
export function anvilPath(): string | undefined {
  const names: Readonly<Record<string, string | undefined>> = { 'linux-x64': '@foundry-rs/anvil-linux-amd64' }
  const name = names[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'anvil')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined // an optional package that was not installed
  }
}

/** Sets an account's native balance; local chains only (`anvil_setBalance`). */
export async function fundNative(
  chain: Chain,
  account: Address,
  wei: bigint,
  options: WaitOptions = {},
): Promise<void> {
  const request = chain.client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>
  await reading('native funds', options, () =>
    request({ method: 'anvil_setBalance', params: [account, `0x${wei.toString(16)}`] }),
  )
}

function isRunning(directory: string): boolean {
  return embeddedStatus(directory).kind === 'running'
}

interface Run {
  readonly pid: number
  readonly host: string
  readonly port: number
  readonly chainId: number
  readonly startTime: string
}

function launch(
  binary: string,
  embedded: EmbeddedOptions,
  at: { host: string; port: number; chainId: number },
): number {
  const { directory, blockTimeSeconds } = embedded
  const log = openSync(join(directory, LOG_FILE), 'a', 0o600)
  try {
    const argv = [
      ...['--host', at.host, '--port', String(at.port), '--chain-id', String(at.chainId)],
      ...['--state', join(directory, STATE_FILE), '--state-interval', '1', '--accounts', '0', '--quiet'],
      ...(blockTimeSeconds === undefined ? [] : ['--block-time', String(blockTimeSeconds)]),
    ]
    const child = spawn(binary, argv, { detached: true, stdio: ['ignore', log, log] })
    child.on('error', () => undefined) // no process id below says the same
    child.unref()
    if (child.pid === undefined) throw failed(directory)
    return child.pid
  } finally {
    closeSync(log)
  }
}

async function untilReady(
  url: string,
  chainId: number,
  pid: number,
  directory: string,
  options: WaitOptions,
): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    try {
      await openChain({ urls: [url], chainId, requestTimeoutMs: 1_000 }, options)
      return
    } catch (error) {
      if (!(error instanceof AditError) || error.code !== 'chain-unreachable') throw error
      if (startTimeOf(pid) === undefined || waitedMs > READY_TIMEOUT_MS) throw failed(directory, error)
    }
    await pause(POLL_MS, options.signal)
  }
}

function failed(directory: string, cause?: unknown): AditError {
  return new AditError('embedded-failed', 'embedded chain: anvil did not start', {
    remedy: `see ${join(directory, LOG_FILE)}`,
    cause,
  })
}

async function portFor(last: number | undefined, host: string): Promise<number> {
  if (last !== undefined && (await freePort(last, host)) !== undefined) return last
  const port = await freePort(0, host)
  if (port !== undefined) return port
  throw new AditError('embedded-failed', 'embedded chain: no free port', { remedy: 'give one (chain.port)' })
}

function freePort(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(undefined))
    server.listen(port, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}

function readRun(directory: string): Run | undefined {
  try {
    const run = JSON.parse(readFileSync(join(directory, RUN_FILE), 'utf8')) as Run
    return run
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Field 22 of /proc/PID/stat (proc(5)): clock ticks since boot; undefined for no process, or one that ended. */
function startTimeOf(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
  // The program's name stands in parentheses and may hold anything: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : fields[19]
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

/** Forgets a chain that does not run any more: state, log and all. Throws where it runs. */
export function removeEmbedded(directory: string): void {
  if (embeddedStatus(directory).kind === 'running') {
    throw new AditError('embedded-failed', 'embedded chain: it is running', { remedy: 'stop it first' })
  }
  for (const file of [RUN_FILE, STATE_FILE, LOG_FILE]) rmSync(join(directory, file), { force: true })
}

const RUN_FILE = 'chain.json'
const STATE_FILE = 'state.json'
const LOG_FILE = 'anvil.log'
const DEFAULT_CHAIN_ID = 31337
const POLL_MS: Millis = 50
const READY_TIMEOUT_MS: Millis = 15_000
const STOP_TIMEOUT_MS: Millis = 10_000

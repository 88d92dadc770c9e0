/**
 * One host of a lab: a network namespace, and for hosts with files of their own a mount namespace with a private /etc.
 * Commands enter by `nsenter`, never by `ip netns exec`, which remounts /sys and so hides cgroups.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MARKER } from './processes.ts'
import type { Run } from './registry.ts'
import { labEnvironment } from './support.ts'

export interface ExecOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Kills the command after so long. Default 60 000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface ExecResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that runs in a host; its output goes to a file of the run. Ends with the lab at the latest. */
export interface LabProcess {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Resolves with the exit code (null when a signal ended it). */
  readonly exited: Promise<number | null>
  readonly running: () => boolean
  readonly log: () => string
  readonly signal: (signal: NodeJS.Signals) => void
  /** SIGTERM, then SIGKILL after `graceMs` (default 5000). */
  readonly stop: (graceMs?: number) => Promise<number | null>
}

export class Host {
  readonly name: string
  /** The namespace's file: for `nsenter --net=`, and for iproute2 where it takes a netns. */
  readonly netns: string
  readonly #run: Run
  readonly #holder: number | undefined

  /** Made by `Lab.addHost`. `holder` is the pid that owns the host's mount namespace. */
  constructor(run: Run, name: string, holder: number | undefined) {
    this.name = name
    this.netns = join(run.directory, 'ns', name)
    this.#run = run
    this.#holder = holder
  }

  /** argv that runs a command here, for code that spawns by itself (set `environment()` too). */
  command(argv: readonly string[], cwd = process.cwd()): string[] {
    if (this.#holder === undefined) return ['nsenter', `--net=${this.netns}`, '--', 'env', '-C', cwd, ...argv]
    // Entering a mount namespace moves the working directory to its root.
    return ['nsenter', '--target', String(this.#holder), '--net', '--mount', '--', 'env', '-C', cwd, ...argv]
  }

  /** The marker lets a later sweep find what was started here. */
  environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return { ...labEnvironment(), ...extra, [MARKER]: this.#run.record.id }
  }

  /** Runs a command to its end; a non-zero exit is a value. */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return await this.#spawn(this.command(argv, options.cwd), options)
  }

  async #spawn(command: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const child = spawn(command[0], command.slice(1), {
      env: this.environment(options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    // A command that ends without reading its input is not an error of ours.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    const code = await exitCode(child)
    return { code, stdout: await stdout, stderr: await stderr }
  }

  /** As `exec`, returns stdout; throws when the command fails. */
  async run(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
    const result = await this.exec(argv, options)
    if (result.code === 0) return result.stdout
    throw failure(this.name, argv, result)
  }

  /** Starts a process that outlives this call. `name` names its log. */
  start(
    name: string,
    argv: readonly string[],
    options: { env?: Record<string, string>; cwd?: string } = {},
  ): LabProcess {
    const logFile = join(this.#run.directory, 'log', `${this.name}-${name}.log`)
    const log = openSync(logFile, 'a')
    const [program, ...args] = this.command(argv, options.cwd)
    // Its own process group: an interrupt at the terminal reaches only us, and we end it in order.
    const child = spawn(program, args, {
      env: this.environment(options.env),
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    const exited = exitCode(child)
    if (child.pid === undefined) throw new Error(`${this.name}: could not start ${argv.join(' ')}`)
    return labProcess(name, child.pid, child, logFile, exited)
  }

  /** Lines for `ip -batch -`. */
  async ip(...lines: string[]): Promise<void> {
    await this.#configure(['ip', '-batch', '-'], lines.join('\n') + '\n')
  }

  /** Loads an nftables script. */
  async nft(script: string): Promise<void> {
    await this.#configure(['nft', '-f', '-'], script)
  }

  /** `{ 'net.ipv4.ip_forward': 1 }`. */
  async sysctl(values: Readonly<Record<string, string | number>>): Promise<void> {
    const script = Object.entries(values).map(([key, value]) => `echo ${value} > /proc/sys/${key.replaceAll('.', '/')}`)
    await this.#configure(['sh', '-ec', script.join('\n')], '')
  }

  /** Only the network namespace is entered: namespaces mounted after this host's mount namespace are not seen there. */
  async #configure(argv: readonly string[], input: string): Promise<void> {
    const result = await this.#spawn(['nsenter', `--net=${this.netns}`, '--', ...argv], { input })
    if (result.code !== 0) throw failure(this.name, argv, result)
  }
}

/** Polls until `check` gives something else than undefined or false; the error says what was waited for. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  options: { timeoutMs?: number; everyMs?: number; signal?: AbortSignal } = {},
): Promise<T> {
  const end = Date.now() + (options.timeoutMs ?? 10_000)
  for (;;) {
    options.signal?.throwIfAborted()
    const value = await check()
    if (value !== undefined && value !== false) return value
    if (Date.now() >= end) throw new Error(`waited ${options.timeoutMs ?? 10_000} ms for ${what}`)
    await delay(options.everyMs ?? 20)
  }
}

/** Gives a host a private copy of /etc with `files` changed, in a mount namespace; returns the pid that holds it. */
export async function holdMounts(run: Run, name: string, files: Readonly<Record<string, string>>): Promise<number> {
  const etc = join(run.directory, 'hosts', name, 'etc')
  mkdirSync(etc, { recursive: true })
  // Unreadable files (shadow, without root) stay out: no process in a lab needs them.
  spawnSync('cp', ['-r', '--no-dereference', '--preserve=mode,links', '/etc/.', etc], { stdio: 'ignore' })
  for (const [path, content] of Object.entries(files)) {
    const target = join(etc, path)
    mkdirSync(dirname(target), { recursive: true })
    spawnSync('rm', ['-f', target])
    writeFileSync(target, content)
  }
  const ready = join(run.directory, 'hosts', name, 'ready')
  const netns = join(run.directory, 'ns', name)
  const script = 'mount --bind "$1" /etc && : > "$2" && exec sleep infinity'
  const argv = [
    `--net=${netns}`,
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    etc,
    ready,
  ]
  const log = openSync(join(run.directory, 'log', `${name}-mounts.log`), 'a')
  const child = spawn('nsenter', argv, {
    env: { ...labEnvironment(), [MARKER]: run.record.id },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  child.unref()
  await until(`the mount namespace of ${name}`, () => fileExists(ready))
  if (child.pid === undefined) throw new Error(`${name}: no mount namespace`)
  return child.pid
}

function labProcess(
  name: string,
  pid: number,
  child: ChildProcess,
  logFile: string,
  exited: Promise<number | null>,
): LabProcess {
  const running = () => child.exitCode === null && child.signalCode === null
  const signal = (which: NodeJS.Signals) => {
    if (running()) process.kill(-pid, which)
  }
  const stop = async (graceMs = 5000) => {
    signal('SIGTERM')
    const late = setTimeout(() => signal('SIGKILL'), graceMs)
    const code = await exited
    clearTimeout(late)
    return code
  }
  child.unref()
  return { name, pid, logFile, exited, running, log: () => readFileSync(logFile, 'utf8'), signal, stop }
}

function failure(name: string, argv: readonly string[], { code, stdout, stderr }: ExecResult): Error {
  const said = (stderr.trim() === '' ? stdout : stderr).trim()
  return new Error(`${name}: \`${argv.join(' ')}\` ended with ${code ?? 'a signal'}: ${said}`)
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  })
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function fileExists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/**
 * Processes as the kernel shows them in /proc: identity that survives pid reuse (pid + start time), and "which processes
 * belong to this run". Everything here is synchronous so that it also works in an exit handler.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** A process; `start` is its start time in clock ticks since boot (proc(5), `stat` field 22), so a reused pid differs. */
export interface ProcessId {
  readonly pid: number
  readonly start: number
}

/** Environment variable that every process of a lab carries; children inherit it. */
export const MARKER = 'ADIT_LAB'

/** The identity of `pid` now, or undefined when there is no such process (a zombie counts as gone). */
export function processId(pid: number): ProcessId | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The command name is in parentheses and may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { pid, start: Number(fields[19]) }
}

export function isAlive(process: ProcessId): boolean {
  return processId(process.pid)?.start === process.start
}

/**
 * Every process that belongs to run `id`: it carries the marker, or it lives in one of the network namespaces whose
 * inodes are given (pass only inodes of namespaces that are alive: the kernel reuses numbers).
 */
export function processesOfRun(id: string, liveNamespaces: ReadonlySet<string>): ProcessId[] {
  const found: ProcessId[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue
    if (!carriesMarker(entry, id) && !liveNamespaces.has(networkNamespaceOf(entry))) continue
    const identity = processId(Number(entry))
    if (identity !== undefined) found.push(identity)
  }
  return found
}

/** SIGKILLs the given processes and waits until they are gone, at most `timeoutMs`. Returns those that remain. */
export function killAll(processes: readonly ProcessId[], timeoutMs = 5000): ProcessId[] {
  for (const one of processes) if (isAlive(one)) sendSignal(one.pid, 'SIGKILL')
  const until = Date.now() + timeoutMs
  let remaining = processes.filter(isAlive)
  while (remaining.length > 0 && Date.now() < until) {
    sleepSync(5)
    remaining = remaining.filter(isAlive)
  }
  return remaining
}

export function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function carriesMarker(pid: string, id: string): boolean {
  const environment = readProc(`/proc/${pid}/environ`)
  return environment?.split('\0').includes(`${MARKER}=${id}`) ?? false
}

function networkNamespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`).replace(/\D/g, '')
  } catch (error) {
    return ignoreGone(error, '')
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    ignoreGone(error, pid)
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    return ignoreGone<string | undefined>(error, undefined)
  }
}

/** A process may end between two looks, and other users' processes are none of our business. */
function ignoreGone<T>(error: unknown, value: T): T {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code)) return value
  throw error
}

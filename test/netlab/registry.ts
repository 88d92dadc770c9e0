/**
 * The runs of all labs on this machine. Each run is a directory with `run.json` (who owns it), `ns/HOST` (its network
 * namespaces, bind-mounted), `log/` and whatever the lab stores. A run whose owner is dead is swept by the next run of
 * any script; a live one is never touched. Synchronous, so that an exit handler can use it.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isAlive, killAll, processId, processesOfRun, type ProcessId } from './processes.ts'

export interface RunRecord {
  readonly id: string
  /** What it is: `demo`, or a lab's name. */
  readonly kind: string
  readonly createdAt: number
  /** Unix ms at which a kept run ends itself; null for a run that lives as long as its script. */
  readonly expiresAt: number | null
  readonly owner: ProcessId
  readonly bootId: string
}

export interface Run {
  readonly record: RunRecord
  readonly directory: string
}

/** Makes a run owned by this process, after sweeping what dead ones left. */
export function createRun(kind: string): Run {
  sweep()
  const owner = processId(process.pid)
  if (owner === undefined) throw new Error('this process does not stand in /proc: is /proc mounted?')
  mkdirSync(base(), { recursive: true, mode: 0o700 })
  const id = randomBytes(4).toString('hex')
  const record: RunRecord = { id, kind, createdAt: Date.now(), expiresAt: null, owner, bootId: bootId() }
  const directory = join(base(), id)
  // The directory appears with its record in it, or not at all: a sweeper never sees half a run.
  const unfinished = join(base(), `.${id}`)
  mkdirSync(join(unfinished, 'ns'), { recursive: true })
  mkdirSync(join(unfinished, 'log'))
  writeFileSync(join(unfinished, RECORD), JSON.stringify(record))
  renameSync(unfinished, directory)
  return { record, directory }
}

/** Hands a run to another process that keeps it until `expiresAt` (Unix ms). */
export function handOver(run: Run, owner: ProcessId, expiresAt: number): Run {
  const record = { ...run.record, owner, expiresAt }
  const next = join(run.directory, `${RECORD}.next`)
  writeFileSync(next, JSON.stringify(record))
  renameSync(next, join(run.directory, RECORD))
  return { record, directory: run.directory }
}

export function listRuns(): Run[] {
  return entries()
    .filter((name) => !name.startsWith('.'))
    .map((name) => readRun(join(base(), name)))
    .filter((run) => run !== undefined)
}

export function findRun(id: string): Run | undefined {
  return listRuns().find((run) => run.record.id === id)
}

export function isOwned(run: Run): boolean {
  return run.record.bootId === bootId() && isAlive(run.record.owner)
}

/** Removes every run whose owner is gone. Returns their ids. */
export function sweep(): string[] {
  const dead = listRuns().filter((run) => !isOwned(run))
  for (const run of dead) removeRun(run)
  for (const name of entries()) {
    // Left by a process killed inside createRun: nothing was started yet.
    if (name.startsWith('.') && ageMs(join(base(), name)) > 60_000) {
      rmSync(join(base(), name), { recursive: true, force: true })
    }
  }
  return dead.map((run) => run.record.id)
}

/** Ends a run: its processes, namespaces and files. Throws when a process or a mount could not be removed. */
export function removeRun(run: Run): void {
  const namespaces = namespaceFiles(run.directory)
  const inodes = new Set(namespaces.filter(({ mounted }) => mounted).map(({ inode }) => inode))
  const remaining = killAll(processesOfRun(run.record.id, inodes))
  if (remaining.length > 0) throw new Error(`run ${run.record.id}: pids ${remaining.map((p) => p.pid).join()} remain`)
  for (const { path, mounted } of namespaces) if (mounted) execFileSync('umount', [path])
  rmSync(run.directory, { recursive: true, force: true })
  removeEmptyBase()
}

/** Where the runs of this user stand. `ADIT_LAB_BASE` is set by the script that enters a user namespace. */
export function base(): string {
  const chosen = process.env['ADIT_LAB_BASE'] ?? (process.getuid?.() === 0 ? '/run/adit-lab' : userBase())
  const found = lstatSync(chosen, { throwIfNoEntry: false })
  // In /tmp somebody else could have made it first.
  if (found !== undefined && (!found.isDirectory() || found.uid !== process.getuid?.())) {
    throw new Error(`${chosen} is not a directory of this user: remove it, or set XDG_RUNTIME_DIR`)
  }
  return chosen
}

function userBase(): string {
  const runtime = process.env['XDG_RUNTIME_DIR']
  return runtime === undefined ? `/tmp/adit-lab-${process.getuid?.() ?? 'user'}` : join(runtime, 'adit-lab')
}

function entries(): string[] {
  return existsSync(base()) ? readdirSync(base()) : []
}

function removeEmptyBase(): void {
  try {
    rmdirSync(base())
  } catch (error) {
    // Another run lives there, or just removed it.
    if (!['ENOTEMPTY', 'ENOENT', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function readRun(directory: string): Run | undefined {
  try {
    return { record: JSON.parse(readFileSync(join(directory, RECORD), 'utf8')) as RunRecord, directory }
  } catch (error) {
    // Removed by another script since we listed it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function namespaceFiles(directory: string): { path: string; mounted: boolean; inode: string }[] {
  const folder = join(directory, 'ns')
  const ownDevice = statSync(folder, { throwIfNoEntry: false })?.dev
  if (ownDevice === undefined) return []
  return readdirSync(folder).map((name) => {
    const path = join(folder, name)
    const { dev, ino } = statSync(path)
    return { path, mounted: dev !== ownDevice, inode: String(ino) }
  })
}

function ageMs(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? 0 : Date.now() - found.mtimeMs
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

const RECORD = 'run.json'

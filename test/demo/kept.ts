/** Runs from outside: list them, end one, or enter a host of a kept one. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findRun, isOwned, listRuns, removeRun, sweep, type Run } from '../netlab/index.ts'
import { MARKER } from '../netlab/processes.ts'
import { nodeDirectory, nodeEnvironment, REPOSITORY } from './adit.ts'

export const KEEP_MS = 2 * 60 * 60 * 1000

/** What ends a kept run when its time is over: works after this program and its terminal are gone. */
export function cleanCommand(id: string): string[] {
  return [process.execPath, join(import.meta.dirname, '../netlab/clean.ts'), id]
}

export function listKept(): void {
  sweep()
  const runs = listRuns()
  if (runs.length === 0) console.log('No run on this machine.')
  for (const { record } of runs) {
    const end =
      record.expiresAt === null ? 'while its script runs' : `until ${new Date(record.expiresAt).toISOString()}`
    console.log(`${record.id}  ${record.kind.padEnd(14)} since ${new Date(record.createdAt).toISOString()}, ${end}`)
  }
}

/** Ends the run; the exit code. */
export function cleanKept(id: string): number {
  const run = findRun(id)
  if (run === undefined) {
    console.error(`demo: there is no run ${id} (script/demo --list)`)
    return 2
  }
  removeRun(run)
  console.log(`run ${id} ended: its processes, namespaces and files are gone`)
  return 0
}

/** Runs a command, or a shell, in a host of a kept run; its exit code. */
export function enterKept(id: string, host: string, argv: readonly string[]): number {
  const run = findRun(id)
  const namespace = run === undefined ? '' : join(run.directory, 'ns', host)
  if (run === undefined || !existsSync(namespace) || !isOwned(run)) {
    console.error(`demo: there is no host ${host} in a run ${id} (script/demo --list)`)
    return 2
  }
  const inner = argv.length === 0 ? [process.env['SHELL'] ?? 'bash'] : argv
  const command = [...entry(run, host, namespace), 'env', '-C', process.cwd(), ...inner]
  const nodes = nodeDirectory(run.directory, host)
  const env = {
    ...process.env,
    ...(existsSync(nodes) ? nodeEnvironment(nodes) : {}),
    PATH: `${join(REPOSITORY, 'bin')}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    PS1: `${host}# `,
    [MARKER]: id,
  }
  const { status, error } = spawnSync(command[0], command.slice(1), { stdio: 'inherit', env })
  if (error !== undefined) throw error
  return status ?? 1
}

/** A run without root stands in a user namespace, and its namespace files are mounted only there: by its keeper. */
function entry(run: Run, host: string, namespace: string): string[] {
  const holderFile = join(run.directory, 'hosts', host, 'holder')
  const target = existsSync(holderFile)
    ? ['--target', readFileSync(holderFile, 'utf8').trim(), '--net', '--mount']
    : [`--net=${namespace}`]
  const into = ['nsenter', ...target, '--']
  if (process.getuid?.() === 0) return into
  const keeper = String(run.record.owner.pid)
  return ['nsenter', '--target', keeper, '--user', '--preserve-credentials', '--mount', '--', ...into]
}

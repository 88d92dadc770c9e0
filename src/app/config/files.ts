/** Files that must never be half written, and a lock between processes. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AditError } from '#base/errors.ts'

/** Write, flush, rename, flush the directory: after a crash there is the old file or the new one. */
export function writeFileAtomically(path: string, content: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}.tmp`
  const file = openSync(temporary, 'w', mode)
  try {
    writeSync(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** Runs `action` while nobody else holds the lock file. A lock whose process is gone is taken over. */
export async function withFileLock<T>(path: string, action: () => T | Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  for (let attempt = 0; !tryLock(path); attempt++) {
    if (attempt === MAX_ATTEMPTS) {
      throw new AditError('file-locked', `${path} is held by another process`, {
        remedy: 'try again; if no other adit command runs, delete that file',
      })
    }
    await sleep(RETRY_MS)
  }
  try {
    return await action()
  } finally {
    rmSync(path, { force: true })
  }
}

function tryLock(path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause
  }
  if (isHeld(path)) return false
  rmSync(path, { force: true })
  return false
}

function isHeld(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    // Empty: its owner is between creating and writing it.
    return pid === 0 || processLives(pid)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return false
    throw cause
  }
}

export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM'
  }
}

const RETRY_MS = 50
const MAX_ATTEMPTS = 100

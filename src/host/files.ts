/**
 * Files that belong to others (`/etc/resolv.conf`): replaced as a whole and put back as they were: content, mode, or
 * symbolic link. Restored only while the content is ours.
 */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { ChangeOf, FileState, UndoOutcome } from './changes.ts'

/** What stands at `path` now. */
export function readFileState(path: string): FileState {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return { kind: 'absent' }
  if (stat.isSymbolicLink()) return { kind: 'symlink', target: readlinkSync(path) }
  return { kind: 'file', text: readFileSync(path, 'utf8'), mode: stat.mode & 0o7777 }
}

/** A bind mount (as `ip netns exec` makes from /etc/netns/NAME/) can be written but not renamed over. */
export function isMountPoint(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === path)
}

export function replaceFile(change: ChangeOf<'file'>): void {
  if (change.inPlace) writeInPlace(change.path, change.ours)
  else putBeside(change.path, { kind: 'file', text: change.ours, mode: 0o644 })
}

/** Whether `path` is a regular file that holds exactly `text`. */
export function fileHolds(path: string, text: string): boolean {
  const now = readFileState(path)
  return now.kind === 'file' && now.text === text
}

export function restoreFile(change: ChangeOf<'file'>): UndoOutcome {
  const now = readFileState(change.path)
  rmSync(temporaryPath(change.path), { force: true })
  if (sameState(now, change.before)) return { kind: 'gone' }
  if (now.kind !== 'file' || !isOurs(now.text, change)) {
    return { kind: 'left', reason: `${change.path}: somebody else changed it since` }
  }
  if (change.before.kind === 'absent') rmSync(change.path, { force: true })
  else if (change.inPlace && change.before.kind === 'file') writeInPlace(change.path, change.before.text)
  else putBeside(change.path, change.before)
  return { kind: 'undone' }
}

/** In place, a kill can come between writing and cutting: then one text stands over the tail of the other. */
function isOurs(text: string, { ours, before, inPlace }: ChangeOf<'file'>): boolean {
  if (text === ours) return true
  if (!inPlace || before.kind !== 'file') return false
  return text === ours + before.text.slice(ours.length) || text === before.text + ours.slice(before.text.length)
}

function sameState(left: FileState, right: FileState): boolean {
  if (left.kind === 'symlink' && right.kind === 'symlink') return left.target === right.target
  if (left.kind === 'file' && right.kind === 'file') return left.text === right.text
  return left.kind === 'absent' && right.kind === 'absent'
}

function writeInPlace(path: string, text: string): void {
  const descriptor = openSync(path, 'r+')
  const bytes = Buffer.from(text)
  writeSync(descriptor, bytes, 0, bytes.length, 0)
  ftruncateSync(descriptor, bytes.length)
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** Writes beside `path`, then renames over it: a reader sees the old or the new, never half. */
function putBeside(path: string, state: Exclude<FileState, { kind: 'absent' }>): void {
  const temporary = temporaryPath(path)
  rmSync(temporary, { force: true })
  if (state.kind === 'symlink') {
    symlinkSync(state.target, temporary)
  } else {
    const descriptor = openSync(temporary, 'wx', state.mode)
    writeSync(descriptor, state.text)
    fsyncSync(descriptor)
    closeSync(descriptor)
  }
  renameSync(temporary, path)
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function temporaryPath(path: string): string {
  return `${path}.adit`
}

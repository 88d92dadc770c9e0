/**
 * The journal of our own changes to the host. An entry is durable before its change is made, and changes are undone in
 * reverse, exactly, at stop or (after a crash) at the next start.
 *
 * The file holds one JSON object a line: `{ owner }` (who writes from here on), `{ did, change }` (about to be made)
 * and `{ undid }`. It is only appended to; when nothing is left to undo it is removed. A torn last line is a change
 * that was never made, because the change waits for the line.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { AditError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { CHANGE, type Change, type UndoOutcome, type UndoReport } from './changes.ts'
import { isInForce, perform, undo } from './effects.ts'
import { bootId, networkNamespaceInUse, ownNetworkNamespace, processStart } from './namespaces.ts'

export type EntryId = number

export interface JournalEntry {
  readonly id: EntryId
  readonly change: Change
}

export interface JournalOptions {
  readonly path: string
  readonly log: Log
}

/** Owns the file's descriptor. Calls must not overlap: await one change before the next. */
export interface Journal extends Disposable {
  readonly path: string
  /** Entries that are not undone, oldest first. */
  readonly entries: readonly JournalEntry[]
  /** Records `change`, then makes it. When making it fails, what was made of it is undone and the error thrown. */
  apply(change: Change): Promise<EntryId>
  /** Like `apply`, but an equal entry that is already recorded is only made again where the host lost it. */
  ensure(change: Change): Promise<EntryId>
  /** Undoes one entry out of order. */
  undo(id: EntryId): Promise<UndoOutcome>
  /** Undoes all, the newest first, and removes the file when nothing failed. */
  undoAll(): Promise<readonly UndoReport[]>
  /** Closes the file and leaves the host as it is. */
  [Symbol.dispose](): void
}

/**
 * Opens the journal at `path`, making it if absent. Entries of a dead owner are taken over as they are; throws
 * `host-journal-in-use` when the owner lives, `host-journal-damaged` on foreign content.
 */
export function openJournal(options: JournalOptions): Journal {
  const state = readState(options.path)
  refuseLivingOwner(options.path, state)
  const entries = dropMoot(options, state)
  mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 })
  if (existsSync(options.path)) truncateSync(options.path, state.bytes)
  const journal = new FileJournal(options, openSync(options.path, 'a', 0o600), entries, state.nextId)
  journal.writeOwner()
  return journal
}

/**
 * After a crash: undoes whatever a dead owner left at `path`. No file means nothing to do. Idempotent, and itself safe
 * against being killed.
 */
export async function recoverJournal(options: JournalOptions): Promise<readonly UndoReport[]> {
  if (!existsSync(options.path)) return []
  using journal = openJournal(options)
  return await journal.undoAll()
}

class FileJournal implements Journal {
  readonly path: string
  readonly #log: Log
  readonly #descriptor: number
  #entries: JournalEntry[]
  #nextId: EntryId

  constructor(options: JournalOptions, descriptor: number, entries: readonly JournalEntry[], nextId: EntryId) {
    this.path = options.path
    this.#log = options.log
    this.#descriptor = descriptor
    this.#entries = [...entries]
    this.#nextId = nextId
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  writeOwner(): void {
    this.#append({ owner: ownOwner() })
    syncFolder(this.path)
  }

  async apply(change: Change): Promise<EntryId> {
    const id = this.#nextId++
    this.#append({ did: id, change })
    this.#entries.push({ id, change })
    this.#log.debug({ entry: id, change: change.kind, step: 'recorded' }, 'journal')
    try {
      await perform(change)
    } catch (cause) {
      await this.undo(id)
      throw cause
    }
    this.#log.debug({ entry: id, change: change.kind, step: 'made' }, 'journal')
    return id
  }

  async ensure(change: Change): Promise<EntryId> {
    const wanted = JSON.stringify(CHANGE.parse(change))
    const known = this.#entries.find((entry) => JSON.stringify(CHANGE.parse(entry.change)) === wanted)
    if (known === undefined) return await this.apply(change)
    if (!(await isInForce(change))) await perform(change)
    return known.id
  }

  async undo(id: EntryId): Promise<UndoOutcome> {
    const entry = this.#entries.find((candidate) => candidate.id === id)
    if (entry === undefined) return { kind: 'gone' }
    const outcome = await undoWithoutThrowing(entry.change)
    this.#log.debug({ entry: id, change: entry.change.kind, step: 'reverted', outcome: outcome.kind }, 'journal')
    // A failed undo stays recorded: the next start tries again.
    if (outcome.kind === 'failed') return outcome
    this.#append({ undid: id })
    this.#entries = this.#entries.filter((candidate) => candidate.id !== id)
    this.#log.debug({ entry: id, change: entry.change.kind, step: 'forgotten' }, 'journal')
    return outcome
  }

  async undoAll(): Promise<readonly UndoReport[]> {
    const reports: UndoReport[] = []
    for (const entry of this.#entries.toReversed()) {
      const outcome = await this.undo(entry.id)
      reports.push({ change: entry.change, outcome })
      if (outcome.kind === 'left' || outcome.kind === 'failed') {
        this.#log.warn({ change: entry.change.kind, outcome: outcome.kind, reason: outcome.reason }, 'not undone')
      }
    }
    if (this.#entries.length === 0) {
      rmSync(this.path, { force: true })
      syncFolder(this.path)
    }
    return reports
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  #append(line: z.input<typeof LINE>): void {
    // One write of one line: after a kill there is either all of it or a torn tail without its newline.
    writeSync(this.#descriptor, `${JSON.stringify(line)}\n`)
    fsyncSync(this.#descriptor)
  }
}

async function undoWithoutThrowing(change: Change): Promise<UndoOutcome> {
  try {
    return await undo(change)
  } catch (cause) {
    return { kind: 'failed', reason: cause instanceof Error ? cause.message : 'unknown' }
  }
}

interface JournalState {
  readonly entries: readonly JournalEntry[]
  readonly nextId: EntryId
  readonly owner: Owner | undefined
  /** Length of the whole lines: what follows is torn. */
  readonly bytes: number
}

function readState(path: string): JournalState {
  if (!existsSync(path)) return { entries: [], nextId: 1, owner: undefined, bytes: 0 }
  const text = readFileSync(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const entries = new Map<EntryId, Change>()
  let owner: Owner | undefined
  let nextId = 1
  for (const [index, line] of whole.split('\n').slice(0, -1).entries()) {
    const parsed = LINE.safeParse(jsonOf(line))
    if (!parsed.success) {
      throw new AditError('host-journal-damaged', `${path}: line ${index + 1} is not an entry of this journal`, {
        remedy: 'move the file away after checking by hand what it describes; nothing was changed',
        cause: parsed.error,
      })
    }
    if ('owner' in parsed.data) owner = parsed.data.owner
    else if ('undid' in parsed.data) entries.delete(parsed.data.undid)
    else {
      entries.set(parsed.data.did, parsed.data.change)
      nextId = Math.max(nextId, parsed.data.did + 1)
    }
  }
  const listed = Array.from(entries, ([id, change]) => ({ id, change }))
  return { entries: listed, nextId, owner, bytes: Buffer.byteLength(whole) }
}

function refuseLivingOwner(path: string, { owner }: JournalState): void {
  if (owner === undefined || owner.boot !== bootId() || owner.pid === process.pid) return
  if (processStart(owner.pid) !== owner.start) return
  throw new AditError('host-journal-in-use', `${path}: process ${owner.pid} still owns this journal`, {
    remedy: 'stop that process first',
    fields: { pid: owner.pid },
  })
}

/** Entries about a kernel or namespace that is gone describe nothing any more; files outlive both. */
function dropMoot(options: JournalOptions, state: JournalState): readonly JournalEntry[] {
  const { owner } = state
  if (owner === undefined || (owner.boot === bootId() && owner.netns === ownNetworkNamespace())) return state.entries
  if (owner.boot === bootId() && networkNamespaceInUse(owner.netns)) {
    throw new AditError('host-journal-elsewhere', `${options.path}: describes network namespace ${owner.netns}`, {
      remedy: 'run this command inside that namespace',
    })
  }
  return state.entries.filter((entry) => entry.change.kind === 'file')
}

function ownOwner(): Owner {
  return {
    version: 1,
    pid: process.pid,
    start: processStart(process.pid),
    boot: bootId(),
    netns: ownNetworkNamespace(),
  }
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

/** Text that is no JSON becomes undefined, which the schema refuses. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const OWNER = z.object({
  version: z.literal(1),
  pid: z.int(),
  start: z.string(),
  boot: z.string(),
  netns: z.string(),
})
const LINE = z.union([
  z.strictObject({ owner: OWNER }),
  z.strictObject({ did: z.int(), change: CHANGE }),
  z.strictObject({ undid: z.int() }),
])

type Owner = z.infer<typeof OWNER>

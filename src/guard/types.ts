import type { Log } from '#base/log.ts'
import type { UndoReport } from '#host/changes.ts'
import type { Journal } from '#host/journal.ts'
import type { GuardState } from './state.ts'

export interface GuardOptions {
  /** Names the nft table: `adit_guard_<instance>`. 1-16 characters of `[a-z0-9_]`. */
  readonly instance: string
  /**
   * A journal of the guard's own (not the daemon's common one): it outlives the daemon on purpose, and only
   * `disconnect` empties it.
   */
  readonly journal: Journal
  /** SO_MARK of the engine's data socket; not 0. */
  readonly fwmark: number
  /** The only user whose sockets may use the control opening: the daemon's. */
  readonly controlUid: number
  readonly log: Log
}

export interface Guard {
  readonly state: GuardState
  /**
   * Applies `next`: rules first, in one transaction that never opens a gap, then routes and DNS. On failure the rules
   * of `error` are put in force before it throws. To `disconnected` it is `disconnect`.
   */
  transition(next: GuardState): Promise<void>
  /** The user's explicit wish: routes, DNS and rules are undone exactly. */
  disconnect(): Promise<readonly UndoReport[]>
}

/** What a dead daemon left behind: `adopt` keeps it in force for the guard opened next, `remove` undoes it. */
export type Leftover = 'adopt' | 'remove'

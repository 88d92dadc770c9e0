/**
 * The consumer's guard. `transition` puts a state in force: rules first, then routes and DNS; everything lives in the
 * kernel, so that a daemon that dies leaves the host closed, not open. Only `disconnect` opens it again.
 */
import { AditError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { parseIp } from '#base/ip.ts'
import type { Change, ChangeOf, UndoReport } from '#host/changes.ts'
import { openJournal, type Journal } from '#host/journal.ts'
import { applyRuleset } from '#host/nft.ts'
import { resolverChange } from '#host/resolver.ts'
import { readSysctl } from '#host/sysctl.ts'
import { guardRouting } from './routes.ts'
import { guardRules } from './rules.ts'
import type { GuardState } from './state.ts'
import type { Guard, GuardOptions, Leftover } from './types.ts'

/**
 * A guard over `options.journal`. Entries that a dead daemon left there stay in force until the first transition
 * adopts or replaces them, without opening in between: the guard then starts in `error`, cause `guard-adopted`.
 * Nothing is changed yet.
 */
export function openGuard(options: GuardOptions): Guard {
  checkOptions(options)
  return new KernelGuard(options)
}

/**
 * What a dead daemon left at `journalPath`: `remove` undoes it (the user's explicit disconnect without a daemon),
 * `adopt` only says whether there is something to adopt by a guard opened on it.
 */
export async function adoptOrRemove(
  journalPath: string,
  wish: Leftover,
  log: Log,
): Promise<{ readonly found: boolean; readonly reports: readonly UndoReport[] }> {
  using journal = openJournal({ path: journalPath, log })
  const found = journal.entries.length > 0
  if (wish === 'adopt' && found) return { found, reports: [] }
  return { found, reports: await journal.undoAll() }
}

class KernelGuard implements Guard {
  readonly #options: GuardOptions
  #state: GuardState

  constructor(options: GuardOptions) {
    this.#options = options
    this.#state =
      options.journal.entries.length === 0
        ? { kind: 'disconnected' }
        : { kind: 'error', control: [], cause: 'guard-adopted' }
  }

  get state(): GuardState {
    return this.#state
  }

  async transition(next: GuardState): Promise<void> {
    if (next.kind === 'disconnected') {
      await this.disconnect()
      return
    }
    checkState(next)
    try {
      await this.#enforce(next)
      this.#state = next
    } catch (cause) {
      const closed: GuardState = { kind: 'error', control: next.control, cause: 'guard-transition' }
      await this.#enforce(closed)
      this.#state = closed
      throw new AditError('guard-transition', `${next.kind}: not put in force; everything is blocked instead`, {
        remedy: 'try again, or disconnect to open the network without protection',
        cause,
      })
    }
  }

  async disconnect(): Promise<readonly UndoReport[]> {
    // In reverse: DNS, routes, rules of routing, and the packet filter at the very end.
    const reports = await this.#options.journal.undoAll()
    this.#state = { kind: 'disconnected' }
    this.#options.log.info({ undone: reports.length }, 'guard disconnected')
    return reports
  }

  async #enforce(next: Exclude<GuardState, { kind: 'disconnected' }>): Promise<void> {
    const { journal, instance, fwmark, controlUid, log } = this.#options
    const table = tableOf(instance)
    await journal.ensure({ kind: 'nftTable', family: 'inet', name: table, owner: instance })
    await applyRuleset(guardRules({ table, fwmark, controlUid, state: next }))
    const { made, kept } = guardRouting(next, fwmark)
    await removeStale(journal, [...made, ...kept])
    for (const change of [...sourceMarkChange(journal), ...made]) await journal.ensure(change)
    if (next.kind === 'connected') await pointResolver(journal, next.tunnel.device, next.tunnel.resolvers)
    log.info({ state: next.kind }, 'guard state in force')
  }
}

/** Rules and routes that the next state does not have; the packet filter of that state is already in force. */
async function removeStale(journal: Journal, wanted: readonly Change[]): Promise<void> {
  const keep = new Set(wanted.map((change) => canonical(change)))
  for (const { id, change } of journal.entries.toReversed()) {
    const isRouting = change.kind === 'ipRule' || change.kind === 'route'
    if (isRouting && !keep.has(canonical(change))) await journal.undo(id)
  }
}

/** DNS settings stay while reconnecting; they change only when the next tunnel's are others. */
async function pointResolver(journal: Journal, device: string, servers: readonly string[]): Promise<void> {
  const known = journal.entries.filter(({ change }) => change.kind === 'file' || change.kind === 'resolvedLink')
  if (servers.length === 0) return
  const change = await resolverChange(device, servers)
  const same = known.find((entry) => sameResolver(entry.change, change))
  for (const { id } of known) if (id !== same?.id) await journal.undo(id)
  // Read anew: undoing an older one may have put the original file back.
  await journal.ensure(same?.change ?? (await resolverChange(device, servers)))
}

function sameResolver(known: Change, wanted: ChangeOf<'file'> | ChangeOf<'resolvedLink'>): boolean {
  if (known.kind === 'file' && wanted.kind === 'file') return known.path === wanted.path && known.ours === wanted.ours
  return canonical(known) === canonical(wanted)
}

/** A strict reverse-path check looks at the mark of an arriving packet only with this setting. */
function sourceMarkChange(journal: Journal): Change[] {
  const known = journal.entries.find(({ change }) => change.kind === 'sysctl' && change.key === SOURCE_MARK)
  if (known !== undefined) return [known.change]
  const before = readSysctl(SOURCE_MARK)
  if (before === undefined || before === '1') return []
  return [{ kind: 'sysctl', key: SOURCE_MARK, before, ours: '1' }]
}

function canonical(change: Change): string {
  return JSON.stringify(change, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => left.localeCompare(right)))
      : value,
  )
}

export function tableOf(instance: string): string {
  return `adit_guard_${instance}`
}

function checkOptions({ instance, fwmark, controlUid }: GuardOptions): void {
  if (!/^[a-z0-9_]{1,16}$/.test(instance)) throw optionError('instance', '1 to 16 of a-z 0-9 _', instance)
  if (!Number.isInteger(fwmark) || fwmark < 1 || fwmark > 0xffff_ffff)
    throw optionError('fwmark', '1 to 2^32-1', fwmark)
  if (!Number.isInteger(controlUid) || controlUid < 0) throw optionError('controlUid', 'a user id', controlUid)
}

/** An address that cannot be read would only fail inside a rule; a name is never resolved here. */
function checkState(state: Exclude<GuardState, { kind: 'disconnected' }>): void {
  const endpoints = state.kind === 'error' ? state.control : [...state.control, ...state.data]
  for (const endpoint of endpoints) {
    if (parseIp(endpoint.address) === undefined) throw optionError('endpoint', 'an IP address', endpoint.address)
  }
}

function optionError(field: string, expected: string, got: string | number): AditError {
  return new AditError('guard-option', `${field}: expected ${expected}, got ${JSON.stringify(got)}`)
}

const SOURCE_MARK = 'net/ipv4/conf/all/src_valid_mark'

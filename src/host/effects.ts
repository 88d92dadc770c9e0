/**
 * How each kind of change is made, recognised and undone. `perform` may be called for a change that is half there
 * (a crash came between), `undo` for one that was never made: both are idempotent.
 */
import { AditError } from '#base/errors.ts'
import { unreachable } from '#base/result.ts'
import type { Change, ChangeOf, UndoOutcome } from './changes.ts'
import { fileHolds, replaceFile, restoreFile } from './files.ts'
import { applyRuleset, checkDeviceName, nft, readTableComment, word } from './nft.ts'
import { addressArguments, hasAddress, hasRoute, hasRule, readLink, routeArguments, ruleArguments } from './routes.ts'
import { commandFailed, run, tryRun } from './run.ts'
import { readSysctl, writeSysctl } from './sysctl.ts'

/** Makes `change`. Throws `host-occupied` where the same thing is there and is somebody else's. */
export async function perform(change: Change): Promise<void> {
  switch (change.kind) {
    case 'nftTable': {
      await makeTable(change)
      return
    }
    case 'ipRule':
      if (await hasRule(change.rule)) return
      await run('ip', ruleArguments('add', change.rule))
      return
    case 'route':
      if (await hasRoute(change.route)) return
      await run('ip', routeArguments('add', change.route))
      return
    case 'address':
      if (await hasAddress(change.device, change.prefix)) return
      await run('ip', addressArguments('add', change))
      return
    case 'sysctl': {
      writeSysctl(change.key, change.ours)
      return
    }
    case 'file': {
      replaceFile(change)
      return
    }
    case 'resolvedLink': {
      await pointResolved(change)
      return
    }
    default:
      return unreachable(change)
  }
}

/** Whether the host still has `change` as we made it. */
export async function isInForce(change: Change): Promise<boolean> {
  switch (change.kind) {
    case 'nftTable':
      return (await readTableComment(change.family, change.name)) === commentOf(change)
    case 'ipRule':
      return await hasRule(change.rule)
    case 'route':
      return await hasRoute(change.route)
    case 'address':
      return await hasAddress(change.device, change.prefix)
    case 'sysctl':
      return readSysctl(change.key) === change.ours
    case 'file':
      return fileHolds(change.path, change.ours)
    case 'resolvedLink':
      // resolved forgets a link with the link; setting it twice changes nothing.
      return false
    default:
      return unreachable(change)
  }
}

/** Undoes `change` where it is still ours. */
export async function undo(change: Change): Promise<UndoOutcome> {
  switch (change.kind) {
    case 'nftTable':
      return await dropTable(change)
    case 'ipRule':
      // Rules and routes carry our protocol number, so that an equal one of somebody else never matches.
      if (!(await hasRule(change.rule))) return GONE
      return await undoBy('ip', ruleArguments('del', change.rule))
    case 'route':
      if (!(await hasRoute(change.route))) return GONE
      return await undoBy('ip', routeArguments('del', change.route))
    case 'address':
      if (!(await hasAddress(change.device, change.prefix))) return GONE
      return await undoBy('ip', addressArguments('del', change))
    case 'sysctl':
      return restoreSysctl(change)
    case 'file':
      return restoreFile(change)
    case 'resolvedLink':
      if ((await readLink(change.device)) === undefined) return GONE
      return await undoBy('resolvectl', ['revert', change.device])
    default:
      return unreachable(change)
  }
}

async function makeTable(change: ChangeOf<'nftTable'>): Promise<void> {
  const comment = await readTableComment(change.family, change.name)
  if (comment !== undefined && comment !== commentOf(change)) {
    throw new AditError('host-occupied', `nft table ${change.family} ${change.name} exists and is not ours`, {
      remedy: `remove it with: nft delete table ${change.family} ${change.name}`,
    })
  }
  if (comment !== undefined) return
  const owner = word(change.owner)
  const table = word(change.name)
  const family = word(change.family)
  await applyRuleset(nft`add table ${family} ${table} { comment "adit:${owner}" ; }`)
}

async function dropTable(change: ChangeOf<'nftTable'>): Promise<UndoOutcome> {
  const comment = await readTableComment(change.family, change.name)
  if (comment === undefined) return GONE
  if (comment !== commentOf(change)) return { kind: 'left', reason: `nft table ${change.name} is not ours any more` }
  return await undoBy('nft', ['delete', 'table', change.family, change.name])
}

function commentOf(change: ChangeOf<'nftTable'>): string {
  return `adit:${change.owner}`
}

function restoreSysctl(change: ChangeOf<'sysctl'>): UndoOutcome {
  const now = readSysctl(change.key)
  if (now === undefined || now === change.before) return GONE
  if (now !== change.ours) return { kind: 'left', reason: `${change.key} is ${now}: somebody else set it since` }
  writeSysctl(change.key, change.before)
  return UNDONE
}

/** resolvectl(1): `~.` sends every name to this link's servers. */
async function pointResolved(change: ChangeOf<'resolvedLink'>): Promise<void> {
  checkDeviceName(change.device)
  await run('resolvectl', ['dns', change.device, ...change.servers])
  await run('resolvectl', ['domain', change.device, '~.'])
  await run('resolvectl', ['default-route', change.device, 'yes'])
}

async function undoBy(command: string, args: readonly string[]): Promise<UndoOutcome> {
  const outcome = await tryRun(command, args)
  if (outcome.exit === 0) return UNDONE
  return { kind: 'failed', reason: commandFailed(command, args, outcome).message }
}

const GONE: UndoOutcome = { kind: 'gone' }
const UNDONE: UndoOutcome = { kind: 'undone' }

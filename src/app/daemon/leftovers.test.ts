import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Address, Hash32 } from '#base/hex.ts'
import { SILENT_LOG } from '#base/log.ts'
import { units, unitsPerGibOf, ZERO_UNITS } from '#base/units/money.ts'
import { openJournal } from '#host/journal.ts'
import { openStore, type Store, type StoredChannelState } from '../store/index.ts'
import { brokenChannels, guardJournalPath, lastStatement, removeLeftGuard } from './leftovers.ts'
import { dueAt } from './money-actions.ts'

const ACCOUNT: Address = `0x${'0a'.repeat(20)}`
const QUOTE: Hash32 = `0x${'0b'.repeat(32)}`

test('what a dead consumer left is undone once, and then nothing is found', async (context) => {
  const stateDir = folderOf(context)
  const path = join(stateDir, 'resolv.conf')
  writeFileSync(path, 'nameserver 192.0.2.53\n', { mode: 0o644 })
  const paths = { configFile: '', runDir: '', stateDir }
  assert.deepEqual(await removeLeftGuard(paths, SILENT_LOG), { found: false, undone: 0, restored: true, problems: [] })

  const journal = openJournal({ path: guardJournalPath(stateDir), log: SILENT_LOG })
  const before = { kind: 'file' as const, text: 'nameserver 192.0.2.53\n', mode: 0o644 }
  await journal.apply({ kind: 'file', path, before, ours: 'nameserver 10.0.0.1\n', inPlace: false })
  journal[Symbol.dispose]()
  assert.equal(readFileSync(path, 'utf8'), 'nameserver 10.0.0.1\n')

  assert.deepEqual(await removeLeftGuard(paths, SILENT_LOG), { found: true, undone: 1, restored: true, problems: [] })
  assert.equal(readFileSync(path, 'utf8'), 'nameserver 192.0.2.53\n')
  assert.equal((await removeLeftGuard(paths, SILENT_LOG)).found, false)
})

test('what somebody else changed since is left and told', async (context) => {
  const stateDir = folderOf(context)
  const path = join(stateDir, 'resolv.conf')
  const journal = openJournal({ path: guardJournalPath(stateDir), log: SILENT_LOG })
  await journal.apply({ kind: 'file', path, before: { kind: 'absent' }, ours: 'ours\n', inPlace: false })
  journal[Symbol.dispose]()
  writeFileSync(path, 'theirs\n')
  const removed = await removeLeftGuard({ configFile: '', runDir: '', stateDir }, SILENT_LOG)
  assert.equal(removed.problems.length, 1)
  assert.equal(readFileSync(path, 'utf8'), 'theirs\n')
})

test('broken: an open channel whose newest session has no final reading, or that never had one', (context) => {
  const store = storeOf(context)
  const [fresh, running, ended, closing, closed] = ['11', '12', '13', '14', '15'].map(channelOf)
  put(store, fresh, 'open')
  put(store, running, 'open')
  put(store, ended, 'open')
  put(store, closing, 'closing')
  put(store, closed, 'closed')
  startSession(store, running, '21')
  startSession(store, ended, '23')
  store.vouchers.recordClosing('payer', closingOf(ended, '23'), 9)
  const broken = brokenChannels(store).map(({ channel }) => channel)
  assert.deepEqual(broken.toSorted(), [fresh, running].toSorted())
  // The next session of a channel that ended well may break.
  startSession(store, ended, '24')
  assert.ok(brokenChannels(store).some(({ channel }) => channel === ended))
})

test('a session in which nothing was signed has no statement', (context) => {
  const store = storeOf(context)
  const channel = channelOf('11')
  put(store, channel, 'open')
  startSession(store, channel, '21')
  assert.equal(lastStatement(store, store.sessions.find('21'.repeat(16), 'payer')!), undefined)
})

test('a close may be finished at its time, or when the channel expires before', () => {
  assert.equal(dueAt({ kind: 'open', expiry: 900 }), 900)
  assert.equal(dueAt({ kind: 'closing', closeAt: 500, expiry: 900 }), 500)
  assert.equal(dueAt({ kind: 'closing', closeAt: 1500, expiry: 900 }), 900)
})

function put(store: Store, channel: Hash32, state: StoredChannelState): void {
  store.channels.put({
    ...{ channel, payer: ACCOUNT, signer: ACCOUNT, provider: ACCOUNT, contract: ACCOUNT, state },
    ...{ role: 'payer', chainId: 31337, salt: undefined, feeBps: 0, closeAt: undefined, expiry: 10, updatedAtMs: 1 },
    deposit: units(1000n),
    claimed: ZERO_UNITS,
  })
}

let startedAtMs = 0
function startSession(store: Store, channel: Hash32, digits: string): void {
  store.sessions.insert({
    ...{ session: digits.repeat(16), role: 'payer', channel, quote: QUOTE, payer: ACCOUNT, provider: ACCOUNT },
    baseUnits: ZERO_UNITS,
    sessionFeeUnits: units(1n),
    priceUnitsPerGib: unitsPerGibOf(100n),
    startedAtMs: ++startedAtMs,
  })
}

function closingOf(channel: Hash32, digits: string) {
  const reading = {
    ...{ session: digits.repeat(16), seq: 1, up: 1n, down: 2n, lost: 0n, quote: QUOTE, challenge: QUOTE, timeMs: 1 },
  }
  return { channel, reading, baseUnits: ZERO_UNITS, amount: units(5n) }
}

function channelOf(digits: string): Hash32 {
  return `0x${digits.repeat(32)}`
}

function storeOf(context: TestContext): Store {
  const store = openStore(join(folderOf(context), 'adit.db'))
  context.after(() => store.close())
  return store
}

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-leftovers-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

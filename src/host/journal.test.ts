import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { SILENT_LOG } from '#base/log.ts'
import type { ChangeOf } from './changes.ts'
import { readFileState } from './files.ts'
import { openJournal, recoverJournal } from './journal.ts'

function scratch(t: TestContext): {
  folder: string
  path: string
  change: (name: string, ours: string) => ChangeOf<'file'>
} {
  const folder = mkdtempSync(join(tmpdir(), 'adit-journal-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const change = (name: string, ours: string): ChangeOf<'file'> => {
    const path = join(folder, name)
    return { kind: 'file', path, before: readFileState(path), ours, inPlace: false }
  }
  return { folder, path: join(folder, 'journal'), change }
}

test('undoes in reverse, exactly, and removes itself', async (t) => {
  const { folder, path, change } = scratch(t)
  writeFileSync(join(folder, 'a'), 'original', { mode: 0o640 })
  symlinkSync('a', join(folder, 'link'))
  using journal = openJournal({ path, log: SILENT_LOG })
  await journal.apply(change('a', 'first'))
  await journal.apply(change('a', 'second'))
  await journal.apply(change('link', 'no link any more'))
  await journal.apply(change('new', 'new'))
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'second')
  const reports = await journal.undoAll()
  assert.deepEqual(
    reports.map(({ outcome }) => outcome.kind),
    ['undone', 'undone', 'undone', 'undone'],
  )
  assert.deepEqual(readFileState(join(folder, 'a')), { kind: 'file', text: 'original', mode: 0o640 })
  assert.equal(readlinkSync(join(folder, 'link')), 'a')
  assert.ok(!existsSync(join(folder, 'new')) && !existsSync(path))
})

test('what another party changed since is left and reported', async (t) => {
  const { folder, path, change } = scratch(t)
  writeFileSync(join(folder, 'a'), 'original')
  using journal = openJournal({ path, log: SILENT_LOG })
  await journal.apply(change('a', 'ours'))
  writeFileSync(join(folder, 'a'), 'theirs')
  const [{ outcome }] = await journal.undoAll()
  assert.equal(outcome.kind, 'left')
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'theirs')
})

test('a change in place survives a cut between writing and truncating', async (t) => {
  const { folder, path, change } = scratch(t)
  const file = join(folder, 'a')
  for (const [before, ours] of [
    ['a longer original', 'short'],
    ['short', 'a longer replacement'],
  ]) {
    writeFileSync(file, before)
    const journal = openJournal({ path, log: SILENT_LOG })
    await journal.apply({ ...change('a', ours), inPlace: true })
    journal[Symbol.dispose]()
    for (const torn of [ours + before.slice(ours.length), before + ours.slice(before.length)]) {
      writeFileSync(file, torn)
      const again = openJournal({ path, log: SILENT_LOG })
      const [entry] = again.entries
      if (torn !== before) assert.equal((await again.undo(entry.id)).kind, 'undone')
      assert.equal(readFileSync(file, 'utf8'), before)
      again[Symbol.dispose]()
      break
    }
    rmSync(path, { force: true })
  }
})

test('recovery reads past a torn last line, twice over', async (t) => {
  const { folder, path, change } = scratch(t)
  const journal = openJournal({ path, log: SILENT_LOG })
  await journal.apply(change('new', 'new'))
  journal[Symbol.dispose]()
  appendFileSync(path, '{"did":2,"change":{"kind":"fi')
  assert.equal((await recoverJournal({ path, log: SILENT_LOG })).length, 1)
  assert.ok(!existsSync(join(folder, 'new')))
  assert.deepEqual(await recoverJournal({ path, log: SILENT_LOG }), [])
})

test('a journal of a living process and one of somebody else are refused', (t) => {
  const { path } = scratch(t)
  const stat = readFileSync('/proc/1/stat', 'utf8')
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const netns = readlinkSync('/proc/self/ns/net')
  writeFileSync(path, `${JSON.stringify({ owner: { version: 1, pid: 1, start, boot, netns } })}\n`)
  assert.throws(() => openJournal({ path, log: SILENT_LOG }), { code: 'host-journal-in-use' })
  writeFileSync(path, '{"format":"another"}\n')
  assert.throws(() => openJournal({ path, log: SILENT_LOG }), { code: 'host-journal-damaged' })
})

test('ensure makes a change once, and again where it was lost', async (t) => {
  const { folder, path, change } = scratch(t)
  using journal = openJournal({ path, log: SILENT_LOG })
  const wanted = change('new', 'new')
  const id = await journal.ensure(wanted)
  assert.equal(await journal.ensure(wanted), id)
  rmSync(join(folder, 'new'))
  assert.equal(await journal.ensure(wanted), id)
  assert.equal(readFileSync(join(folder, 'new'), 'utf8'), 'new')
  assert.equal(journal.entries.length, 1)
})

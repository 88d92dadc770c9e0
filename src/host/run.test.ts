import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run, tryRun } from './run.ts'

test('returns what a command prints, and gives it its input', async () => {
  assert.deepEqual(await run('cat', [], { input: 'one\ntwo' }), { stdout: 'one\ntwo', stderr: '' })
})

test("a failure is an error with the command's own words", async () => {
  await assert.rejects(run('ls', ['/nonexistent-adit']), (error: { code: string; message: string }) => {
    return error.code === 'host-command-failed' && error.message.includes('No such file')
  })
  assert.equal((await tryRun('false', [])).exit, 1)
})

test('a missing program, a slow one and an abort are told apart', async () => {
  await assert.rejects(run('adit-no-such-program', []), { code: 'host-command-missing' })
  await assert.rejects(run('sleep', ['5'], { timeoutMs: 50 }), { code: 'host-command-timeout' })
  const reason = new Error('stop')
  await assert.rejects(run('sleep', ['5'], { signal: AbortSignal.abort(reason) }), reason)
})

test('no shell reads the arguments', async () => {
  assert.equal((await run('echo', ['$(id); `id`'])).stdout, '$(id); `id`\n')
})

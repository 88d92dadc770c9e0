import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { processStart } from './namespaces.ts'

test('a process that ended owns nothing, also while its parent has not taken notice', async () => {
  // `sleep` never waits for the child that its shell left it.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 5'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const zombie = Number(line.toString())
    const untilMs = Date.now() + 3_000
    while (processStart(zombie) !== '' && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(processStart(zombie), '')
    assert.notEqual(processStart(process.pid), '')
    assert.notEqual(processStart(parent.pid!), '')
  } finally {
    parent.kill()
    await once(parent, 'exit')
  }
})

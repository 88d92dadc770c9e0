import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { AditError } from '#base/errors.ts'
import { SILENT_LOG } from '#base/log.ts'
import { EVENTS_PATH, ROUTES, type ConsumerHandlers, type RouteInput } from '../control/routes.ts'
import type { ControlEvent } from '../control/events.ts'
import { SAMPLE_CONSUMER, SAMPLE_EXPLANATION, SAMPLE_SESSION, SESSION_ID } from '../control/samples.ts'
import { amountOf } from '../control/values.ts'
import { startControlServer, type ControlServer } from '../daemon/control-server.ts'
import { controlClient } from './client.ts'

function socketIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-run-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'run', 'consumer.sock')
}

function handlersWith(changes: Partial<ConsumerHandlers>): ConsumerHandlers {
  const refuse = (): Promise<never> => Promise.reject(new AditError('not-now', 'it is busy', { remedy: 'wait' }))
  return {
    info: () =>
      Promise.resolve({ role: 'consumer', apiVersion: 1, version: '0', pid: 1, startedAtMs: 1, stateDir: '/x' }),
    status: () => Promise.resolve(SAMPLE_CONSUMER),
    sessions: ({ limit }) => Promise.resolve({ sessions: Array.from({ length: limit }, () => SAMPLE_SESSION) }),
    explain: ({ session }) =>
      Promise.resolve({ ...SAMPLE_EXPLANATION, session: { ...SAMPLE_EXPLANATION.session, id: session } }),
    doctor: () => Promise.reject(new Error('secret detail')),
    withdraw: refuse,
    stop: refuse,
    offers: refuse,
    disconnect: refuse,
    async *events() {
      await Promise.resolve()
      yield { kind: 'tunnel', atMs: 1, state: SAMPLE_CONSUMER.state }
    },
    ...changes,
  }
}

async function serve(
  t: TestContext,
  socketPath: string,
  changes: Partial<ConsumerHandlers> = {},
): Promise<ControlServer> {
  const server = await startControlServer({
    role: 'consumer',
    socketPath,
    handlers: handlersWith(changes),
    log: SILENT_LOG,
    version: '0.0.0',
  })
  t.after(() => server.close())
  return server
}

test('every route answers over the socket what the handler said, checked by its schema', async (t) => {
  const socketPath = socketIn(t)
  const seen: RouteInput<'disconnect'>[] = []
  await serve(t, socketPath, {
    disconnect: (input) => {
      seen.push(input)
      return Promise.resolve({ session: null, transactions: [], refund: amountOf(5n), restored: true })
    },
  })
  const client = controlClient('consumer', socketPath)
  assert.equal((await client.call('info', {})).role, 'consumer')
  assert.deepEqual(await client.call('status', {}), SAMPLE_CONSUMER)
  assert.equal((await client.call('sessions', {})).sessions.length, 50)
  assert.equal((await client.call('sessions', { limit: 2 })).sessions.length, 2)
  assert.equal((await client.call('explain', { session: SESSION_ID })).session.id, SESSION_ID)
  assert.equal((await client.call('disconnect', {})).refund.usd, '0.000005')
  await client.call('disconnect', { settle: false })
  assert.deepEqual(seen, [{ settle: true }, { settle: false }])
})

test('errors cross with code, message and remedy; inner failures do not', async (t) => {
  const socketPath = socketIn(t)
  await serve(t, socketPath, {
    // An answer that the schema does not allow never leaves the daemon.
    sessions: () => Promise.resolve({ sessions: [{ ...SAMPLE_SESSION, id: 'short' }] }),
  })
  const client = controlClient('consumer', socketPath)
  await assert.rejects(client.call('withdraw', {}), { code: 'not-now', message: 'it is busy', remedy: 'wait' })
  await assert.rejects(client.call('doctor', {}), (error: AditError) => {
    assert.equal(error.code, 'internal')
    assert.ok(!error.message.includes('secret'))
    return true
  })
  await assert.rejects(client.call('sessions', {}), { code: 'internal' })
  await assert.rejects(client.call('withdraw', { amountUnits: '-1' }), { code: 'request-invalid' })
  await assert.rejects(client.call('explain', { session: '../status' }), { code: 'request-invalid' })
  await assert.rejects(client.call('earnings', {}), { code: 'route-unknown' })
})

test('events arrive as they happen and end with the listener or the server', { timeout: 5_000 }, async (t) => {
  const socketPath = socketIn(t)
  let open = 0
  const server = await serve(t, socketPath, {
    async *events(signal) {
      open++
      yield { kind: 'progress', atMs: 1, step: 'choose', state: 'started', text: 'choosing\nan offer' }
      yield { kind: 'connected', atMs: 2, status: SAMPLE_CONSUMER }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      open--
    },
  })
  const client = controlClient('consumer', socketPath)
  const leaving = new AbortController()
  const first: ControlEvent[] = []
  for await (const event of client.events(leaving.signal)) {
    first.push(event)
    if (event.kind === 'connected') break
  }
  assert.deepEqual(
    first.map(({ kind }) => kind),
    ['progress', 'connected'],
  )
  const second: ControlEvent[] = []
  await assert.doesNotReject(async () => {
    for await (const event of client.events(leaving.signal)) {
      second.push(event)
      if (second.length === 2) setTimeout(() => leaving.abort(), 10)
    }
  })
  assert.equal(second.length, 2)
  while (open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const third = client.events(new AbortController().signal)[Symbol.asyncIterator]()
  await third.next()
  await third.next()
  await server.close()
  await third.next().catch((error: unknown) => assert.ok(error instanceof AditError))
  assert.equal(open, 0)
})

test('the socket is private, one daemon owns it, a stale one is replaced, none is left behind', async (t) => {
  const socketPath = socketIn(t)
  const server = await serve(t, socketPath)
  const hasGroup = /^adit:/m.test(readFileSync('/etc/group', 'utf8'))
  if (!hasGroup) assert.equal(server.mode, 0o600)
  assert.equal(statSync(socketPath).mode & 0o777, server.mode)
  await assert.rejects(serve(t, socketPath), { code: 'daemon-running' })
  await server.close()
  assert.equal(existsSync(socketPath), false)
  await assert.rejects(controlClient('consumer', socketPath).call('info', {}), { code: 'daemon-not-running' })

  // What kill -9 leaves: a socket file that nobody listens on.
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(`${socketPath}.dead`, resolve))
  const { linkSync } = await import('node:fs')
  linkSync(`${socketPath}.dead`, socketPath)
  await new Promise((resolve) => dead.close(resolve))
  assert.equal(existsSync(socketPath), true)
  await serve(t, socketPath)
  assert.equal((await controlClient('consumer', socketPath).call('info', {})).pid, 1)
})

test('a folder that others can write is refused, a long path too', async (t) => {
  const socketPath = socketIn(t)
  mkdirSync(join(socketPath, '..'))
  chmodSync(join(socketPath, '..'), 0o777)
  await assert.rejects(serve(t, socketPath), { code: 'run-dir-unsafe' })
  await assert.rejects(serve(t, `/tmp/${'x'.repeat(120)}/s`), { code: 'socket-path-long' })
})

test('OpenAPI describes every route of the role', async (t) => {
  const socketPath = socketIn(t)
  await serve(t, socketPath)
  const { request } = await import('node:http')
  const text = await new Promise<string>((resolve, reject) => {
    request({ socketPath, path: '/openapi.json' }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve(body))
    })
      .on('error', reject)
      .end()
  })
  const document = JSON.parse(text) as {
    paths: Partial<Record<string, Partial<Record<string, { operationId?: string }>>>>
  }
  for (const [name, { path, method, roles }] of Object.entries(ROUTES)) {
    const operation = document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
    assert.equal(operation?.operationId, (roles as readonly string[]).includes('consumer') ? name : undefined)
  }
  assert.ok(EVENTS_PATH in document.paths)
})

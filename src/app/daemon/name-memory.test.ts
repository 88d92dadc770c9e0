import assert from 'node:assert/strict'
import dns from 'node:dns'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openStore, type Store } from '../store/index.ts'
import { openNameMemory } from './name-memory.ts'

test('a name that does not resolve any more is reached where it was last', async (context) => {
  const store = storeOf(context)
  store.settings.put('address-of:chain.invalid', '::1 127.0.0.1')
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  using names = openNameMemory(store)
  const socket = connect({ host: 'chain.invalid', port, family: 4 })
  await once(socket, 'connect')
  assert.equal(socket.remoteAddress, '127.0.0.1')
  socket.destroy()
  assert.deepEqual(names.addressesOf('Chain.Invalid'), ['::1', '127.0.0.1'])
})

test('a name that was never known stays unknown', async (context) => {
  using names = openNameMemory(storeOf(context))
  await names.learn(['nowhere.invalid'])
  assert.deepEqual(names.addressesOf('nowhere.invalid'), [])
  await assert.rejects(dns.promises.lookup('nowhere.invalid'))
  await assert.rejects(once(connect({ host: 'nowhere.invalid', port: 9 }), 'connect'))
})

test('what the system says now is learnt, literals are themselves', async (context) => {
  const store = storeOf(context)
  using names = openNameMemory(store)
  await names.learn(['localhost', '192.0.2.1'])
  assert.ok(names.addressesOf('localhost').some((address) => address === '127.0.0.1' || address === '::1'))
  assert.deepEqual(names.addressesOf('192.0.2.1'), ['192.0.2.1'])
  assert.equal(store.settings.find('address-of:192.0.2.1'), undefined)
})

test('the look-up of the process is put back', (context) => {
  const before = dns.lookup
  const names = openNameMemory(storeOf(context))
  assert.notEqual(dns.lookup, before)
  names[Symbol.dispose]()
  assert.equal(dns.lookup, before)
})

function storeOf(context: TestContext): Store {
  const folder = mkdtempSync(join(tmpdir(), 'adit-names-'))
  const store = openStore(join(folder, 'adit.db'))
  context.after(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  return store
}

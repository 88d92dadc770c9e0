import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { hexOf } from '#base/bytes.ts'
import { systemRandom } from '#crypto/system.ts'
import { withFileLock } from './files.ts'
import { channelKeyName, createKeystore, keystoreExists, openKeystore, WALLET_KEY } from './keystore.ts'
import { readPassphrase } from './passphrase.ts'

const CHEAP = { n: 16, r: 1, p: 1 }
const PASSPHRASE = 'correct horse'
const SECRET = new Uint8Array(32).fill(0xab)

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('keys survive, encrypted, in a file of mode 0600', async (t) => {
  const path = join(folderOf(t), 'state', 'keys.json')
  assert.equal(keystoreExists(path), false)
  const store = await createKeystore(path, PASSPHRASE, systemRandom, CHEAP)
  await store.add(WALLET_KEY, SECRET)
  await store.add(channelKeyName('0xABCD'), new Uint8Array(32).fill(1))
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.ok(!readFileSync(path, 'utf8').includes(hexOf(SECRET)))
  const opened = await openKeystore(path, PASSPHRASE, systemRandom)
  assert.deepEqual(opened.names(), ['channel/0xabcd', 'wallet'])
  assert.deepEqual(opened.read(WALLET_KEY), SECRET)
  assert.equal(opened.read('node'), undefined)
  assert.equal(opened.read('constructor'), undefined)
  assert.equal(opened.has('toString'), false)
  await assert.rejects(opened.add(WALLET_KEY, SECRET), { code: 'keystore-exists' })
  await assert.rejects(createKeystore(path, PASSPHRASE, systemRandom, CHEAP), { code: 'keystore-exists' })
})

test('the default cost opens what it made', async (t) => {
  const path = join(folderOf(t), 'keys.json')
  await (await createKeystore(path, PASSPHRASE, systemRandom)).add('node', SECRET)
  assert.deepEqual((await openKeystore(path, PASSPHRASE, systemRandom)).read('node'), SECRET)
})

test('wrong passphrase, damage, newer version and absence are different errors', async (t) => {
  const path = join(folderOf(t), 'keys.json')
  await assert.rejects(openKeystore(path, PASSPHRASE, systemRandom), { code: 'keystore-missing' })
  await assert.rejects(createKeystore(path, 'short', systemRandom, CHEAP), { code: 'keystore-passphrase-short' })
  await (await createKeystore(path, PASSPHRASE, systemRandom, CHEAP)).add('node', SECRET)
  await assert.rejects(openKeystore(path, 'wrong horse', systemRandom), { code: 'keystore-passphrase-wrong' })
  const good = readFileSync(path, 'utf8')
  const damaged = [
    good.slice(0, good.length / 2),
    '',
    '[]',
    good.replace('"adit-keystore"', '"other"'),
    good.replace(/"salt": "../, '"salt": "zz'),
    good.replace(/"sealed": "(.)/, (_, digit: string) => `"sealed": "${digit === '0' ? '1' : '0'}`),
    good.replace('"n": 16', '"n": 17'),
    good.replace('"n": 16', '"n": 1099511627776'),
    good.replace('"node"', '"wallet"'),
  ]
  for (const text of damaged) {
    assert.notEqual(text, good)
    writeFileSync(path, text)
    await assert.rejects(openKeystore(path, PASSPHRASE, systemRandom), { code: 'keystore-corrupted' })
  }
  writeFileSync(path, good.replace('"version": 1', '"version": 2'))
  await assert.rejects(openKeystore(path, PASSPHRASE, systemRandom), { code: 'keystore-newer' })
})

test('two writers lose nothing', async (t) => {
  const path = join(folderOf(t), 'keys.json')
  const first = await createKeystore(path, PASSPHRASE, systemRandom, CHEAP)
  const second = await openKeystore(path, PASSPHRASE, systemRandom)
  await Promise.all([
    ...[1, 2, 3, 4].map((name) => first.add(`a${name}`, SECRET)),
    ...[1, 2, 3, 4].map((name) => second.add(`b${name}`, SECRET)),
  ])
  assert.equal(first.names().length, 8)
})

test('a lock whose owner died is taken over; a live one is waited for', async (t) => {
  const lock = join(folderOf(t), 'x.lock')
  writeFileSync(lock, '999999999')
  assert.equal(await withFileLock(lock, () => 7), 7)
  const order: string[] = []
  await Promise.all([
    withFileLock(lock, async () => {
      order.push('in')
      await new Promise((resolve) => setTimeout(resolve, 60))
      order.push('out')
    }),
    withFileLock(lock, () => order.push('next')),
  ])
  assert.deepEqual(order, ['in', 'out', 'next'])
})

test('the passphrase: configured file, environment, credential, terminal, in this order', async (t) => {
  const folder = folderOf(t)
  const write = (name: string, mode = 0o600): string => {
    const path = join(folder, name)
    writeFileSync(path, `${name}-secret\nsecond line\n`)
    chmodSync(path, mode)
    return path
  }
  const file = write('file')
  const env = { ADIT_PASSPHRASE_FILE: write('env'), CREDENTIALS_DIRECTORY: folder }
  write('adit-passphrase', 0o440)
  const prompt = (): Promise<string> => Promise.resolve('typed')
  assert.equal(await readPassphrase({ file, env, prompt }), 'file-secret')
  assert.equal(await readPassphrase({ file: '', env, prompt }), 'env-secret')
  const { CREDENTIALS_DIRECTORY } = env
  assert.equal(await readPassphrase({ file: '', env: { CREDENTIALS_DIRECTORY }, prompt }), 'adit-passphrase-secret')
  assert.equal(await readPassphrase({ file: '', env: {}, prompt }), 'typed')
  const none = { env: {}, prompt: undefined }
  await assert.rejects(readPassphrase({ file: '', ...none }), { code: 'passphrase-missing' })
  await assert.rejects(readPassphrase({ file: join(folder, 'nothing'), ...none }), { code: 'passphrase-unreadable' })
  await assert.rejects(readPassphrase({ file: write('open', 0o644), ...none }), { code: 'passphrase-exposed' })
})

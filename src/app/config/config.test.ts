import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AditError } from '#base/errors.ts'
import { allFields, checkConfig, loadConfig } from './load.ts'
import { cacheDir, pathsOf } from './paths.ts'
import { configurationPage, explainKey, initialConfig, showConfig } from './render.ts'
import { SECTIONS, type SectionName } from './table.ts'

test('an empty file gives every key of the table at its default', () => {
  const { loaded } = checkConfig('')
  assert.ok(loaded !== undefined)
  for (const [section, { fields }] of Object.entries(SECTIONS)) {
    const values: object = loaded.config[section as SectionName]
    assert.deepEqual(Object.keys(values).sort(), Object.keys(fields).sort())
  }
  assert.equal(loaded.config.provider.priceUnitsPerGib, 100_000n)
  assert.equal(loaded.config.provider.region, null)
  assert.equal(loaded.config.consumer.settleOnDisconnect, true)
})

test('every default and every example is allowed', () => {
  for (const [key, { field }] of allFields()) {
    const [section] = key.split('.')
    for (const source of [field.fallback, field.example]) {
      if (source === undefined) continue
      assert.deepEqual(checkConfig(`[${section}]\n${field.toml} = ${source}`).problems, [], key)
    }
  }
})

test('a mistake is one line: key, expected, got', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      '[provider]\nprice_usd_per_gib = 0.25',
      'provider.price_usd_per_gib: expected USD as text with at most six decimals, such as "0.25", for 2^30 bytes, got 0.25',
    ],
    [
      '[provider]\nprice_usd_per_gib = "-1"',
      'provider.price_usd_per_gib: expected USD as text with at most six decimals, such as "0.25", for 2^30 bytes, got "-1"',
    ],
    [
      '[provider]\nregion = "Germany"',
      'provider.region: expected a country or subdivision code of ISO 3166, such as "DE" or "US-CA", got "Germany"',
    ],
    ['[provider]\nmax_sessions = 1.5', 'provider.max_sessions: expected a whole number from 1 to 1000, got 1.5'],
    ['[provider]\ntunnel_port = 70000', 'provider.tunnel_port: expected a whole number from 0 to 65535, got 70000'],
    [
      '[provider]\nadvertise_endpoints = ["example.org:1"]',
      'provider.advertise_endpoints: expected a list of "IPv4:port" or "[IPv6]:port", at most 8, got [ "example.org:1" ]',
    ],
    [
      '[consumer]\nbootstrap = ["example.org"]',
      'consumer.bootstrap: expected a list of "host:port" or "[IPv6 address]:port", at most 64, got [ "example.org" ]',
    ],
    ['[consumer]\ndns = "google"', 'consumer.dns: expected "tunnel" or "keep", got "google"'],
    [
      '[provider]\nresolvers = ["10.0.0.300"]',
      'provider.resolvers: expected a list of IP addresses, at most 8, got [ "10.0.0.300" ]',
    ],
    ['[chain]\nrpc_url = "ftp://x"', 'chain.rpc_url: expected an http:// or https:// URL, got "ftp://x"'],
    [
      '[provider]\nreigon = "DE"',
      'provider.reigon: expected a known key, got an unknown one; did you mean provider.region?',
    ],
    [
      '[nonsense]\nwhatever = 1',
      'nonsense.whatever: expected a known key, got an unknown one; `adit config explain` lists all',
    ],
    ['log = 3', 'log: expected a section such as [chain], [keystore], [provider], [consumer], [log], got 3'],
  ]
  for (const [source, message] of cases) {
    const { problems } = checkConfig(source)
    assert.deepEqual(
      problems.map((problem) => problem.message),
      [message],
    )
  }
  assert.match(
    checkConfig('[provider\n').problems[0]?.message ?? '',
    /^line 1, column \d+: expected TOML, got: [^\n]+$/,
  )
})

test('several mistakes are all told, the first one stops', () => {
  const folder = mkdtempSync(join(tmpdir(), 'adit-config-'))
  try {
    const file = join(folder, 'config.toml')
    writeFileSync(file, '[provider]\nregion = 1\nmtu = 5\n')
    assert.equal(checkConfig(readFileSync(file, 'utf8')).problems.length, 2)
    assert.throws(
      () => loadConfig({ file, fileRequired: true }),
      (error: AditError) => {
        assert.equal(error.code, 'config-invalid')
        assert.match(error.message, /^provider\.region: .*\(and 1 more: `adit config check`\)$/)
        return true
      },
    )
    const missing = join(folder, 'none.toml')
    assert.throws(() => loadConfig({ file: missing, fileRequired: true }), { code: 'config-missing' })
    assert.equal(loadConfig({ file: missing, fileRequired: false }).config.log.level, 'info')
    assert.throws(() => loadConfig({ file: folder, fileRequired: true }), { code: 'config-unreadable' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('--set lies over the file', () => {
  const { loaded } = checkConfig('[provider]\nregion = "DE"\nmtu = 1300', [
    'provider.region=JP',
    'provider.max_sessions=3',
  ])
  assert.ok(loaded !== undefined)
  assert.equal(loaded.config.provider.region, 'JP')
  assert.equal(loaded.config.provider.maxSessions, 3)
  assert.equal(loaded.config.provider.mtu, 1300)
  assert.deepEqual(
    loaded.settings.filter(({ origin }) => origin !== 'default').map(({ key, origin }) => [key, origin]),
    [
      ['provider.region', 'flag'],
      ['provider.max_sessions', 'flag'],
      ['provider.mtu', 'file'],
    ],
  )
  assert.equal(
    checkConfig('', ['provider.region']).problems[0]?.message,
    '--set: expected KEY=VALUE, got "provider.region"',
  )
})

test('what init writes is good, shows every key and changes nothing', () => {
  const text = initialConfig()
  const { loaded } = checkConfig(text)
  assert.deepEqual(loaded?.config, checkConfig('').loaded?.config)
  const uncommented = text.replace(/^# (\w+ = )/gm, '$1')
  assert.deepEqual(checkConfig(uncommented).problems, [])
  for (const [key, { field }] of allFields()) {
    assert.ok(uncommented.includes(`\n${field.toml} = `), key)
    assert.match(explainKey(key) ?? '', /purpose .*\n.*allowed .*\n.*default .*\n.*example /)
  }
  assert.equal(explainKey('provider.none'), undefined)
})

test('what show prints reads back as the same configuration', () => {
  const { loaded } = checkConfig('[provider]\nregion = "DE"\nadvertise_control = ["[::1]:5392"]')
  assert.ok(loaded !== undefined)
  assert.deepEqual(checkConfig(showConfig(loaded.settings)).loaded?.config, loaded.config)
})

test('docs/configuration.md is the page of this table', () => {
  const file = new URL('../../../docs/configuration.md', import.meta.url)
  assert.equal(readFileSync(file, 'utf8'), configurationPage(), 'run: bin/adit config page > docs/configuration.md')
})

test('paths: flags over environment over defaults', () => {
  const root = { env: {}, uid: 0, home: '/root' }
  assert.deepEqual(pathsOf({}, root), {
    configFile: '/etc/adit/config.toml',
    stateDir: '/var/lib/adit',
    runDir: '/run/adit',
  })
  const env = { XDG_RUNTIME_DIR: '/run/user/7', ADIT_STATE_DIR: '/state', ADIT_CONFIG: '' }
  assert.deepEqual(pathsOf({ runDir: '/flag' }, { env, uid: 7, home: '/home/x' }), {
    configFile: '/home/x/.config/adit/config.toml',
    stateDir: '/state',
    runDir: '/flag',
  })
  assert.equal(pathsOf({}, { env: {}, uid: 7, home: '/home/x' }).runDir, '/tmp/adit-7')
  assert.equal(cacheDir(root), '/var/cache/adit')
  assert.equal(cacheDir({ env: {}, uid: 7, home: '/home/x' }), '/home/x/.cache/adit')
  assert.equal(cacheDir({ env: { ADIT_CACHE_DIR: '/c' }, uid: 0, home: '/root' }), '/c')
})

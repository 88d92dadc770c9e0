import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { reconcile } from '../control/reconcile.ts'
import { SAMPLE_EXPLANATION } from '../control/samples.ts'
import { explanationCsv, printExplanation } from './explanation-text.ts'
import { duration, exactBytes, outputTo, readableBytes, tableText } from './output.ts'
import { parseVouchers } from './commands/watch.ts'

const LAUNCHER = fileURLToPath(new URL('../../../bin/adit', import.meta.url))

const CACHE = mkdtempSync(join(tmpdir(), 'adit-cli-cache-'))
after(() => rmSync(CACHE, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'adit-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** The launcher as a user runs it: from another folder, with files of its own. */
function adit(folder: string, args: readonly string[], launcher = LAUNCHER): Promise<Ended> {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    ADIT_STATE_DIR: folder,
    ADIT_RUN_DIR: join(folder, 'run'),
    ADIT_CACHE_DIR: CACHE,
    ADIT_CONFIG: '',
  }
  return new Promise((resolve) => {
    execFile(launcher, [...args], { cwd: '/', env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

test('the launcher runs from anywhere, through symbolic links, and answers with codes', async (t) => {
  const folder = folderOf(t)
  const link = join(folder, 'adit')
  symlinkSync(LAUNCHER, join(folder, 'first'))
  symlinkSync('first', link)
  const [version, unknown, usage, idle] = await Promise.all([
    adit(folder, ['config', 'check', '--json'], link),
    adit(folder, ['status', '--jsn']),
    adit(folder, ['connect', '--region', 'Japan', '--json']),
    adit(folder, ['status']),
  ])
  assert.deepEqual([version.code, version.stdout], [0, '{"ok":true,"problems":[]}\n'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /unknown option '--jsn'\n\(Did you mean --json\?\)/)
  assert.equal(usage.code, 2)
  assert.deepEqual((JSON.parse(usage.stdout) as { error: { code: string } }).error.code, 'usage')
  assert.equal(idle.code, 3)
  assert.match(idle.stderr, /^adit: nothing is running here .*\n {2}do: {3}.*\n {2}code: daemon-not-running\n$/)
})

test('keys: made once, shown with the passphrase only; a wrong configuration is one line', async (t) => {
  const folder = folderOf(t)
  const passphrase = join(folder, 'pass')
  writeFileSync(passphrase, 'correct horse\n', { mode: 0o600 })
  const keys = ['--set', `keystore.passphrase_file=${passphrase}`]
  const config = join(folder, 'bad.toml')
  writeFileSync(config, '[consumer]\nmax_price_usd_per_gib = 1\n')
  const [made, bad] = await Promise.all([
    adit(folder, ['wallet', 'create', '--json', ...keys]),
    adit(folder, ['config', 'check', '--config', config]),
  ])
  const { address } = JSON.parse(made.stdout) as { address: string }
  assert.match(address, /^0x[0-9a-f]{40}$/)
  assert.ok(!readFileSync(join(folder, 'keys.json'), 'utf8').includes(address.slice(2)))
  assert.equal(bad.code, 2)
  assert.match(bad.stdout, /^consumer\.max_price_usd_per_gib: expected USD as text .*, got 1\n$/)
  const [again, shown] = await Promise.all([
    adit(folder, ['wallet', 'create', ...keys]),
    adit(folder, ['wallet', 'show', '--json', ...keys]),
  ])
  assert.equal(again.code, 1)
  assert.match(again.stderr, /code: keystore-exists/)
  assert.equal((JSON.parse(shown.stdout) as { address: string }).address, address)
})

test('what a terminal gets holds no control characters', () => {
  const text = tableText(['name', 'count'], [['\u001b[31mred\nline', '7']], [1])
  assert.equal(text, 'name                    count\n\\u{1b}[31mred\\u{a}line      7')
})

test('bytes, times', () => {
  assert.equal(readableBytes(0n), '0 B')
  assert.equal(readableBytes('1023'), '1023 B')
  assert.equal(readableBytes('1610612736'), '1.50 GiB')
  assert.equal(readableBytes((1n << 40n) - 1n), '1023.99 GiB')
  assert.equal(exactBytes('1074790400'), '1,074,790,400 B')
  assert.equal(exactBytes('999'), '999 B')
  assert.equal(duration(192_000), '3 min 12 s')
  assert.equal(duration(7_320_000), '2 h 2 min')
})

test('an explanation leaves no gap: for a person, and for a spreadsheet', () => {
  const lines: string[] = []
  const sums = reconcile(SAMPLE_EXPLANATION)
  const out = {
    ...outputTo(false),
    line: (text = '') => void lines.push(text),
    facts: (pairs: readonly (readonly [string, string])[]) => lines.push(...pairs.map((pair) => pair.join(' '))),
    table: (head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = []) =>
      void lines.push(tableText(head, rows, right)),
  }
  printExplanation(out, SAMPLE_EXPLANATION, sums, 0)
  const text = lines.join('\n')
  for (const part of [
    'billed 1,074,790,400 B (1.00 GiB)',
    'traffic $0.100098  = 1074790400 B x $0.100000 / GiB, rounded up',
    'total $0.101098',
    'last $0.105000, number 3',
    'to provider $0.099077',
    'protocol fee $0.002021',
    'refund $0.898902',
    'in escrow $0.000000',
    'all add up',
  ]) {
    assert.ok(text.includes(part), `${part} in\n${text}`)
  }
  const csv = explanationCsv(SAMPLE_EXPLANATION, sums)
  assert.ok(csv.startsWith('part,item,bytes,units,usd,note\r\n'))
  assert.ok(csv.includes('due,total,,101098,0.101098,\r\n'))
  for (const line of csv.trimEnd().split('\r\n')) {
    assert.equal(line.replace(/"[^"]*"/g, '').split(',').length, 6, line)
  }
})

test('a voucher file: each line is checked', () => {
  const voucher = {
    channel: `0x${'AB'.repeat(32)}`,
    amount: '105000',
    reading: `0x${'cd'.repeat(32)}`,
    signature: `0x${'ef'.repeat(65)}`,
  }
  const [parsed] = parseVouchers(`${JSON.stringify(voucher)}\n\n`)
  assert.equal(parsed.amount, 105_000n)
  assert.equal(parsed.channel, voucher.channel.toLowerCase())
  for (const bad of [
    '{',
    '[]',
    JSON.stringify({ ...voucher, amount: '-1' }),
    JSON.stringify({ ...voucher, channel: '0x' }),
  ]) {
    assert.throws(() => parseVouchers(`\n${bad}`), { code: 'voucher-file', message: /^vouchers, line 2: / })
  }
})

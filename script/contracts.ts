/** The steps of `script/contracts`; see there. Runs forge of the npm package, with the WASM compiler behind it. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface SeededBug {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The test that fails with the bug in. */
  readonly caughtBy: string
}

function main([command, ...rest]: readonly string[]): number {
  switch (command) {
    case 'build':
      return build()
    case 'check':
      return check()
    case 'test':
      return forge(['test', ...rest])
    case 'gas':
      return gas(rest.includes('--update'))
    case 'mutation':
      return mutation(rest)
    default:
      console.error('script/contracts: expected build, check, test, gas or mutation')
      return 2
  }
}

function build(): number {
  const status = compile()
  if (status !== 0) return status
  mkdirSync(ABI_FOLDER, { recursive: true })
  for (const [file, text] of generated()) writeFileSync(file, text)
  console.log(`contracts: ${CONTRACTS.length} ABIs written to ${ABI_FOLDER}`)
  return 0
}

function check(): number {
  const status = compile()
  if (status !== 0) return status
  const stale = generated().filter(([file, text]) => readOr(file, '') !== text)
  for (const [file] of stale)
    console.error(`contracts: ${file} is not what the sources give: run script/contracts build`)
  if (stale.length === 0) console.log(`contracts: ${CONTRACTS.length} generated files are current`)
  return stale.length === 0 ? 0 : 1
}

function compile(): number {
  return forge(['build', '--skip', 'test', '--quiet'])
}

function generated(): [string, string][] {
  return CONTRACTS.map((name) => {
    const artifact = JSON.parse(readFileSync(join('contracts/out', `${name}.sol`, `${name}.json`), 'utf8')) as {
      abi: unknown
      bytecode: { object: string }
    }
    const lower = name[0].toLowerCase() + name.slice(1)
    const text =
      `// Generated from contracts/src/${name}.sol by script/contracts build.\n` +
      `export const ${lower}Abi = ${JSON.stringify(artifact.abi, undefined, 1)} as const\n\n` +
      `export const ${lower}Bytecode =\n  '${artifact.bytecode.object}' as const\n`
    return [join(ABI_FOLDER, `${name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase()}.ts`), text]
  })
}

/** `--isolate`: each call of a test is a transaction of its own, so that the figures are what people pay. */
function gas(update: boolean): number {
  return forge(['test', '--isolate', '--match-contract', 'GasTest'], {
    FORGE_SNAPSHOT_CHECK: update ? 'false' : 'true',
    FORGE_SNAPSHOT_EMIT: update ? 'true' : 'false',
  })
}

/**
 * Each bug goes into a copy of the sources; a bug that no test finds is a failure of the tests. Only the test that
 * `caughtBy` names runs, which takes seconds for a bug; `--full` runs all of them, and is how `caughtBy` was found.
 */
function mutation(words: readonly string[]): number {
  const full = words.includes('--full')
  const only = words.filter((word) => word !== '--full')
  const bugs = (JSON.parse(readFileSync('contracts/mutation/bugs.json', 'utf8')) as SeededBug[]).filter(
    (bug) => only.length === 0 || only.some((text) => bug.name.includes(text)),
  )
  const copy = mkdtempSync(join(tmpdir(), 'adit-mutation-'))
  const removeCopy = () => rmSync(copy, { recursive: true, force: true })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  process.once('exit', removeCopy)
  for (const part of ['src', 'test', 'solc.cjs'])
    cpSync(join('contracts', part), join(copy, 'contracts', part), { recursive: true })
  cpSync('foundry.toml', join(copy, 'foundry.toml'))
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'))
  let survived = 0
  for (const bug of bugs) {
    const finding = findingOf(bug, copy, full)
    if (finding === undefined) survived++
    console.log(finding === undefined ? `SURVIVED ${bug.name}` : `caught   ${bug.name}: ${finding}`)
  }
  console.log(`mutation: ${bugs.length - survived} of ${bugs.length} seeded bugs caught`)
  return survived === 0 && bugs.length > 0 ? 0 : 1
}

/** Names of the tests that fail with the bug; undefined when none does. Throws where the bug does not apply. */
function findingOf(bug: SeededBug, copy: string, full: boolean): string | undefined {
  const file = join(copy, bug.file)
  const source = readFileSync(file, 'utf8')
  if (source.split(bug.find).length !== 2) throw new Error(`${bug.name}: expected its text once in ${bug.file}`)
  const seeded = source.replace(bug.find, () => bug.replace)
  writeFileSync(file, seeded)
  try {
    // The same random numbers each time: a bug that was caught once is caught again. Unoptimised and with fewer runs:
    // most of the time goes into compiling what the bug touches.
    const chosen = full ? ['--no-match-contract', 'GasTest'] : ['--match-test', `^${bug.caughtBy}(\\(|$)`]
    const argv = ['test', '--root', copy, '--optimize', 'false', ...chosen]
    const runs = { FOUNDRY_FUZZ_RUNS: '32', FOUNDRY_INVARIANT_RUNS: '24', FOUNDRY_FUZZ_SEED: '0x61646974' }
    const environment = { ...process.env, ...runs }
    const run = spawnSync('forge', argv, { encoding: 'utf8', cwd: copy, env: environment, maxBuffer: 1 << 28 })
    const output = run.stdout + run.stderr
    if (output.includes('Compiler run failed')) throw new Error(`${bug.name}: does not compile\n${output}`)
    if (run.status === 0) {
      // Nothing ran: then nothing was proven either.
      if (!/\b[1-9]\d* tests? passed/.test(output)) throw new Error(`${bug.name}: no test ${bug.caughtBy}\n${output}`)
      return undefined
    }
    const failed = [...new Set([...output.matchAll(/^\[FAIL.*\] (\w+)\(/gm)].map((match) => match[1]))]
    const names =
      failed.length > 0
        ? failed
        : [...new Set([...output.matchAll(/\b((?:test|invariant)\w+)\(\)/g)].map((match) => match[1]))]
    if (names.length === 0) throw new Error(`${bug.name}: forge failed without a failed test\n${output}`)
    return names.slice(0, 4).join(', ')
  } finally {
    writeFileSync(file, source)
  }
}

function forge(argv: readonly string[], environment: Record<string, string> = {}): number {
  const run = spawnSync('forge', argv, { stdio: 'inherit', env: { ...process.env, ...environment } })
  if (run.error !== undefined) {
    console.error(
      'contracts: forge does not start: the npm package @foundry-rs/forge-linux-amd64 exists for x64 Linux only',
    )
    return 1
  }
  return run.status ?? 1
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise
    throw error
  }
}

const CONTRACTS = ['Channels', 'StakeRegistry', 'TestDollar'] as const
const ABI_FOLDER = 'src/payment/chain/abi'

process.exitCode = main(process.argv.slice(2))

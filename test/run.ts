/**
 * Everything that CI runs, in order, as `script/test` starts it. Each step is a command of its own; its closing lines are
 * shown, all of it when it fails. What cannot run here says so in a line and counts as skipped.
 */
import { spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface Step {
  readonly name: string
  readonly argv: readonly string[]
  /** Reads the counts out of the step's output; without it the step itself is one test. */
  readonly counts?: (output: string) => Counts | undefined
  /** Packages for `script/bootstrap`, installed before the step. */
  readonly needs?: string
  readonly timeoutMinutes: number
}

const ROOT = join(import.meta.dirname, '..')
// Hundreds of Node processes load the same modules: a fifth of the processor time of the unit tests.
process.env['NODE_COMPILE_CACHE'] ??= join(ROOT, 'node_modules/.cache/adit-test')
/** Inside `adit_in_lab`: as root, or as root of a user namespace. */
const IN_LAB = ['bash', '-c', `source "${ROOT}/script/lib.sh"; adit_in_lab "$@"`, 'script/test']

const steps: Step[] = [
  { name: 'typecheck', argv: ['npm', 'run', '-s', 'typecheck'], timeoutMinutes: 3 },
  { name: 'lint', argv: ['npm', 'run', '-s', 'lint'], timeoutMinutes: 10 },
  { name: 'format', argv: ['npm', 'run', '-s', 'format:check'], timeoutMinutes: 3 },
  { name: 'layers', argv: ['npm', 'run', '-s', 'layers'], timeoutMinutes: 3 },
  { name: 'unit', argv: ['npm', 'test', '-s'], counts: nodeTestCounts, timeoutMinutes: 5 },
  { name: 'contract types', argv: contracts('check'), timeoutMinutes: 5 },
  // GasTest measures differently here than in `gas`, and would write what it measured.
  {
    name: 'contracts',
    argv: contracts('test', '--no-match-contract', 'GasTest'),
    counts: forgeCounts,
    timeoutMinutes: 10,
  },
  { name: 'gas', argv: contracts('gas'), counts: forgeCounts, timeoutMinutes: 5 },
  { name: 'seeded bugs', argv: contracts('mutation'), counts: mutationCounts, timeoutMinutes: 15 },
  ...testFolder('chain', 'iproute2', 5),
  ...testFolder('host', 'iproute2 nftables procps', 15),
  ...labs(),
  {
    name: 'demo',
    argv: [join(ROOT, 'script/demo'), '--json'],
    counts: demoCounts,
    needs: 'iproute2 nftables curl',
    timeoutMinutes: 5,
  },
]

const began = Date.now()
const wanted = process.argv.slice(2)
if (wanted.includes('--list')) {
  for (const { name } of steps) console.log(name)
} else {
  const unknown = wanted.filter((name) => !steps.some((step) => step.name === name))
  for (const name of unknown) console.log(`script/test: there is no step '${name}' (script/test --list)`)
  const counts: Counts[] = unknown.map(() => ({ passed: 0, failed: 1, skipped: 0 }))
  for (const step of steps) if (wanted.length === 0 || wanted.includes(step.name)) counts.push(await runStep(step))
  const sum = (key: keyof Counts) => counts.reduce((total, count) => total + count[key], 0)
  console.log(`\nall steps: ${((Date.now() - began) / 60_000).toFixed(1)} minutes`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
  process.exitCode = sum('failed') === 0 ? 0 : 1
}

async function runStep(step: Step): Promise<Counts> {
  const started = Date.now()
  console.log(`\n== ${step.name}`)
  if (step.needs !== undefined) {
    const bootstrap = [join(ROOT, 'script/bootstrap'), '--quiet', '--packages', step.needs]
    const installed = await run(bootstrap, ROOT, 10)
    // Root can install what is missing: not to be able to is a failure, not a reason to pass without the step.
    if (installed.code !== 0) return notRun(step, lastLines(installed.output, 1), process.getuid?.() === 0)
  }
  const { code, output } = await run(step.argv, ROOT, step.timeoutMinutes)
  const counts = step.counts?.(output) ?? { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
  // A runner that fails without a failed test (it crashed, or ran none) is a failure all the same.
  const onlySkipped = counts.passed === 0 && counts.failed === 0 && counts.skipped > 0
  const result = code !== 0 && counts.failed === 0 && !onlySkipped ? { ...counts, failed: 1 } : counts
  console.log(result.failed === 0 ? closingLines(output) : lastLines(output, 400))
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(
    `-- ${step.name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped, ${seconds} s`,
  )
  return result
}

function notRun(step: Step, reason: string, failed: boolean): Counts {
  console.log(`-- ${step.name}: ${failed ? 'failed' : 'skipped'}: ${reason}`)
  return { passed: 0, failed: failed ? 1 : 0, skipped: failed ? 0 : 1 }
}

/** The output of both streams as it came; a step that takes too long is ended with its children. */
async function run(
  argv: readonly string[],
  cwd: string,
  timeoutMinutes: number,
): Promise<{ code: number; output: string }> {
  const [program, ...args] = argv as [string, ...string[]]
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const forward = (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
  }
  // An interrupted script/test lets the step clean up after itself first.
  const interrupted = () => {
    forward()
    process.exitCode = 130
    child.once('close', () => process.exit(130))
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const late = setTimeout(() => {
    chunks.push(Buffer.from(`\nended after ${timeoutMinutes} minutes\n`))
    forward()
  }, timeoutMinutes * 60_000)
  const tooLate = setTimeout(() => forward('SIGKILL'), timeoutMinutes * 60_000 + 20_000)
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? 1))
  })
  clearTimeout(late)
  clearTimeout(tooLate)
  process.off('SIGINT', interrupted)
  process.off('SIGTERM', interrupted)
  return { code, output: Buffer.concat(chunks).toString('utf8') }
}

function contracts(...args: string[]): string[] {
  return [join(ROOT, 'script/contracts'), ...args]
}

function testFolder(name: string, needs: string, timeoutMinutes: number): Step[] {
  const files = globSync(`test/${name}/**/*.test.ts`, { cwd: ROOT }).sort()
  if (files.length === 0) return []
  const argv = [...IN_LAB, 'node', '--test', '--test-concurrency=1', '--test-reporter=spec', ...files]
  return [{ name, argv, counts: nodeTestCounts, needs, timeoutMinutes }]
}

function labs(): Step[] {
  return globSync('test/**/*.lab.ts', { cwd: ROOT })
    .sort()
    .map((file) => {
      const name = basename(file, '.lab.ts')
      const needs = /^\/\/ needs: *(.*)$/m.exec(readFileSync(join(ROOT, file), 'utf8'))?.[1] ?? ''
      const argv = [join(ROOT, 'script/lab'), name, '--json']
      return { name: `lab ${name}`, argv, counts: labCounts, needs, timeoutMinutes: 20 }
    })
}

function nodeTestCounts(output: string): Counts | undefined {
  const count = (key: string) => Number(new RegExp(`^(?:ℹ|#) ${key} (\\d+)$`, 'm').exec(output)?.[1] ?? Number.NaN)
  const counts = {
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    skipped: count('skipped') + count('todo'),
  }
  return Object.values(counts).some(Number.isNaN) ? undefined : counts
}

function forgeCounts(output: string): Counts | undefined {
  const found = /(\d+) tests passed, (\d+) failed, (\d+) skipped/.exec(output)
  return found === null ? undefined : { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3]) }
}

function mutationCounts(output: string): Counts | undefined {
  const found = /mutation: (\d+) of (\d+) seeded bugs caught/.exec(output)
  return found === null
    ? undefined
    : { passed: Number(found[1]), failed: Number(found[2]) - Number(found[1]), skipped: 0 }
}

function labCounts(output: string): Counts | undefined {
  return lastObject(output) as Counts | undefined
}

function demoCounts(output: string): Counts | undefined {
  const result = lastObject(output) as { passed: boolean; skipped?: string } | undefined
  if (result === undefined) return undefined
  if (result.skipped !== undefined) return { passed: 0, failed: 0, skipped: 1 }
  return { passed: result.passed ? 1 : 0, failed: result.passed ? 0 : 1, skipped: 0 }
}

function lastObject(output: string): unknown {
  const line = lastLines(output, 1)
  return line.startsWith('{') ? JSON.parse(line) : undefined
}

/** What a runner says at its end, without the JSON meant for us. */
function closingLines(output: string): string {
  const lines = output.trimEnd().split('\n')
  return (lines.at(-1)?.startsWith('{') === true ? lines.slice(0, -1) : lines).slice(-14).join('\n')
}

function lastLines(output: string, count: number): string {
  return output.trimEnd().split('\n').slice(-count).join('\n')
}

// about: the demo twice in a row, two at once, killed in the middle, without root: nothing is left behind
// needs: nftables iproute2 curl
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CaseFailed, isOwned, listRuns, runAsNobody, runLab, type Figures } from '../netlab/index.ts'
import { MARKER } from '../netlab/processes.ts'

const DEMO = join(import.meta.dirname, '../../script/demo')
const ANY_SCRIPT = join(import.meta.dirname, '../../script/test')
const TIMEOUT_MS = 180_000

await runLab({
  name: 'demo-clean',
  needs: 'namespaces and tun',
  cases: [
    { name: 'two at once', run: twoAtOnce, timeoutMs: 2 * TIMEOUT_MS },
    { name: 'again, killed in the middle', run: killed, timeoutMs: TIMEOUT_MS },
    { name: 'without root', run: withoutRoot, timeoutMs: TIMEOUT_MS },
  ],
})

async function twoAtOnce(): Promise<Figures> {
  const before = leftovers()
  const results = await Promise.all([demo().ended, demo().ended])
  const failed = results.filter(({ code }) => code !== 0)
  if (failed.length > 0) throw new CaseFailed('both pass', { output: failed.map(({ output }) => output).join('\n') })
  return nothingLeft(before)
}

/** Kills the demo with its script when its daemons run; the next run of any script removes what it left. */
async function killed(): Promise<Figures> {
  const before = leftovers()
  const { child, ended, output } = demo()
  const until = Date.now() + TIMEOUT_MS / 2
  while (!output().includes('adit connect') && Date.now() < until) await delay(100)
  child.kill('SIGKILL')
  await ended
  const dead = listRuns().filter((run) => !isOwned(run)).length
  if (dead !== 1) throw new CaseFailed('the kill leaves one run', { dead, output: output() })
  execFileSync(ANY_SCRIPT, ['--list'], { stdio: 'ignore' })
  return nothingLeft(before)
}

async function withoutRoot(): Promise<Figures> {
  const before = leftovers()
  const output = runAsNobody(`${DEMO} --json`, '0666', TIMEOUT_MS)
  const { passed } = JSON.parse(output.split('\n').at(-1) ?? '') as { passed: boolean }
  if (!passed) throw new CaseFailed('the demo passes without root', { output })
  return await Promise.resolve(nothingLeft(before))
}

function demo() {
  // `exec` all the way down: this pid becomes the demo itself.
  const child = spawn(DEMO, ['--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(String(chunk)))
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('exit', (code) => resolve({ code, output: chunks.join('') }))
  })
  return { child, ended, output: () => chunks.join('') }
}

/** What runs without a living owner have left: files, processes, mounts; and the machine's own links. */
function leftovers(): string[] {
  const living = listRuns().filter(isOwned)
  const isLiving = (text: string) => living.some(({ record }) => text.includes(record.id))
  const dead = listRuns().filter((run) => !isOwned(run))
  const marked = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => environmentOf(pid).includes(`${MARKER}=`) && !isLiving(environmentOf(pid)))
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes('adit-lab') && !isLiving(line))
  return [
    ...dead.map(({ directory }) => directory),
    ...readdirSync('/tmp').filter((name) => name.startsWith('adit-lab')),
    ...marked.map((pid) => `process ${pid}`),
    ...readdirSync('/sys/class/net').map((device) => `device ${device}`),
    ...mounts,
  ]
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch (error) {
    // Ended meanwhile, or a kernel thread.
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

function nothingLeft(before: readonly string[]): Figures {
  const left = leftovers().filter((item) => !before.includes(item))
  if (left.length > 0) throw new CaseFailed('nothing is left', { left: left.join('; ') })
  return { left: 0 }
}

/** `script/demo`: see there for its arguments. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { closeLabs, LabUnsupported, openLab, type Lab } from '../netlab/index.ts'
import { cleanCommand, cleanKept, enterKept, KEEP_MS, listKept } from './kept.ts'
import { reportOf } from './report.ts'
import { tellStory } from './story.ts'
import type { Tell } from './world.ts'

const LOG_LINES = 20

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const [first, second, third, ...rest] = args as [string?, string?, string?, ...string[]]
  switch (first) {
    case '--list':
      listKept()
      return 0
    case '--clean':
      return second === undefined ? usage('--clean needs the id of a run') : cleanKept(second)
    case '--enter':
      if (third === undefined) return usage('--enter needs the id of a run and a host')
      return enterKept(second ?? '', third, rest[0] === '--' ? rest.slice(1) : rest)
    default: {
      const unknown = args.find((argument) => argument !== '--json' && argument !== '--keep')
      if (unknown !== undefined) return usage(`unknown argument '${unknown}'`)
      return await run(args.includes('--json'), args.includes('--keep'))
    }
  }
}

async function run(json: boolean, keep: boolean): Promise<number> {
  const started = performance.now()
  const tell = teller(started)
  let lab: Lab | undefined
  try {
    lab = await openLab('demo')
    const story = await tellStory(lab, tell)
    const report = reportOf(story, (performance.now() - started) / 1000)
    console.log(report.text)
    if (keep) await keepRunning(lab, story.observed.session)
    else lab.close()
    if (json) console.log(JSON.stringify({ ...report.json, ...(keep ? { id: lab.id } : {}) }))
    return report.passed ? 0 : 1
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof LabUnsupported) {
      console.log(`demo skipped: ${message}`)
      if (json) console.log(JSON.stringify({ name: 'demo', passed: false, skipped: message }))
      return 3
    }
    console.error(`demo failed: ${message}`)
    if (lab !== undefined) console.error(logTails(lab))
    if (keep && lab !== undefined) await keepRunning(lab, 'SESSION')
    if (json) console.log(JSON.stringify({ name: 'demo', passed: false, error: message }))
    return 1
  } finally {
    closeLabs()
  }
}

async function keepRunning(lab: Lab, session: string): Promise<void> {
  const until = await lab.keep(KEEP_MS, cleanCommand(lab.id))
  console.log(`
This run stays until ${until.toISOString()} under the id ${lab.id}:
  script/demo --enter ${lab.id} provider -- adit earnings
  script/demo --enter ${lab.id} provider -- adit explain ${session}
  script/demo --enter ${lab.id} consumer                    a shell in the consumer's home, with adit
  script/demo --clean ${lab.id}                             end it
Hosts: ${[...lab.hosts.keys()].join(', ')}. Logs: ${lab.directory}/log`)
}

/** The ends of all logs: the files go with the run. */
function logTails(lab: Lab): string {
  const files = globSync(['log/*.log', 'nodes/*/state/log/*.log'], { cwd: lab.directory }).sort()
  const tails = files.map((file) => {
    const lines = readFileSync(join(lab.directory, file), 'utf8').trimEnd().split('\n').slice(-LOG_LINES)
    return lines.join('') === '' ? '' : `--- ${file}\n${lines.join('\n')}`
  })
  return tails.filter((tail) => tail !== '').join('\n')
}

/** A line per step, to standard error: the report alone stands on standard output. */
function teller(started: number): Tell {
  return (step) => {
    if (process.stderr.isTTY) process.stderr.write(`         ${step} ...`)
    return (detail) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5)
      const clear = process.stderr.isTTY ? '\r\x1b[K' : ''
      console.error(`${clear}${seconds} s  ${step}${detail === undefined ? '' : `: ${detail}`}`)
    }
  }
}

function usage(problem: string): number {
  console.error(
    `demo: ${problem}; script/demo [--json] [--keep] | --list | --clean ID | --enter ID HOST [-- COMMAND...]`,
  )
  return 2
}

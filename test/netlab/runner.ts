/** The one convention of labs: a line per case for people, one JSON object as the last line with `--json`. */
import { closeLabs } from './lab.ts'
import { labSupport } from './support.ts'

export type Figures = Readonly<Record<string, string | number | boolean | null>>

export interface LabCase {
  readonly name: string
  /** Returns the figures to print. Throws when the case fails, `CaseSkipped` when it cannot run here. */
  readonly run: (signal: AbortSignal) => Promise<Figures>
  /** Default 120 s. */
  readonly timeoutMs?: number
}

export class CaseSkipped extends Error {}

export interface LabProgram {
  /** As in `script/lab NAME`. */
  readonly name: string
  readonly needs: 'namespaces' | 'namespaces and tun' | 'nothing'
  readonly cases: readonly LabCase[]
  /** Whether a lab that a case opened goes on to the next ones; each case then leaves it as it found it. Default: no. */
  readonly sharesLab?: boolean
  /** Figures of the lab as a whole, after its cases. */
  readonly figures?: () => Figures
}

/** A failed case may carry figures: `throw new CaseFailed('lost too much', { lostUnits: '12' })`. */
export class CaseFailed extends Error {
  readonly figures: Figures

  constructor(message: string, figures: Figures) {
    super(message)
    this.figures = figures
  }
}

/** Runs a lab's cases one after the other and ends the process: 0 when none failed. `--only TEXT` selects cases. */
export async function runLab(program: LabProgram): Promise<never> {
  const json = process.argv.includes('--json')
  const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined
  const cases = program.cases.filter(({ name }) => only === undefined || name.includes(only))
  const support =
    program.needs === 'nothing' ? { ok: true as const } : labSupport({ tun: program.needs.includes('tun') })
  const results: CaseResult[] = []
  if (!support.ok) console.log(`lab ${program.name} skipped: ${support.reason}`)
  for (const one of cases) {
    const result = support.ok ? await runCase(one) : skipped(one.name, support.reason)
    // A case that failed half way leaves no namespace to the next one.
    if (program.sharesLab !== true) closeLabs()
    results.push(result)
    if (support.ok) console.log(line(result))
  }
  if (cases.length === 0) results.push({ name: only ?? '', ok: false, error: 'no such case' })
  const count = (wanted: CaseResult['ok']) => results.filter(({ ok }) => ok === wanted).length
  const [passed, failed, skips] = [count(true), count(false), count('skipped')]
  const figures = program.figures?.() ?? {}
  console.log(`lab ${program.name}: ${passed} passed, ${failed} failed, ${skips} skipped`)
  // `ok` stays a boolean for machines; a skipped case says so in a field of its own.
  const listed = results.map(({ ok, ...rest }) => ({ ...rest, ok: ok === true, skipped: ok === 'skipped' }))
  const summary = { name: program.name, passed, failed, skipped: skips, cases: listed, figures }
  if (json) console.log(JSON.stringify(summary))
  closeLabs()
  process.exit(failed === 0 ? 0 : 1)
}

interface CaseResult {
  readonly name: string
  readonly ok: boolean | 'skipped'
  readonly [figure: string]: string | number | boolean | null
}

async function runCase(one: LabCase): Promise<CaseResult> {
  const started = Date.now()
  const timeoutMs = one.timeoutMs ?? 120_000
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`not done after ${timeoutMs} ms`)), { once: true })
    })
    const figures = await Promise.race([one.run(signal), late])
    return { ...figures, name: one.name, ok: true, ms: Date.now() - started }
  } catch (error) {
    if (error instanceof CaseSkipped) return skipped(one.name, error.message)
    const figures = error instanceof CaseFailed ? error.figures : {}
    const message = error instanceof Error ? error.message : String(error)
    return { ...figures, name: one.name, ok: false, ms: Date.now() - started, error: message }
  }
}

function skipped(name: string, reason: string): CaseResult {
  return { name, ok: 'skipped', reason }
}

function line({ name, ok, ...figures }: CaseResult): string {
  const word = ok === 'skipped' ? 'skip' : ok ? 'ok  ' : 'FAIL'
  const details = Object.entries(figures).map(([key, value]) => `${key}=${value}`)
  return `${word}  ${name}  ${details.join('  ')}`.trimEnd()
}

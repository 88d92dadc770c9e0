/** Shows what a daemon is doing: one line for each step on standard error, with a moving sign at a terminal. */
import { escapeTerminal } from '#base/escape.ts'
import type { ControlEvent } from '../control/events.ts'

export type StepState = 'started' | 'done' | 'failed' | 'skipped'

export interface Progress extends Disposable {
  step(state: StepState, text: string): void
  /** Steps and problems; other events are nothing to show. */
  show(event: ControlEvent): void
}

/** Silent where `quiet` (`--json`). */
export function progressTo(stream: NodeJS.WriteStream, quiet: boolean): Progress {
  const isTty = stream.isTTY && !quiet
  let running = ''
  let frame = 0
  const spin = (): void => {
    if (running === '') return
    stream.write(`\r\u001b[K${FRAMES[frame++ % FRAMES.length]} ${running}`)
  }
  const timer = isTty ? setInterval(spin, FRAME_MS).unref() : undefined
  const line = (sign: string, text: string): void => {
    if (quiet) return
    stream.write(`${isTty ? '\r\u001b[K' : ''}${sign} ${escapeTerminal(text)}\n`)
    running = ''
  }
  const step = (state: StepState, text: string): void => {
    if (state !== 'started') line(SIGNS[state], text)
    else if (isTty) {
      running = escapeTerminal(text)
      spin()
    } else line('…', text)
  }
  return {
    step,
    show(event) {
      if (event.kind === 'problem') line('!', `${event.message}${event.remedy === '' ? '' : ` (${event.remedy})`}`)
      if (event.kind === 'progress') step(event.state, event.text)
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      if (isTty && running !== '') stream.write('\r\u001b[K')
    },
  }
}

/** Runs something longer than a second with one line before and one after it. */
export async function withProgress<T>(quiet: boolean, text: string, action: () => Promise<T>): Promise<T> {
  using progress = progressTo(process.stderr, quiet)
  progress.step('started', text)
  try {
    const result = await action()
    progress.step('done', text)
    return result
  } catch (error) {
    progress.step('failed', text)
    throw error
  }
}

const SIGNS = { done: '✓', failed: '✗', skipped: '-' } as const
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const FRAME_MS = 80

/** Fans control events out to the listeners of `GET /v1/events`; each one first gets what describes the present state. */
import type { ControlEvent } from '../control/events.ts'

/** `Omit` that keeps the arms of a union apart. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type NewEvent = Without<ControlEvent, 'atMs'>

export interface EventHub {
  emit(event: NewEvent): void
  /** Ends when `signal` aborts. A listener that does not read loses the oldest events beyond `MAX_WAITING`. */
  listen(present: readonly NewEvent[], signal: AbortSignal): AsyncIterable<ControlEvent>
}

export function createEventHub(wallMs: () => number): EventHub {
  const listeners = new Set<(event: ControlEvent) => void>()
  const stamp = (event: NewEvent): ControlEvent => ({ ...event, atMs: wallMs() })
  return {
    emit(event) {
      for (const listener of listeners) listener(stamp(event))
    },
    listen: (present, signal) => listenUntil(listeners, present.map(stamp), signal),
  }
}

async function* listenUntil(
  listeners: Set<(event: ControlEvent) => void>,
  waiting: ControlEvent[],
  signal: AbortSignal,
): AsyncGenerator<ControlEvent> {
  let wake: () => void = () => undefined
  const listener = (event: ControlEvent): void => {
    waiting.push(event)
    if (waiting.length > MAX_WAITING) waiting.shift()
    wake()
  }
  const onAbort = (): void => wake()
  listeners.add(listener)
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      const next = waiting.shift()
      if (next !== undefined) {
        yield next
        continue
      }
      await new Promise<void>((resolve) => {
        wake = resolve
        if (signal.aborted || waiting.length > 0) resolve()
      })
    }
  } finally {
    listeners.delete(listener)
    signal.removeEventListener('abort', onAbort)
  }
}

const MAX_WAITING = 1024

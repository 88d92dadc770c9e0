/** One turn of the engine: wait, obey, carry a batch each way, answer, report. The worker repeats it; tests call it. */
import { AditError } from '#base/errors.ts'
import type { Command } from './commands.ts'
import { handleCommand } from './commands.ts'
import { receiveBatch } from './inbound.ts'
import { READY } from './operations.ts'
import { transmitBatch } from './outbound.ts'
import { flushOwn } from './own.ts'
import { type EngineState, flushEvents } from './state.ts'
import type { EngineEvent } from './types.ts'

/** Reports of activity come at most this often; the protocol's timers count in seconds. */
export const ACTIVITY_INTERVAL_MS = 50
/** A safety net only: whoever wants something wakes us. */
const IDLE_WAIT_MS = 1_000

export interface LoopParts {
  readonly monotonicMs: () => number
  /** Commands that came since the last turn, in order. */
  readonly nextCommand: () => Command | undefined
  readonly report: (events: readonly EngineEvent[]) => void
  readonly activityIntervalMs: number
}

/** Returns how many packets it carried. Throws when the TUN or the socket is gone. */
export function turn(state: EngineState, parts: LoopParts): number {
  const waitMs = state.activeCount > 0 ? Math.max(0, Math.ceil(state.eventsDueMs - state.nowMs)) : IDLE_WAIT_MS
  const ready = state.operations.wait(Math.min(waitMs, IDLE_WAIT_MS))
  if ((ready & READY.broken) !== 0) {
    throw new AditError('engine-gone', 'the TUN device or the UDP socket is gone', {
      remedy: 'another program removed the interface: start the tunnel again',
    })
  }
  state.nowMs = parts.monotonicMs()
  if ((ready & READY.woken) !== 0) {
    for (let command = parts.nextCommand(); command !== undefined; command = parts.nextCommand()) {
      handleCommand(state, command)
    }
  }
  let carried = 0
  if ((ready & READY.udp) !== 0) carried += receiveBatch(state)
  if ((ready & READY.tun) !== 0) carried += transmitBatch(state)
  flushOwn(state)
  const events = flushEvents(state, parts.activityIntervalMs)
  if (events.length > 0) parts.report(events)
  return carried
}

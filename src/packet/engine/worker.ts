/**
 * The engine's thread: one loop that never yields. It sits in `poll`; the eventfd wakes it, and commands are taken from
 * the port by hand, because messages are not delivered to a thread that never returns to its event loop.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Command } from './commands.ts'
import { FfiOperations, type FfiDescriptors } from './ffi-operations.ts'
import { ACTIVITY_INTERVAL_MS, type LoopParts, turn } from './loop.ts'
import { createState, SHARED } from './state.ts'
import type { EngineEvent, EngineOptions } from './types.ts'

export interface WorkerInput {
  readonly fds: FfiDescriptors
  readonly options: EngineOptions
  readonly counters: BigUint64Array
  readonly shared: Int32Array
  readonly seeds: Uint32Array
  readonly commands: MessagePort
}

/** Once at the start, then batches of events. */
export type WorkerMessage =
  { readonly kind: 'ready' } | { readonly kind: 'events'; readonly events: readonly EngineEvent[] }

function run(input: WorkerInput, post: (message: WorkerMessage) => void): void {
  using operations = new FfiOperations(input.fds)
  const monotonicMs = (): number => performance.now()
  const state = createState({ ...input, operations, nowMs: monotonicMs() })
  const parts: LoopParts = {
    monotonicMs,
    nextCommand: () => {
      const received = receiveMessageOnPort(input.commands) as { readonly message: Command } | undefined
      if (received === undefined) return undefined
      Atomics.sub(state.shared, SHARED.waitingCommands, 1)
      return received.message
    },
    report: (events) => post({ kind: 'events', events }),
    activityIntervalMs: ACTIVITY_INTERVAL_MS,
  }
  post({ kind: 'ready' })
  while (!state.stopping) turn(state, parts)
  input.commands.close()
}

if (parentPort !== null) {
  const port = parentPort
  run(workerData as WorkerInput, (message) => port.postMessage(message))
}

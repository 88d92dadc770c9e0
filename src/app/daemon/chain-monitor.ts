/**
 * Watches the chain for a daemon: is it there, which blocks came, which of our events. A chain that is down or slow is a
 * state, not an exception: running sessions go on with their vouchers, new ones wait, and `status` says so.
 */
import type { Clock, Millis } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { readHead, type Chain } from '#payment/chain/client.ts'
import { readEvents, type EventFilter } from '#payment/chain/events.ts'
import type { ChainCursor, ChainEvent, Deployment } from '#payment/chain/types.ts'
import type { ChainStatus } from '../control/views.ts'

export type ChainNews =
  | { readonly kind: 'events'; readonly events: readonly ChainEvent[] }
  /** Blocks above `ancestorBlock` are gone; `events` are the new ones. Read what you know from there again. */
  | { readonly kind: 'reorg'; readonly ancestorBlock: number; readonly events: readonly ChainEvent[] }
  /** The chain is shorter than what was seen, or another one: read everything again, claim again, open again. */
  | { readonly kind: 'deep-reorg'; readonly seen: number; readonly head: number }

export interface ChainMonitorOptions {
  readonly chain: Chain
  readonly deployment: Deployment
  /** Asked at each look: the channels that concern us change. */
  readonly filter: () => EventFilter
  /** Where an earlier run stopped. */
  readonly cursor: ChainCursor | undefined
  /** Called after the news were handled: store it durably. */
  readonly onCursor: (cursor: ChainCursor) => void
  /** Awaited before the cursor moves: a crash in between delivers the same news again. */
  readonly onNews: (news: ChainNews) => Promise<void>
  /** Awaited when the newest block is another one than at the look before, after its news. */
  readonly onBlock?: (block: number) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  readonly intervalMs?: Millis
}

export interface ChainMonitor extends AsyncDisposable {
  status(): ChainStatus
  /** Unix seconds of the newest block that was seen; contract windows go by block time. */
  blockTime(): number | undefined
  /** Looks now; resolves when the look is done. */
  poll(): Promise<void>
}

export function watchChain(options: ChainMonitorOptions): ChainMonitor {
  return new PollingMonitor(options)
}

class PollingMonitor implements ChainMonitor {
  readonly #options: ChainMonitorOptions
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #cursor: ChainCursor | undefined
  #status: ChainStatus
  #blockTime: number | undefined
  #polling: Promise<void> | undefined
  #wake: (() => void) | undefined

  constructor(options: ChainMonitorOptions) {
    this.#options = options
    this.#cursor = options.cursor
    this.#status = { state: 'reachable', chainId: options.chain.chainId, block: null, seenAtMs: null, detail: null }
    this.#done = this.#run()
  }

  status(): ChainStatus {
    return this.#status
  }

  blockTime(): number | undefined {
    return this.#blockTime
  }

  poll(): Promise<void> {
    this.#polling ??= this.#look().finally(() => {
      this.#polling = undefined
    })
    return this.#polling
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#wake?.()
    await this.#done
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.poll()
      await this.#sleep(this.#options.intervalMs ?? INTERVAL_MS)
    }
  }

  async #look(): Promise<void> {
    const { chain, deployment, clock, log } = this.#options
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)])
    const startedMs = clock.monotonicMs()
    try {
      const head = await readHead(chain, { signal })
      await this.#readNews({ chain, deployment }, signal)
      if (head.block !== this.#status.block) await this.#options.onBlock?.(head.block)
      const slow = clock.monotonicMs() - startedMs > SLOW_MS
      this.#blockTime = head.timestamp
      this.#status = {
        state: slow ? 'slow' : 'reachable',
        chainId: chain.chainId,
        block: head.block,
        seenAtMs: clock.wallMs(),
        detail: slow ? 'the chain answers slowly' : null,
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return
      const detail = error instanceof AditError ? error.message : 'the chain does not answer'
      if (this.#status.state !== 'unreachable') log.warn({ detail }, 'chain unreachable: running sessions go on')
      this.#status = { ...this.#status, state: 'unreachable', detail }
    }
  }

  async #readNews(context: { chain: Chain; deployment: Deployment }, signal: AbortSignal): Promise<void> {
    const { filter, onNews, onCursor, log } = this.#options
    const page = await readEvents(
      context,
      { ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }), filter: filter() },
      { signal },
    )
    if (page.kind === 'deep-reorg') {
      log.warn({ seen: page.seen, head: page.head }, 'the chain lost blocks that were seen: reading everything again')
      await onNews(page)
      this.#cursor = undefined
      return
    }
    if (page.kind === 'reorg') {
      await onNews({ kind: 'reorg', ancestorBlock: page.ancestor.block, events: page.events })
    } else if (page.events.length > 0) {
      await onNews(page)
    }
    if (this.#cursor?.hash !== page.cursor.hash) onCursor(page.cursor)
    this.#cursor = page.cursor
  }

  #sleep(forMs: Millis): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, forMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#stop.signal.aborted) this.#wake()
    })
  }
}

const INTERVAL_MS = 2_000
const LOOK_TIMEOUT_MS = 15_000
const SLOW_MS = 3_000

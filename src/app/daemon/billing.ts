/**
 * Where the packet's path and the payment's path meet: the engine's counters go into a channel machine, what the machine
 * says goes out as an allowance, a datagram or a line in the store. Plain numbers and opaque bytes cross here.
 *
 * The outputs of one step are performed in order. When one fails (a full disk), the rest is not performed and the
 * session stops: service is never extended, and no voucher sent, that is not on disk.
 */
import type { Clock } from '#base/clock.ts'
import { bytesOf } from '#base/hex.ts'
import type { Random } from '#base/random.ts'
import { err, type Result } from '#base/result.ts'
import type { TokenUnits } from '#base/units/money.ts'
import { nextConsumerDeadline, startConsumer, stepConsumer } from '#payment/channel/consumer.ts'
import type {
  ConsumerCounters,
  ConsumerEvent,
  ConsumerInput,
  ConsumerOptions,
  ConsumerOutput,
  ConsumerState,
} from '#payment/channel/consumer-state.ts'
import { nextProviderDeadline, startProvider, stepProvider } from '#payment/channel/provider.ts'
import type {
  ProviderCounters,
  ProviderEvent,
  ProviderInput,
  ProviderOptions,
  ProviderOutput,
  ProviderState,
} from '#payment/channel/provider-state.ts'
import type { ChannelFacts, ClosingStatement, VoucherRecord } from '#payment/channel/session.ts'
import type { VoucherCrypto } from '#payment/channel/signer.ts'

/** The session's tunnel as money sees it. */
export interface ProviderTunnel {
  counters(): ProviderCounters
  send(datagram: Uint8Array): void
  setAllowance(bytes: bigint): void
  setService(service: 'open' | 'paused'): void
}

export interface ConsumerTunnel {
  counters(): ConsumerCounters
  send(datagram: Uint8Array): void
}

/** Durable when it returns; throws where it is not. */
export interface BillingLedger {
  recordVoucher(record: VoucherRecord): void
  recordClosing(statement: ClosingStatement): void
}

interface BillingDeps<Event> {
  readonly ledger: BillingLedger
  readonly crypto: VoucherCrypto
  readonly clock: Clock
  readonly onEvent: (event: Event) => void
  /** An output could not be performed; the session's service is paused already. */
  readonly onFailure: (error: unknown) => void
}

export interface ProviderBilling extends Disposable {
  readonly state: ProviderState
  handleDatagram(datagram: Uint8Array): void
  handleFacts(facts: ChannelFacts): void
  /** The owner stops: no more service, the consumer is told. */
  stop(): void
  /** Judges the final statement of a `close` request: the amount owed from now on, or a refusal. */
  close(statement: ClosingStatement | undefined): Result<TokenUnits, 'final-amount'>
}

export function billProvider(
  options: ProviderOptions,
  deps: BillingDeps<ProviderEvent> & { readonly tunnel: ProviderTunnel; readonly random: Random },
): ProviderBilling {
  const { tunnel, ledger, crypto } = deps
  const machine = { clock: deps.clock, random: deps.random }
  let closeAnswer: Result<TokenUnits, 'final-amount'> = err('final-amount')
  const loop = runMachine<ProviderState, ProviderInput, ProviderOutput>({
    start: startProvider(options, machine),
    step: (state, input) => stepProvider(state, input, machine),
    deadline: nextProviderDeadline,
    tick: () => ({ kind: 'tick', counters: tunnel.counters() }),
    clock: deps.clock,
    onFailure: (error) => {
      tunnel.setService('paused')
      deps.onFailure(error)
    },
    perform: (output, feed) => {
      switch (output.kind) {
        case 'record':
          ledger.recordVoucher(output.record)
          break
        case 'record-closing':
          ledger.recordClosing(output.statement)
          break
        case 'send':
          tunnel.send(output.datagram)
          break
        case 'allowance':
          tunnel.setAllowance(output.bytes)
          break
        case 'service':
          tunnel.setService(output.service)
          break
        case 'close-answer':
          closeAnswer = output.answer
          break
        case 'event':
          deps.onEvent(output.event)
          break
        case 'verify':
          feed(
            crypto
              .verify(output.digest, bytesOf(output.signature), output.signer)
              .then((valid) => ({ kind: 'verified', job: output.job, valid, counters: tunnel.counters() })),
          )
      }
    },
  })
  return {
    get state() {
      return loop.state
    },
    handleDatagram: (datagram) => loop.feed({ kind: 'datagram', datagram, counters: tunnel.counters() }),
    handleFacts: (facts) => loop.feed({ kind: 'facts', facts, counters: tunnel.counters() }),
    stop: () => loop.feed({ kind: 'stop', counters: tunnel.counters() }),
    close: (statement) => {
      closeAnswer = err('final-amount')
      loop.feed({ kind: 'close', statement, counters: tunnel.counters() })
      return closeAnswer
    },
    [Symbol.dispose]: () => loop[Symbol.dispose](),
  }
}

export interface ConsumerBilling extends Disposable {
  readonly state: ConsumerState
  handleDatagram(datagram: Uint8Array): void
  handleFacts(facts: ChannelFacts): void
  /** Traffic has stopped: the final reading, at the latest after two seconds; undefined where nothing was signed. */
  finish(): Promise<ClosingStatement | undefined>
}

export function billConsumer(
  options: ConsumerOptions,
  deps: BillingDeps<ConsumerEvent> & { readonly tunnel: ConsumerTunnel },
): ConsumerBilling {
  const { tunnel, ledger, crypto } = deps
  const machine = { clock: deps.clock }
  const final = Promise.withResolvers<ClosingStatement | undefined>()
  const loop = runMachine<ConsumerState, ConsumerInput, ConsumerOutput>({
    start: startConsumer(options, machine),
    step: (state, input) => stepConsumer(state, input, machine),
    deadline: nextConsumerDeadline,
    tick: () => ({ kind: 'tick', counters: tunnel.counters() }),
    clock: deps.clock,
    onFailure: (error) => {
      final.resolve(undefined)
      deps.onFailure(error)
    },
    perform: (output, feed) => {
      switch (output.kind) {
        case 'record':
          ledger.recordVoucher(output.record)
          break
        case 'send':
          tunnel.send(output.datagram)
          break
        case 'final':
          final.resolve(output.statement)
          break
        case 'event':
          deps.onEvent(output.event)
          break
        case 'sign':
          feed(
            crypto.sign(output.digest).then((signature) => ({ kind: 'signed', job: output.job, signature }) as const),
          )
      }
    },
  })
  return {
    get state() {
      return loop.state
    },
    handleDatagram: (datagram) => loop.feed({ kind: 'datagram', datagram, counters: tunnel.counters() }),
    handleFacts: (facts) => loop.feed({ kind: 'facts', facts }),
    finish: () => {
      loop.feed({ kind: 'finish', counters: tunnel.counters() })
      return final.promise
    },
    [Symbol.dispose]: () => {
      loop[Symbol.dispose]()
      final.resolve(undefined)
    },
  }
}

interface Machine<State, Input, Output> {
  readonly start: State
  readonly step: (state: State, input: Input) => { readonly state: State; readonly outputs: readonly Output[] }
  /** Monotonic time of the next tick; Infinity for none. */
  readonly deadline: (state: State) => number
  readonly tick: () => Input
  readonly perform: (output: Output, feed: (later: Promise<Input>) => void) => void
  readonly clock: Clock
  readonly onFailure: (error: unknown) => void
}

/** Performs what a pure machine says, and sets the one timer for its next deadline. */
function runMachine<State, Input, Output>(machine: Machine<State, Input, Output>) {
  let state = machine.start
  let timer: NodeJS.Timeout | undefined
  let isEnded = false

  function fail(error: unknown): void {
    if (isEnded) return
    end()
    machine.onFailure(error)
  }

  function feed(input: Input): void {
    if (isEnded) return
    try {
      const { state: next, outputs } = machine.step(state, input)
      state = next
      for (const output of outputs) machine.perform(output, feedLater)
    } catch (error) {
      fail(error)
      return
    }
    clearTimeout(timer)
    const deadlineMs = machine.deadline(state)
    if (deadlineMs === Infinity) return
    timer = setTimeout(() => feed(machine.tick()), Math.max(0, deadlineMs - machine.clock.monotonicMs()))
  }

  function feedLater(later: Promise<Input>): void {
    later.then(feed, fail)
  }

  function end(): void {
    isEnded = true
    clearTimeout(timer)
  }

  feed(machine.tick())
  return {
    get state(): State {
      return state
    },
    feed,
    [Symbol.dispose]: end,
  }
}

/**
 * Opens a packet engine with the `ffi` operations in a worker thread. The main thread opens and closes the descriptors,
 * so that an error comes at once and to whom it concerns; the worker borrows them.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { AditError } from '#base/errors.ts'
import { WakeEvent } from '../link/event.ts'
import { openTun, type TunDevice } from '../link/tun.ts'
import { openUdp, type UdpSocket } from '../link/udp.ts'
import type { Command } from './commands.ts'
import { countDrop, createCounters, NO_PEER, resetRow, writeAllowance, writeService } from './counters.ts'
import { DROP } from './drops.ts'
import { BATCH_PACKETS } from './operations.ts'
import { MAX_WAITING_EVENTS, SHARED } from './state.ts'
import type {
  Endpoint,
  EngineEvent,
  EngineOptions,
  GatewayDatagram,
  PacketEngine,
  PeerId,
  PeerOptions,
  Service,
  TransportKeys,
} from './types.ts'
import type { WorkerInput, WorkerMessage } from './worker.ts'

/** Throws the `AditError` of the link that could not be opened (`tun-*`, `udp-*`, `aead-missing`). */
export async function openPacketEngine(options: EngineOptions): Promise<PacketEngine> {
  using resources = new DisposableStack()
  const tun = resources.use(openTun(options.tunName, options.mtu))
  const udp = resources.use(openUdp({ port: options.listenPort, mark: options.fwmark }))
  const wake = resources.use(new WakeEvent())
  const { port1, port2 } = new MessageChannel()
  const counters = createCounters()
  const shared = new Int32Array(new SharedArrayBuffer(SHARED.words * Int32Array.BYTES_PER_ELEMENT))
  const input: WorkerInput = {
    fds: { tunFd: tun.fd, udpFd: udp.fd, udpFamily: udp.family, wakeFd: wake.fd, mtu: options.mtu },
    options,
    counters,
    shared,
    seeds: new Uint32Array(Uint8Array.from(randomBytes(8)).buffer),
    commands: port2,
  }
  const worker = new Worker(new URL(import.meta.url.replace(/open(\.[jt]s)$/, 'worker$1')), {
    name: 'packet-engine',
    workerData: input,
    transferList: [port2],
  })
  const [first] = (await once(worker, 'message')) as [WorkerMessage]
  if (first.kind !== 'ready') throw new AditError('engine-start', `engine: expected "ready", got "${first.kind}"`)
  return new WorkerEngine({ tun, udp, wake, worker, port: port1, counters, shared }, resources.move())
}

interface EngineParts {
  readonly tun: TunDevice
  readonly udp: UdpSocket
  readonly wake: WakeEvent
  readonly worker: Worker
  readonly port: MessagePort
  readonly counters: BigUint64Array
  readonly shared: Int32Array
}

class WorkerEngine implements PacketEngine {
  readonly capabilities = { implementation: 'ffi', batch: BATCH_PACKETS } as const
  readonly tun: { readonly name: string; readonly mtu: number }
  readonly port: number
  readonly counters: BigUint64Array
  readonly #parts: EngineParts
  readonly #resources: DisposableStack
  readonly #listeners: ((events: readonly EngineEvent[]) => void)[] = []
  readonly #stop = (): void => this.#command({ kind: 'stop' })
  #closing: Promise<void> | undefined
  #gone = false

  constructor(parts: EngineParts, resources: DisposableStack) {
    this.#parts = parts
    this.#resources = resources
    this.tun = { name: parts.tun.name, mtu: parts.tun.mtu }
    this.port = parts.udp.port
    this.counters = parts.counters
    parts.worker.on('message', (message: WorkerMessage) => this.#handle(message))
    parts.worker.on('error', (cause: unknown) => {
      this.#emit([{ kind: 'fatal', error: cause instanceof Error ? cause.message : 'the packet engine failed' }])
    })
    parts.worker.on('exit', () => (this.#gone = true))
    // A worker that sits in poll cannot be terminated: without this, process.exit() would hang for ever.
    process.once('exit', this.#stop)
  }

  addPeer(peer: PeerId, options: PeerOptions): void {
    resetRow(this.counters, peer)
    this.#command({ kind: 'addPeer', peer, options })
  }

  removePeer(peer: PeerId): void {
    this.#command({ kind: 'removePeer', peer })
  }

  setEndpoint(peer: PeerId, endpoint: Endpoint): void {
    this.#command({ kind: 'setEndpoint', peer, endpoint })
  }

  installKeys(peer: PeerId, keys: TransportKeys): void {
    this.#command({ kind: 'installKeys', peer, keys })
  }

  dropKeys(peer: PeerId, localIndex: number): void {
    this.#command({ kind: 'dropKeys', peer, localIndex })
  }

  setPeerMtu(peer: PeerId, mtu: number): void {
    this.#command({ kind: 'setPeerMtu', peer, mtu })
  }

  setService(peer: PeerId, service: Service): void {
    writeService(this.counters, peer, service)
  }

  setAllowance(peer: PeerId, bytes: bigint): void {
    writeAllowance(this.counters, peer, bytes)
  }

  sendControl(endpoint: Endpoint, bytes: Uint8Array): void {
    this.#commandWhereRoom({ kind: 'sendControl', endpoint, bytes })
  }

  sendKeepalive(peer: PeerId): void {
    this.#command({ kind: 'sendKeepalive', peer })
  }

  sendProbe(peer: PeerId): void {
    this.#command({ kind: 'sendProbe', peer })
  }

  sendGatewayDatagram(peer: PeerId, datagram: GatewayDatagram): void {
    this.#commandWhereRoom({ kind: 'sendGatewayDatagram', peer, datagram })
  }

  on(listener: (events: readonly EngineEvent[]) => void): void {
    this.#listeners.push(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    process.off('exit', this.#stop)
    if (!this.#gone) {
      const exited = once(this.#parts.worker, 'exit')
      this.#stop()
      await exited
    }
    this.#parts.port.close()
    this.#resources.dispose()
  }

  #handle(message: WorkerMessage): void {
    if (message.kind !== 'events') return
    const handed = message.events.filter((event) => event.kind === 'control' || event.kind === 'gatewayDatagram').length
    try {
      this.#emit(message.events)
    } finally {
      if (handed > 0) Atomics.add(this.#parts.shared, SHARED.handledEvents, handed)
    }
  }

  #emit(events: readonly EngineEvent[]): void {
    for (const listener of this.#listeners) listener(events)
  }

  #command(command: Command): void {
    if (this.#gone) return
    Atomics.add(this.#parts.shared, SHARED.waitingCommands, 1)
    this.#parts.port.postMessage(command)
    this.#parts.wake.wake()
  }

  /** For commands that others can provoke: bounded, so that a flood of answers does not pile up. */
  #commandWhereRoom(command: Command): void {
    if (Atomics.load(this.#parts.shared, SHARED.waitingCommands) < MAX_WAITING_EVENTS) this.#command(command)
    else countDrop(this.counters, NO_PEER, DROP['command-queue'])
  }
}

/**
 * A packet engine without threads or descriptors, for unit tests of whatever stands on one: the same state, commands and
 * turns as in the worker, over memory links. `pump` runs it; nothing happens between two calls.
 */
import type { MemoryTun, MemoryUdp } from '../link/memory.ts'
import { type Command, handleCommand } from './commands.ts'
import { createCounters, resetRow, writeAllowance, writeService } from './counters.ts'
import { turn } from './loop.ts'
import { MemoryOperations } from './memory-operations.ts'
import { BATCH_PACKETS, type BatchOperations } from './operations.ts'
import { createState, type EngineState, SHARED } from './state.ts'
import type { EngineEvent, EngineOptions, PacketEngine, PeerId } from './types.ts'

export interface MemoryEngine extends PacketEngine {
  readonly udp: MemoryUdp
  readonly tunLink: MemoryTun
  /** The tables inside, for tests that must look (or set a counter to an age that no test can wait for). */
  readonly state: EngineState
  /** Turns until nothing more can be carried. The number of packets carried. */
  pump(): number
}

export interface MemoryEngineLinks {
  readonly udp: MemoryUdp
  readonly tun: MemoryTun
  readonly monotonicMs: () => number
  /** Other operations over the same links: how a test compares two sets. */
  readonly operations?: BatchOperations
}

export function openMemoryEngine(options: EngineOptions, links: MemoryEngineLinks): MemoryEngine {
  const operations = links.operations ?? new MemoryOperations(links.udp, links.tun, options.mtu)
  const counters = createCounters()
  const shared = new Int32Array(new SharedArrayBuffer(SHARED.words * Int32Array.BYTES_PER_ELEMENT))
  const seeds = Uint32Array.of(0x1234_5678, 0x9abc_def0)
  const state = createState({ operations, options, counters, shared, seeds, nowMs: links.monotonicMs() })
  const listeners: ((events: readonly EngineEvent[]) => void)[] = []
  const commands: Command[] = []
  const push = (command: Command): void => void commands.push(command)
  const parts = {
    monotonicMs: links.monotonicMs,
    nextCommand: () => commands.shift(),
    report: (events: readonly EngineEvent[]): void => {
      const handed = events.filter((event) => event.kind === 'control' || event.kind === 'gatewayDatagram').length
      for (const listener of listeners) listener(events)
      Atomics.add(shared, SHARED.handledEvents, handed)
    },
    activityIntervalMs: 0,
  }
  const close = (): Promise<void> => {
    handleCommand(state, { kind: 'stop' })
    operations[Symbol.dispose]()
    return Promise.resolve()
  }
  return {
    capabilities: { implementation: operations.implementation, batch: BATCH_PACKETS },
    tun: { name: options.tunName, mtu: options.mtu },
    port: links.udp.local.port,
    counters,
    udp: links.udp,
    tunLink: links.tun,
    state,
    pump() {
      for (let total = 0; ;) {
        const carried = turn(state, parts)
        total += carried
        if (carried === 0 && commands.length === 0) return total
      }
    },
    addPeer(peer: PeerId, peerOptions) {
      resetRow(counters, peer)
      push({ kind: 'addPeer', peer, options: peerOptions })
    },
    removePeer: (peer) => push({ kind: 'removePeer', peer }),
    setEndpoint: (peer, endpoint) => push({ kind: 'setEndpoint', peer, endpoint }),
    installKeys: (peer, keys) =>
      push({
        kind: 'installKeys',
        peer,
        keys: { ...keys, sendKey: Uint8Array.from(keys.sendKey), receiveKey: Uint8Array.from(keys.receiveKey) },
      }),
    dropKeys: (peer, localIndex) => push({ kind: 'dropKeys', peer, localIndex }),
    setPeerMtu: (peer, mtu) => push({ kind: 'setPeerMtu', peer, mtu }),
    setService: (peer, service) => writeService(counters, peer, service),
    setAllowance: (peer, bytes) => writeAllowance(counters, peer, bytes),
    sendControl: (endpoint, bytes) => push({ kind: 'sendControl', endpoint, bytes }),
    sendKeepalive: (peer) => push({ kind: 'sendKeepalive', peer }),
    sendProbe: (peer) => push({ kind: 'sendProbe', peer }),
    sendGatewayDatagram: (peer, datagram) => push({ kind: 'sendGatewayDatagram', peer, datagram }),
    on: (listener) => void listeners.push(listener),
    close,
    [Symbol.asyncDispose]: close,
  }
}

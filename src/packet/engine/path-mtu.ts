/**
 * Follows the outer path of each peer: reads from the host what the kernel knows of it, and keeps the peer's inner MTU at
 * that minus the overhead. The kernel learns from routers' "too big" (RFC 1191, RFC 8201); a probe makes them speak before
 * a packet of somebody is lost. The path is read when the peer has a new address, shortly after a probe, and when the
 * kernel refused a send; while it carries less than the TUN does, it is probed again every ten minutes.
 */
import { MINUTE_MS, SECOND_MS } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { innerMtu, MIN_INNER_MTU, MIN_PEER_MTU } from './mtu.ts'
import type { Endpoint, PeerId } from './types.ts'

export interface PathMtuOptions {
  /** The inner MTU of a peer whose path carries it. */
  readonly tunMtu: number
  /** Bytes of the largest IP packet that is known to pass to this address; rejects where there is no route. */
  readonly pathMtu: (address: string) => Promise<number>
  readonly apply: (peer: PeerId, mtu: number) => void
  readonly probe: (peer: PeerId) => void
  readonly monotonicMs: () => number
  readonly log: Log
}

interface Path {
  address: string
  mtu: number
  /** Inner bytes that the kernel refused since the last probe: the path carries less, whatever a reading says. */
  refusedBytes: number
  isProbed: boolean
  /** When to probe again; infinite while the path carries what the TUN does. */
  probeAtMs: number
  isReading: boolean
  lastReadMs: number
  /** The next reading, and when. */
  timer: NodeJS.Timeout | undefined
  dueMs: number
}

export class PathMtu implements Disposable {
  readonly #options: PathMtuOptions
  readonly #paths = new Map<PeerId, Path>()

  constructor(options: PathMtuOptions) {
    this.#options = options
  }

  /** The peer is there, or somewhere else than before. */
  handleEndpoint(peer: PeerId, { address }: Endpoint): void {
    const path = this.#paths.get(peer) ?? newPath(this.#options.tunMtu)
    if (path.address === address) return
    this.#paths.set(peer, path)
    path.address = address
    path.refusedBytes = Infinity
    path.isProbed = false
    this.#readAt(peer, path, path.lastReadMs + MOVE_INTERVAL_MS)
  }

  /** Messages can be sealed for the peer: once at each address, the path is asked what it carries. */
  handleKeys(peer: PeerId): void {
    const path = this.#paths.get(peer)
    if (path !== undefined && !path.isProbed) this.#probe(peer, path)
  }

  /** The kernel refused a data message with `innerBytes`. */
  handleRefusal(peer: PeerId, innerBytes: number): void {
    const path = this.#paths.get(peer)
    if (path === undefined) return
    path.refusedBytes = Math.min(path.refusedBytes, innerBytes)
    this.#readAt(peer, path, path.lastReadMs + REFUSAL_INTERVAL_MS)
  }

  forget(peer: PeerId): void {
    clearTimeout(this.#paths.get(peer)?.timer)
    this.#paths.delete(peer)
  }

  [Symbol.dispose](): void {
    for (const peer of [...this.#paths.keys()]) this.forget(peer)
  }

  #probe(peer: PeerId, path: Path): void {
    path.isProbed = true
    path.refusedBytes = Infinity
    path.probeAtMs = Infinity
    this.#options.probe(peer)
    this.#readAt(peer, path, this.#options.monotonicMs() + PROBE_ANSWER_MS)
  }

  /** One timer a peer: the earliest reading that was asked for. */
  #readAt(peer: PeerId, path: Path, atMs: number): void {
    if (path.timer !== undefined && path.dueMs <= atMs) return
    clearTimeout(path.timer)
    path.dueMs = atMs
    path.timer = setTimeout(() => void this.#read(peer, path), Math.max(0, atMs - this.#options.monotonicMs()))
    path.timer.unref()
  }

  async #read(peer: PeerId, path: Path): Promise<void> {
    const { monotonicMs, pathMtu, log } = this.#options
    const nowMs = monotonicMs()
    path.timer = undefined
    if (path.isReading) {
      this.#readAt(peer, path, nowMs + REFUSAL_INTERVAL_MS)
      return
    }
    if (nowMs >= path.probeAtMs) {
      this.#probe(peer, path)
      return
    }
    path.isReading = true
    path.lastReadMs = nowMs
    const { address } = path
    let known = path.mtu
    try {
      known = innerMtu(await pathMtu(address), address.includes(':') ? 6 : 4)
    } catch (cause) {
      log.debug({ peer, error: String(cause) }, 'the path to a peer cannot be read: its MTU stays')
    }
    path.isReading = false
    if (this.#paths.get(peer) !== path) return
    if (path.address === address) this.#settle(peer, path, known)
    else this.#readAt(peer, path, monotonicMs())
  }

  #settle(peer: PeerId, path: Path, known: number): void {
    const { tunMtu, apply, log, monotonicMs } = this.#options
    const carried = known < path.refusedBytes ? known : stepBelow(path.refusedBytes)
    const mtu = Math.max(MIN_PEER_MTU, Math.min(tunMtu, carried))
    if (mtu === tunMtu) path.probeAtMs = Infinity
    else {
      if (path.probeAtMs === Infinity) path.probeAtMs = monotonicMs() + PROBE_INTERVAL_MS
      this.#readAt(peer, path, path.probeAtMs)
    }
    apply(peer, mtu)
    if (mtu === path.mtu) return
    path.mtu = mtu
    log.info({ peer, mtu }, 'the path to a peer has another MTU')
    if (mtu < MIN_INNER_MTU) {
      log.warn({ peer, mtu }, 'the path to a peer is too small for IPv6 packets of 1280 bytes: some are dropped')
    }
  }
}

function newPath(mtu: number): Path {
  return {
    address: '',
    mtu,
    refusedBytes: Infinity,
    isProbed: false,
    probeAtMs: Infinity,
    isReading: false,
    lastReadMs: -Infinity,
    timer: undefined,
    dueMs: Infinity,
  }
}

/** What is tried where the kernel refuses a size that it says to carry (several next hops, each with its own path). */
function stepBelow(refusedBytes: number): number {
  return STEPS.find((step) => step < refusedBytes) ?? MIN_PEER_MTU
}

const STEPS = [1400, 1360, 1320, MIN_INNER_MTU, 1200, 1000, 700]
/** A peer that moves all the time costs us a command of the host this often. */
const MOVE_INTERVAL_MS = 5 * SECOND_MS
const REFUSAL_INTERVAL_MS = 250
/** A round trip to any router on the way. */
const PROBE_ANSWER_MS = 500
/** The kernel forgets what it learned after 600 s (`net.ipv4.route.mtu_expires`); then the answer is a new one. */
const PROBE_INTERVAL_MS = 10 * MINUTE_MS + 10 * SECOND_MS

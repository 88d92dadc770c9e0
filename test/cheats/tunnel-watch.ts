/**
 * What really passes through the tunnel devices of this host, by the kernel's counters and no daemon's word:
 * `node tunnel-watch.ts` follows every device `adit*` until SIGTERM and then prints `TunnelTraffic` as JSON.
 */
import { readFileSync } from 'node:fs'

export interface TunnelTraffic {
  /** Inner bytes that the tunnel delivered to this host, and that this host gave to it. */
  readonly deliveredBytes: number
  readonly takenBytes: number
  /** The highest rate of both together over any 100 ms: what the prepaid window is sized by. */
  readonly peakBytesPerSecond: number
}

interface Sample {
  readonly atMs: number
  readonly bytes: number
}

const SAMPLE_MS = 20
const RATE_MS = 100

if (process.argv[1] === import.meta.filename) watch()

function watch(): void {
  const last = new Map<string, readonly [number, number]>()
  let [deliveredBytes, takenBytes, peakBytesPerSecond] = [0, 0, 0]
  let samples: Sample[] = [{ atMs: performance.now(), bytes: 0 }]
  const look = (): void => {
    const devices = readDevices()
    for (const [name, [received, sent]] of devices) {
      // A device that came back under its name counts from zero.
      const [knownReceived, knownSent] = last.get(name) ?? [0, 0]
      deliveredBytes += received - (received < knownReceived ? 0 : knownReceived)
      takenBytes += sent - (sent < knownSent ? 0 : knownSent)
      last.set(name, [received, sent])
    }
    for (const name of last.keys()) if (!devices.has(name)) last.delete(name)
    const now: Sample = { atMs: performance.now(), bytes: deliveredBytes + takenBytes }
    const then = samples.findLast(({ atMs }) => now.atMs - atMs >= RATE_MS)
    if (then !== undefined) {
      peakBytesPerSecond = Math.max(peakBytesPerSecond, ((now.bytes - then.bytes) * 1000) / (now.atMs - then.atMs))
    }
    samples = [...samples.filter(({ atMs }) => now.atMs - atMs < 2 * RATE_MS), now]
  }
  const timer = setInterval(look, SAMPLE_MS)
  process.once('SIGTERM', () => {
    clearInterval(timer)
    look()
    const traffic: TunnelTraffic = { deliveredBytes, takenBytes, peakBytesPerSecond: Math.ceil(peakBytesPerSecond) }
    console.log(JSON.stringify(traffic))
  })
  look()
  console.log('ready')
}

/** Bytes received and sent by name. To the kernel a tunnel device *receives* what the program behind it writes. */
function readDevices(): Map<string, readonly [number, number]> {
  const lines = readFileSync('/proc/net/dev', 'utf8').split('\n')
  return new Map(
    lines.flatMap((line) => {
      const found = /^\s*(adit[^:]*):\s*(.*)$/.exec(line)
      if (found === null) return []
      const columns = found[2].trim().split(/\s+/).map(Number)
      return [[found[1], [columns[0], columns[8]] as const]]
    }),
  )
}

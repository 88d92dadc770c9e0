/** What the consumer of a case does with its connection. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../netlab/index.ts'
import { WEB } from '../demo/network.ts'
import type { Opened } from './stage.ts'
import type { StreamReport } from './udp-stream.ts'

export const STREAM_PORT = 4000
export const UDP_STREAM = join(import.meta.dirname, 'udp-stream.ts')
/** What was under way has arrived, and what it changed is known to both daemons. */
const SETTLE_MS = 500

/** Payload bytes that arrived within `seconds`; a cheating side may stop it half way. */
export async function download({ stage: { world } }: Opened, bytes: number, seconds: number): Promise<number> {
  const url = `http://${WEB.ip4}/content/cheat/${bytes}`
  const curl = ['curl', '-4', '-s', '-o', '/dev/null', '-w', '%{size_download}', '-m', String(seconds), url]
  const { stdout } = await world.network.consumer.exec(curl, { timeoutMs: (seconds + 5) * 1000 })
  await delay(SETTLE_MS)
  return Number(stdout)
}

export async function streamThrough(
  { stage: { world } }: Opened,
  mbits: number,
  seconds: number,
): Promise<StreamReport> {
  const { web, consumer } = world.network
  const server = web.start('udp-stream', ['node', UDP_STREAM, 'serve', String(STREAM_PORT)])
  try {
    await until('the stream server', () => server.log().includes('ready'))
    const asked = ['node', UDP_STREAM, 'ask', WEB.ip4, String(STREAM_PORT), String(mbits), String(seconds)]
    const report = JSON.parse(await consumer.run(asked)) as StreamReport
    await delay(SETTLE_MS)
    return report
  } finally {
    await server.stop()
  }
}

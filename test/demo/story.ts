/**
 * What the demo does, in order, with `bin/adit` and curl only: a chain, two wallets, a stake, a provider, a consumer,
 * traffic in both families, the end, the money. Everything it returns was read from the real systems.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Lab } from '../netlab/index.ts'
import { CONSUMER, DECOY, FORBIDDEN, PROVIDER, WEB } from './network.ts'
import { DECOY_PAGE } from './services.ts'
import type { Observed } from './sums.ts'
import { answers, download, sourceSeen, upload, type Family, type Transfer } from './traffic.ts'
import {
  buildWorld,
  connect,
  explain,
  fund,
  liveSession,
  readBooks,
  startProvider,
  type SessionView,
  type Tell,
  type World,
} from './world.ts'

export interface Story {
  readonly observed: Observed
  readonly seconds: Readonly<Record<string, number>>
}

/** Of the tunnel: no inner packet is larger. */
const INNER_MTU = 1420n
const MIB = 1 << 20
const DOWNLOAD_BYTES = 256 * MIB
const UPLOAD_BYTES = 32 * MIB

export async function tellStory(lab: Lab, tell: Tell): Promise<Story> {
  const world = await buildWorld(lab, tell)
  const { provider, consumer, network } = world
  const accounts = await fund(world, tell)
  await startProvider(world, tell)
  const before = await readBooks(world, accounts)

  await connect(world, tell)
  const session = await liveSession(consumer)
  const sources = { 4: await sourceSeen(network.consumer, 4), 6: await sourceSeen(network.consumer, 6) }
  const reached = await probeHome(world, tell)
  const { transfers, seconds } = await moveBytes(world, tell)
  const meterDifferenceBytes = await compareMeters(world)

  const done = tell('Disconnecting, settling, withdrawing')
  await consumer.adit(['disconnect'])
  await provider.adit(['withdraw'])
  await consumer.adit(['withdraw'])
  const after = await readBooks(world, accounts)
  const [sold, bought] = [await explain(provider, session), await explain(consumer, session)]
  if (!sold.sums.ok || !bought.sums.ok) throw new Error('adit explain found a sum that does not hold')
  if (sold.bytes.billed !== bought.bytes.billed) throw new Error('the two sides explain different bytes')
  done(`session ${session}`)

  return {
    seconds,
    observed: {
      ...accounts,
      ...{ before, after, transfers, meterDifferenceBytes, reached, session },
      sessionFee: BigInt(sold.quote.sessionFee.units),
      priceUnitsPerGib: BigInt(sold.quote.priceUnitsPerGib.units),
      billedBytesDown: BigInt(sold.bytes.down),
      billedBytesUp: BigInt(sold.bytes.up),
      lastReadingBytes: BigInt(sold.bytes.billed),
      vouchers: sold.vouchers.count,
      sourceSeenByServer4: sources[4],
      sourceSeenByServer6: sources[6],
      providerAddress4: PROVIDER.ip4,
      providerAddress6: PROVIDER.ip6,
      consumerAddress4: CONSUMER.ip4,
      tunnelBytesOnLine: await bytesOnLine(world),
      resolversSeen: resolversSince(world, transfers.length),
    },
  }
}

/** The addresses of the provider's home that answer through the tunnel; first proves that there is something to reach. */
async function probeHome({ network }: World, tell: Tell): Promise<string[]> {
  const done = tell('Trying to reach the provider’s home through the tunnel')
  const page = await network.provider.run(['curl', '-s', '-m', '3', `http://${DECOY.ip4}/`])
  if (!page.includes(DECOY_PAGE)) throw new Error('the decoy does not answer at home: the probe would prove nothing')
  const probed = await Promise.all(
    // ::1 and 127.0.0.1 are the consumer's own loopback: nothing listens there.
    FORBIDDEN.map(async (address) => ((await answers(network.consumer, address)) ? address : '')),
  )
  const reached = probed.filter((address) => address !== '')
  done(reached.length === 0 ? 'nothing answers' : reached.join(', '))
  return reached
}

async function moveBytes(
  { network }: World,
  tell: Tell,
): Promise<{ transfers: Transfer[]; seconds: Record<string, number> }> {
  const transfers: Transfer[] = []
  const seconds: Record<string, number> = {}
  for (const [direction, move, bytes] of [
    ['down', download, DOWNLOAD_BYTES],
    ['up', upload, UPLOAD_BYTES],
  ] as const) {
    for (const family of [4, 6] as const satisfies Family[]) {
      const done = tell(`${bytes / 2 / MIB} MiB ${direction} over IPv${family}`)
      const transfer = await move(network.consumer, family, bytes / 2)
      transfers.push(transfer)
      seconds[`${direction}${family}`] = transfer.seconds
      done(`${((transfer.bytes * 8) / 1e6 / transfer.seconds).toFixed(0)} Mbit/s`)
    }
  }
  return { transfers, seconds }
}

/**
 * Both engines' own counters, independent of what was signed, once nothing moves any more: by how much sender and
 * receiver differ beyond the packets that the receiver knows to be missing.
 */
async function compareMeters({ provider, consumer }: World): Promise<bigint> {
  await delay(500)
  const [bought, sold] = await Promise.all([
    consumer.adit<{ consumer: { session: SessionView } }>(['status']),
    provider.adit<{ provider: { sessions: SessionView[] } }>(['status']),
  ])
  const [a, b] = [bought.consumer.session.meter, sold.provider.sessions[0].meter]
  if (a === null || b === null) throw new Error('status: expected a running session on both sides')
  return unexplained(a.up, b.up, b.missingPackets) + unexplained(b.down, a.down, a.missingPackets)
}

function unexplained(sent: string, received: string, missingPackets: string): bigint {
  const difference = BigInt(sent) - BigInt(received)
  if (difference < 0n) return -difference
  const lost = BigInt(missingPackets) * INNER_MTU
  return difference > lost ? difference - lost : 0n
}

async function bytesOnLine({ network }: World): Promise<bigint> {
  const text = await network.providerHome.run(['nft', '-j', 'list', 'counter', 'inet', 'line', 'tunnel'])
  const listing = JSON.parse(text) as { nftables: { counter?: { bytes: number } }[] }
  return BigInt(listing.nftables.find(({ counter }) => counter !== undefined)?.counter?.bytes ?? 0)
}

/** Who asked for the web server's name, the last `count` times: once per transfer at least. */
function resolversSince({ services }: World, count: number): string[] {
  const asked = services.names
    .log()
    .split('\n')
    .filter((line) => line.includes(`asks ${WEB.name}`))
  return [...new Set(asked.slice(-count).map((line) => line.split(' ')[0]))]
}

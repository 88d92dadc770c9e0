/**
 * What the demo does, in order, with `bin/adit` and curl only: a chain, two wallets, a stake, a provider, a consumer,
 * traffic in both families, the end, the money. Everything it returns was read from the real systems.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { until, type Lab } from '../netlab/index.ts'
import { aditNode, type AditNode } from './adit.ts'
import type { Ledger } from './ledger.ts'
import {
  buildNetwork,
  CHAIN,
  CONSUMER,
  CONTROL_PORT,
  FORBIDDEN,
  PROVIDER,
  TUNNEL_PORT,
  WEB,
  type DemoNetwork,
} from './network.ts'
import { DECOY_PAGE, startServices, type Services } from './services.ts'
import type { Observed } from './sums.ts'
import { answers, download, sourceSeen, upload, type Family, type Transfer } from './traffic.ts'

export interface Story {
  readonly observed: Observed
  readonly seconds: Readonly<Record<string, number>>
}

/** Says that a step begins; the returned function that it is done, with a detail for people. */
export type Tell = (step: string) => (detail?: string) => void

interface World {
  readonly lab: Lab
  readonly network: DemoNetwork
  readonly services: Services
  readonly chain: AditNode
  readonly provider: AditNode
  readonly consumer: AditNode
  readonly deployment: string
}

/** Amounts and counters as the control API writes them. */
interface Amount {
  readonly units: string
}
interface SessionView {
  readonly id: string
  readonly bytesUp: string
  readonly bytesDown: string
}
interface Explanation {
  readonly quote: { readonly priceUnitsPerGib: Amount; readonly sessionFee: Amount }
  readonly bytes: { readonly up: string; readonly down: string; readonly billed: string }
  readonly vouchers: { readonly count: number }
  readonly sums: { readonly ok: boolean }
}

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

async function buildWorld(lab: Lab, tell: Tell): Promise<World> {
  const done = tell('Building an internet and two homes in network namespaces')
  const network = await buildNetwork(lab)
  const services = await startServices(network)
  // Read by `bytesOnLine`: the provider's line as its router sees it.
  await network.providerHome.nft(`table inet line {
    counter tunnel { }
    chain forward { type filter hook forward priority 10; udp dport ${TUNNEL_PORT} counter name tunnel
      udp sport ${TUNNEL_PORT} counter name tunnel
    }
  }`)
  done(`run ${lab.id}`)

  const chain = aditNode(lab, network.chain, '')
  const deployment = join(chain.directory, 'state/chain/31337.json')
  const common = `[chain]\nrpc_url = "http://${CHAIN.ip4}:${CHAIN.port}"\ndeployment = "${deployment}"\n`
  const provider = aditNode(lab, network.provider, common + PROVIDER_CONFIG)
  const consumer = aditNode(lab, network.consumer, common + CONSUMER_CONFIG)
  return { lab, network, services, chain, provider, consumer, deployment }
}

async function fund(world: World, tell: Tell): Promise<{ provider: string; consumer: string }> {
  const { chain, provider, consumer } = world
  let done = tell('Starting the local chain and deploying the contracts')
  await chain.adit(['chain', 'start'])
  await chain.adit(['chain', 'deploy'])
  done()
  done = tell('Creating two wallets with test dollars')
  const [sells, buys] = await Promise.all(
    [provider, consumer].map(async (node) => {
      const { address } = await node.adit<{ address: string }>(['wallet', 'create'])
      await node.adit(['wallet', 'fund'])
      return address
    }),
  )
  done()
  return { provider: sells, consumer: buys }
}

async function startProvider({ provider }: World, tell: Tell): Promise<void> {
  let done = tell('The provider stakes')
  await provider.adit(['stake', '10'])
  done()
  done = tell('The provider offers its line: adit provide')
  const daemon = provider.start('provide', ['provide'])
  const serves = async () => {
    if (!daemon.running()) throw new Error(`adit provide ended: ${daemon.log()}`)
    return await isServing(provider)
  }
  await until('the provider to serve', serves, { timeoutMs: 30_000, everyMs: 200 })
  done()
}

async function isServing(provider: AditNode): Promise<boolean> {
  try {
    const status = await provider.adit<{ provider: { state: string; offer: unknown } | null }>(['status'])
    return status.provider?.state === 'serving' && status.provider.offer !== null
  } catch (error) {
    // Its control socket is not there yet.
    if (error instanceof Error && error.message.includes('daemon-not-running')) return false
    throw error
  }
}

async function connect({ consumer }: World, tell: Tell): Promise<void> {
  const done = tell('The consumer buys: adit connect')
  await consumer.adit(['connect', '--region', 'JP'])
  done()
}

async function liveSession(consumer: AditNode): Promise<string> {
  const { consumer: status } = await consumer.adit<{ consumer: { session: SessionView | null } | null }>(['status'])
  if (!status?.session) throw new Error('adit status shows no session after adit connect')
  return status.session.id
}

/** The addresses of the provider's home that answer through the tunnel; first proves that there is something to reach. */
async function probeHome({ network }: World, tell: Tell): Promise<string[]> {
  const done = tell('Trying to reach the provider’s home through the tunnel')
  const page = await network.provider.run(['curl', '-s', '-m', '3', 'http://192.168.77.20/'])
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

/** Both daemons' own counters once nothing moves any more. */
async function compareMeters({ provider, consumer }: World): Promise<bigint> {
  await delay(500)
  const [bought, sold] = await Promise.all([
    consumer.adit<{ consumer: { session: SessionView } }>(['status']),
    provider.adit<{ provider: { sessions: SessionView[] } }>(['status']),
  ])
  const [a, b] = [bought.consumer.session, sold.provider.sessions[0]]
  return distance(a.bytesUp, b.bytesUp) + distance(a.bytesDown, b.bytesDown)
}

function distance(a: string, b: string): bigint {
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -difference : difference
}

async function explain(node: AditNode, session: string): Promise<Explanation> {
  return await node.adit<Explanation>(['explain', session])
}

async function readBooks(
  { network, deployment }: World,
  { provider, consumer }: { provider: string; consumer: string },
): Promise<Ledger> {
  const program = join(import.meta.dirname, 'ledger.ts')
  const rpc = `http://${CHAIN.ip4}:${CHAIN.port}`
  return JSON.parse(await network.chain.run(['node', program, rpc, deployment, provider, consumer])) as Ledger
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

const PROVIDER_CONFIG = `
[provider]
region = "JP"
price_usd_per_gib = "0.10"
session_fee_usd = "0.001"
advertise_control = ["${PROVIDER.ip4}:${CONTROL_PORT}"]
advertise_endpoints = ["${PROVIDER.ip4}:${TUNNEL_PORT}", "[${PROVIDER.ip6}]:${TUNNEL_PORT}"]
`
const CONSUMER_CONFIG = `
[consumer]
bootstrap = ["${PROVIDER.ip4}:${CONTROL_PORT}"]
deposit_usd = "0.25"
`

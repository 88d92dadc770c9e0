/** The demo's people: a chain, two wallets, a provider and a consumer, each with `bin/adit` in a host of its own. */
import { join } from 'node:path'
import { until, type Lab, type LabProcess } from '../netlab/index.ts'
import { aditNode, type AditNode } from './adit.ts'
import type { Ledger } from './ledger.ts'
import { buildNetwork, CHAIN, CONTROL_PORT, PROVIDER, TUNNEL_PORT, type DemoNetwork } from './network.ts'
import { startServices, type Services } from './services.ts'

/** Says that a step begins; the returned function that it is done, with a detail for people. */
export type Tell = (step: string) => (detail?: string) => void

export interface World {
  readonly lab: Lab
  readonly network: DemoNetwork
  readonly services: Services
  readonly chain: AditNode
  readonly provider: AditNode
  readonly consumer: AditNode
  readonly deployment: string
}

/** Amounts and counters as the control API writes them. */
export interface Amount {
  readonly units: string
}
export interface SessionView {
  readonly id: string
  readonly bytesUp: string
  readonly bytesDown: string
  /** What this side's own engine counts. */
  readonly meter: { readonly up: string; readonly down: string; readonly missingPackets: string } | null
  readonly state: string
  readonly reason: string | null
}
export interface Explanation {
  readonly quote: { readonly priceUnitsPerGib: Amount; readonly sessionFee: Amount }
  readonly bytes: { readonly up: string; readonly down: string; readonly billed: string }
  readonly due: { readonly base: Amount }
  readonly channel: { readonly id: string }
  readonly vouchers: { readonly count: number; readonly last: { readonly amount: Amount } | null }
  readonly sums: { readonly ok: boolean }
}

export async function buildWorld(lab: Lab, tell: Tell): Promise<World> {
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

export async function fund(world: World, tell: Tell): Promise<{ provider: string; consumer: string }> {
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

export async function startProvider(world: World, tell: Tell): Promise<void> {
  let done = tell('The provider stakes')
  await world.provider.adit(['stake', '10'])
  done()
  done = tell('The provider offers its line: adit provide')
  await serving(world.provider, world.provider.start('provide', ['provide']))
  done()
}

/** Waits until the provider's daemon gives out offers. */
export async function serving(provider: AditNode, daemon: LabProcess): Promise<void> {
  const serves = async () => {
    if (!daemon.running()) throw new Error(`adit provide ended: ${daemon.log()}`)
    return await isServing(provider)
  }
  await until('the provider to serve', serves, { timeoutMs: 30_000, everyMs: 200 })
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

export async function connect({ consumer }: World, tell: Tell): Promise<void> {
  const done = tell('The consumer buys: adit connect')
  await consumer.adit(['connect', '--region', 'JP'])
  done()
}

export async function liveSession(consumer: AditNode): Promise<string> {
  const { consumer: status } = await consumer.adit<{ consumer: { session: SessionView | null } | null }>(['status'])
  if (!status?.session) throw new Error('adit status shows no session after adit connect')
  return status.session.id
}

export async function explain(node: AditNode, session: string): Promise<Explanation> {
  return await node.adit<Explanation>(['explain', session])
}

export async function readBooks(
  { network, deployment }: World,
  { provider, consumer }: { provider: string; consumer: string },
): Promise<Ledger> {
  const program = join(import.meta.dirname, 'ledger.ts')
  const rpc = `http://${CHAIN.ip4}:${CHAIN.port}`
  return JSON.parse(await network.chain.run(['node', program, rpc, deployment, provider, consumer])) as Ledger
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

/** One session in the demo's world in which a side cheats or the path loses packets, and what it cost whom. */
import { join } from 'node:path'
import { setLoss, until, type Lab, type LabProcess } from '../netlab/index.ts'
import { nodeEnvironment, REPOSITORY, type AditNode } from '../demo/adit.ts'
import { TUNNEL_PORT } from '../demo/network.ts'
import { buildWorld, explain, fund, liveSession, serving, type SessionView, type World } from '../demo/world.ts'
import type { VariantName } from './variants.ts'

export interface Setup {
  readonly consumer?: VariantName
  readonly provider?: VariantName
  readonly lossPerMille?: number
}

export interface CheatSession {
  readonly world: World
  readonly session: string
}

/** Everything in base units, read from both daemons. */
export interface Bill {
  readonly state: string
  readonly reason: string
  /** What the consumer's newest voucher owes for this session, and what the provider's newest one does. */
  readonly signed: bigint
  readonly held: bigint
  /** Fee and traffic by the counters of each side. */
  readonly consumerValue: bigint
  readonly providerValue: bigint
  readonly consumerBytes: bigint
  readonly providerBytes: bigint
  readonly sessionFee: bigint
  readonly price: bigint
  readonly channel: string
}

/** A provider that serves and a consumer that is connected; a cheating one has its module replaced. */
export async function openSession(lab: Lab, setup: Setup): Promise<CheatSession> {
  const world = await buildWorld(lab, quiet)
  await fund(world, quiet)
  await world.provider.adit(['stake'])
  const provide = setup.provider
    ? startCheating(world.provider, setup.provider, ['provide'])
    : world.provider.start('provide', ['provide'])
  await serving(world.provider, provide)
  await losePackets(world, setup.lossPerMille ?? 0)
  if (setup.consumer) {
    const connect = startCheating(world.consumer, setup.consumer, ['connect', '--foreground', '--region', 'JP'])
    await until('the cheating consumer to connect', async () => await isConnected(world.consumer, connect), {
      timeoutMs: 30_000,
      everyMs: 200,
    })
    expectSwapped(connect)
  } else await world.consumer.adit(['connect', '--region', 'JP'])
  if (setup.provider) expectSwapped(provide)
  return { world, session: await liveSession(world.consumer) }
}

export async function readBill({ world, session }: CheatSession): Promise<Bill> {
  const [bought, sold] = await Promise.all([explain(world.consumer, session), explain(world.provider, session)])
  const [mine, theirs] = await Promise.all([view(world.consumer, session), view(world.provider, session)])
  const sessionFee = BigInt(bought.quote.sessionFee.units)
  const price = BigInt(bought.quote.priceUnitsPerGib.units)
  const owed = (one: typeof bought) => BigInt(one.vouchers.last?.amount.units ?? 0) - BigInt(one.due.base.units)
  const value = (bytes: bigint) => sessionFee + (price * bytes + GIB - 1n) / GIB
  const bytes = (one: SessionView) => BigInt(one.bytesUp) + BigInt(one.bytesDown)
  return {
    state: theirs.state,
    reason: theirs.reason ?? 'none',
    signed: owed(bought),
    held: owed(sold),
    consumerValue: value(bytes(mine)),
    providerValue: value(bytes(theirs)),
    consumerBytes: bytes(mine),
    providerBytes: bytes(theirs),
    sessionFee,
    price,
    channel: bought.channel.id,
  }
}

function startCheating(node: AditNode, variant: VariantName, args: readonly string[]): LabProcess {
  const argv = ['node', '--import', join(import.meta.dirname, 'swap.ts'), join(REPOSITORY, 'src/app/cli/main.ts')]
  const env = { ...nodeEnvironment(node.directory), ADIT_TEST_VARIANT: variant }
  return node.host.start(args[0] ?? variant, [...argv, ...args], { env })
}

/** A variant that was never loaded would prove nothing. */
function expectSwapped(daemon: LabProcess): void {
  if (!daemon.log().includes('test variant ')) throw new Error(`the variant was not loaded: ${daemon.log()}`)
}

async function isConnected(consumer: AditNode, daemon: LabProcess): Promise<boolean> {
  if (!daemon.running()) throw new Error(`adit connect ended: ${daemon.log()}`)
  const { code, stdout } = await consumer.host.exec([join(REPOSITORY, 'bin/adit'), 'status', '--json'], {
    env: nodeEnvironment(consumer.directory),
  })
  if (code !== 0) return false
  const { consumer: status } = JSON.parse(stdout) as { consumer: { state: { kind: string } } | null }
  return status?.state.kind === 'connected'
}

/** Of the tunnel's datagrams in both directions, each by itself, as a bad radio link does. */
async function losePackets({ network }: World, perMille: number): Promise<void> {
  if (perMille === 0) return
  const matches = [`udp dport ${TUNNEL_PORT}`, `udp sport ${TUNNEL_PORT}`]
  await setLoss(
    network.providerHome,
    matches.map((match) => ({ match, perMille, pattern: 'random' as const })),
    [network.provider, network.consumer].map((host) => ({ host, device: 'eth0' })),
  )
}

async function view(node: AditNode, session: string): Promise<SessionView> {
  const { sessions } = await node.adit<{ sessions: SessionView[] }>(['sessions'])
  const found = sessions.find(({ id }) => id === session)
  if (found === undefined) throw new Error(`${node.host.name}: adit sessions does not list ${session}`)
  return found
}

const quiet = () => () => undefined
const GIB = 1n << 30n

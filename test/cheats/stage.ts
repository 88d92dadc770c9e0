/**
 * The demo's world, in which one session after the other is played: a provider and a consumer start, one of them may
 * cheat or the path lose packets, something happens, both end, and the chain says what was paid.
 */
import { join } from 'node:path'
import { openLab, setLoss, until, type Host, type LabProcess } from '../netlab/index.ts'
import { nodeEnvironment, REPOSITORY, type AditNode } from '../demo/adit.ts'
import { CHAIN, TUNNEL_PORT, WEB } from '../demo/network.ts'
import { buildWorld, fund, readBooks, serving, type World } from '../demo/world.ts'
import { billOf, type Bill, type StageView } from './bill.ts'
import type { TunnelTraffic } from './tunnel-watch.ts'
import type { VariantName } from './variants.ts'

export interface Setup {
  readonly consumer?: VariantName
  readonly provider?: VariantName
  readonly lossPerMille?: number
}

export interface Stage {
  readonly world: World
  readonly accounts: { readonly provider: string; readonly consumer: string }
}

/** A running session. */
export interface Opened {
  readonly stage: Stage
  readonly session: string
  readonly channel: string
  /** The consumer's address inside the tunnel. */
  readonly inner4: string
  readonly provide: LabProcess
  /** What both daemons say of their sessions: asked once, at the latest before they end. */
  readonly look: () => Promise<Views>
}

export interface Views {
  readonly consumer: readonly StageView[]
  readonly provider: readonly StageView[]
}

interface ConsumerStatus {
  readonly session: { readonly id: string }
  readonly channel: { readonly id: string }
  readonly tunnel: { readonly address4: string }
}

/** Once for all cases: building it takes as long as playing three of them. */
export async function openStage(): Promise<Stage> {
  const lab = await openLab('cheats')
  const world = await buildWorld(lab, quiet)
  const accounts = await fund(world, quiet)
  await world.provider.adit(['stake'])
  // Whatever anybody says: this left the provider's home for the web server, and this came from it to the consumer.
  await world.network.providerHome.nft(`table inet carried { counter inner { }
    chain up { type filter hook forward priority 20; ip daddr ${WEB.ip4} counter name inner; }
  }`)
  await world.network.consumer.nft(`table inet carried { counter inner { }
    chain down { type filter hook prerouting priority -500; iifname "adit*" ip saddr ${WEB.ip4} counter name inner; }
  }`)
  return { world, accounts }
}

/**
 * One session from start to payment. The provider ends first and claims its newest voucher, all that it can ever take
 * from this consumer; then the consumer leaves. `play` returns what only it knows.
 */
export async function playSession<T>(
  stage: Stage,
  setup: Setup,
  play: (opened: Opened) => Promise<T>,
): Promise<{ readonly played: T; readonly bill: Bill }> {
  const { world } = stage
  const { network } = world
  const before = await readPaid(stage)
  const sinceMs = Date.now()
  const watch = network.consumer.start('watch', ['node', join(import.meta.dirname, 'tunnel-watch.ts')])
  await Promise.all([network.providerHome, network.consumer].map(resetCarried))
  await losePackets(world, setup.lossPerMille ?? 0)
  const { provide, opened } = await start(stage, setup)
  try {
    const played = await play(opened)
    const views = await opened.look()
    await leave(world, provide)
    const traffic = await endWatch(watch)
    const paid = await readPaid(stage)
    const bill = billOf({
      consumerView: viewOf(views.consumer, opened.session),
      providerView: viewOf(views.provider, opened.session),
      traffic,
      carriedUp: await readCarried(network.providerHome),
      deliveredDown: await readCarried(network.consumer),
      paid: paid - before,
      sessions: views.provider.filter((one) => one.startedAtMs >= sinceMs && one.vouchers > 0).length,
    })
    return { played, bill }
  } catch (error) {
    await leave(world, provide)
    throw error
  } finally {
    await watch.stop()
  }
}

async function start(stage: Stage, setup: Setup): Promise<{ provide: LabProcess; opened: Opened }> {
  const { world } = stage
  const { provider, consumer } = world
  const provide = setup.provider
    ? startCheating(provider, setup.provider, ['provide'])
    : provider.start('provide', ['provide'])
  try {
    await serving(provider, provide)
    if (setup.provider) expectSwapped(provide)
    if (setup.consumer) {
      const connect = startCheating(consumer, setup.consumer, ['connect', '--foreground', '--region', 'JP'])
      await until('the cheating consumer to connect', async () => await isConnected(consumer, connect), {
        timeoutMs: 30_000,
        everyMs: 200,
      })
      expectSwapped(connect)
    } else await consumer.adit(['connect', '--region', 'JP'])
    const { consumer: status } = await consumer.adit<{ consumer: ConsumerStatus }>(['status'])
    const { session, channel, tunnel } = status
    let views: Promise<Views> | undefined
    const look = () => (views ??= lookAt(world))
    const opened = { stage, session: session.id, channel: channel.id, inner4: tunnel.address4, provide, look }
    return { provide, opened }
  } catch (error) {
    await leave(world, provide)
    throw error
  }
}

/**
 * The provider by SIGTERM, as Ctrl-C: it tells its consumers, claims what it holds and restores the host. Then the
 * consumer. Also after a case that failed half way, so that the next one finds the stage as it was.
 */
async function leave({ consumer }: World, provide: LabProcess): Promise<void> {
  const ended = await provide.stop(20_000)
  // Null: killed, by the case itself or by us after twenty seconds; what was not claimed then shows in the bill.
  if (ended !== 0 && ended !== null) throw new Error(`adit provide ended with ${ended}: ${provide.log()}`)
  const { code, stderr, stdout } = await runAdit(consumer, ['disconnect', '--no-settle'])
  if (code !== 0 && !`${stdout}${stderr}`.includes('daemon-not-running')) {
    throw new Error(`adit disconnect: ${stdout} ${stderr}`)
  }
}

function startCheating(node: AditNode, variant: VariantName, args: readonly string[]): LabProcess {
  const argv = ['node', '--import', join(import.meta.dirname, 'swap.ts'), join(REPOSITORY, 'src/app/cli/main.ts')]
  const env = { ...nodeEnvironment(node.directory), ADIT_TEST_VARIANT: variant }
  return node.host.start(variant, [...argv, ...args], { env })
}

/** A variant that was never loaded would prove nothing. */
function expectSwapped(daemon: LabProcess): void {
  if (!daemon.log().includes('test variant ')) throw new Error(`the variant was not loaded: ${daemon.log()}`)
}

async function isConnected(consumer: AditNode, daemon: LabProcess): Promise<boolean> {
  if (!daemon.running()) throw new Error(`adit connect ended: ${daemon.log()}`)
  const { code, stdout } = await runAdit(consumer, ['status', '--json'])
  if (code !== 0) return false
  const { consumer: status } = JSON.parse(stdout) as { consumer: { state: { kind: string } } | null }
  return status?.state.kind === 'connected'
}

async function runAdit(node: AditNode, args: readonly string[]) {
  return await node.host.exec([join(REPOSITORY, 'bin/adit'), ...args], { env: nodeEnvironment(node.directory) })
}

/** Of the tunnel's datagrams in both directions, each by itself, as a bad radio link does. */
async function losePackets({ network }: World, perMille: number): Promise<void> {
  const matches = perMille === 0 ? [] : [`udp dport ${TUNNEL_PORT}`, `udp sport ${TUNNEL_PORT}`]
  await setLoss(
    network.providerHome,
    matches.map((match) => ({ match, perMille, pattern: 'random' as const })),
    [network.provider, network.consumer].map((host) => ({ host, device: 'eth0' })),
  )
}

async function endWatch(watch: LabProcess): Promise<TunnelTraffic> {
  await watch.stop()
  return JSON.parse(watch.log().trim().split('\n').at(-1) ?? '') as TunnelTraffic
}

async function resetCarried(host: Host): Promise<void> {
  await host.run(['nft', 'reset', 'counters', 'table', 'inet', 'carried'])
}

async function readCarried(host: Host): Promise<bigint> {
  const text = await host.run(['nft', '-j', 'list', 'counters', 'table', 'inet', 'carried'])
  const listing = JSON.parse(text) as { nftables: { counter?: { bytes: number } }[] }
  return BigInt(listing.nftables.find(({ counter }) => counter !== undefined)?.counter?.bytes ?? 0)
}

/** Gross, over all channels, by the contract's own events. */
async function readPaid({ world, accounts }: Stage): Promise<bigint> {
  const { events } = await readBooks(world, accounts)
  const paying = events.filter(({ name }) => name === 'Claimed' || name === 'ChannelClosed')
  return paying.reduce((sum, { args }) => sum + BigInt(args['amount']), 0n)
}

async function lookAt({ consumer, provider }: World): Promise<Views> {
  const [bought, sold] = await Promise.all([sessionsOf(consumer), sessionsOf(provider)])
  return { consumer: bought, provider: sold }
}

/** All that a daemon knows of, newest first. */
async function sessionsOf(node: AditNode): Promise<StageView[]> {
  return (await node.adit<{ sessions: StageView[] }>(['sessions'])).sessions
}

export function viewOf(views: readonly StageView[], session: string): StageView {
  const found = views.find(({ id }) => id === session)
  if (found === undefined) throw new Error(`adit sessions does not list ${session}`)
  return found
}

export const RPC = `http://${CHAIN.ip4}:${CHAIN.port}`
const quiet = () => () => undefined

/** A provider that serves and a consumer that is connected, in the demo's world, and what can be killed and looked at there. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until, type Host, type Lab, type LabProcess } from '../netlab/index.ts'
import { nodeEnvironment, REPOSITORY, type AditNode } from '../demo/adit.ts'
import { CHAIN, WEB } from '../demo/network.ts'
import { buildWorld, fund, readBooks, serving, type World } from '../demo/world.ts'
import type { Ledger } from '../demo/ledger.ts'

export interface Scene {
  readonly world: World
  readonly accounts: { readonly provider: string; readonly consumer: string }
  /** The provider's host before `adit provide` ran there. */
  readonly untouched: string
  provide: LabProcess
}

/** Up to a serving provider; the consumer is not connected yet. */
export async function openScene(lab: Lab): Promise<Scene> {
  const world = await buildWorld(lab, quiet)
  const accounts = await fund(world, quiet)
  await world.provider.adit(['stake', '10'])
  const untouched = await hostState(world.provider.host)
  const provide = world.provider.start('provide', ['provide'])
  await serving(world.provider, provide)
  return { world, accounts, untouched, provide }
}

export async function connect({ world }: Scene, more: readonly string[] = []): Promise<void> {
  await world.consumer.adit(['connect', '--region', 'JP', ...more], 130_000)
}

/** Starts `adit provide` again and waits until it serves. */
export async function provideAgain(scene: Scene): Promise<void> {
  scene.provide = scene.world.provider.start('provide', ['provide'])
  await serving(scene.world.provider, scene.provide)
}

export interface Status {
  readonly state: { readonly kind: string; readonly step?: string; readonly reason?: string; readonly code?: string }
  readonly session: { readonly id: string; readonly state: string; readonly channel: string } | null
  readonly protection: { readonly state: string }
  readonly chain: { readonly state: string; readonly block: number | null }
}

/** Undefined while no daemon runs. */
export async function statusOf(node: AditNode, role: 'consumer' | 'provider'): Promise<Status | undefined> {
  const said = await run(node, ['status', '--json'])
  if (said.code !== 0) return undefined
  return (JSON.parse(said.stdout) as Record<string, Status | null>)[role] ?? undefined
}

export async function run(node: AditNode, args: readonly string[], timeoutMs = 60_000) {
  return await node.host.exec([join(REPOSITORY, 'bin/adit'), ...args], {
    env: nodeEnvironment(node.directory),
    timeoutMs,
  })
}

/** Waits until the consumer is connected, in another session than `before`. */
export async function reconnected({ world }: Scene, before: string, timeoutMs = 60_000): Promise<Status> {
  return await until(
    'the consumer to connect by itself',
    async () => {
      const status = await statusOf(world.consumer, 'consumer')
      return status?.state.kind === 'connected' && status.session !== null && status.session.id !== before && status
    },
    { timeoutMs, everyMs: 300 },
  )
}

/** A download that goes on in the background; `done()` gives the bytes that arrived. */
export function startDownload(host: Host, mib: number, seconds: number, name: string) {
  const url = `http://${WEB.ip4}/content/crash/${mib << 20}`
  const process = host.start(name, [
    ...['curl', '-4', '-s', '-o', '/dev/null', '-w', '%{size_download}', '-m', String(seconds), url],
  ])
  return {
    done: async () => {
      // A lab's processes do not keep it alive by themselves.
      await until(`${name} to end`, () => !process.running(), { timeoutMs: (seconds + 10) * 1000 })
      return Number(process.log())
    },
  }
}

/** Whether the web server answers through the tunnel. */
export async function browses(host: Host): Promise<boolean> {
  const { code } = await host.exec(['curl', '-4', '-s', '-o', '/dev/null', '-m', '5', `http://${WEB.ip4}/ip`])
  return code === 0
}

/** SIGKILL for the daemon that a node runs, found by its own control socket. */
export async function killDaemon(node: AditNode, role: 'consumer' | 'provider'): Promise<void> {
  const pid = await daemonPid(node, role)
  process.kill(pid, 'SIGKILL')
  await until(`the ${role} to be dead`, () => !isRunning(pid))
}

async function daemonPid(node: AditNode, role: 'consumer' | 'provider'): Promise<number> {
  const socket = join(node.directory, 'run', `${role}.sock`)
  const answer = await node.host.run(['curl', '-s', '--unix-socket', socket, 'http://adit/v1/info'])
  return (JSON.parse(answer) as { pid: number }).pid
}

export async function killChain({ world }: Scene): Promise<void> {
  const { pid } = JSON.parse(readFileSync(chainFile(world, 'chain.json'), 'utf8')) as { pid: number }
  process.kill(pid, 'SIGKILL')
  await until('the chain to be dead', () => !isRunning(pid))
}

export async function startChain({ world }: Scene): Promise<void> {
  await world.chain.adit(['chain', 'start'])
}

/** A file of the embedded chain's state. */
export function chainFile({ chain }: World, name: string): string {
  return join(chain.directory, 'state/chain', name)
}

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

/** What a consumer's host looks like to the kernel and to programs: compared before connect and after disconnect. */
export async function hostState(host: Host): Promise<string> {
  const parts = await Promise.all(
    [
      ['nft', 'list', 'ruleset'],
      ...['-4', '-6'].flatMap((family) => [
        ['ip', family, 'rule'],
        ['ip', family, 'route', 'show', 'table', 'all'],
      ]),
      ['ip', '-brief', 'address'],
      ['ls', '-l', '--time-style=+', '/etc/resolv.conf'],
      ['cat', '/etc/resolv.conf'],
      ['sysctl', 'net.ipv4.conf.all.src_valid_mark', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'],
    ].map(async (argv) => `$ ${argv.join(' ')}\n${await host.run(argv)}`),
  )
  return parts
    .join('\n')
    .replaceAll(/ expires \d+sec/g, '')
    .replaceAll(/ cache.*$/gm, '')
}

/** Lines that are in one state only. */
export function differences(before: string, after: string): string[] {
  const [left, right] = [before.split('\n'), after.split('\n')]
  return [
    ...left.filter((one) => !right.includes(one)).map((one) => `- ${one.trim()}`),
    ...right.filter((one) => !left.includes(one)).map((one) => `+ ${one.trim()}`),
  ]
}

export interface Sums {
  readonly id: string
  readonly role: 'consumer' | 'provider'
  readonly ok: boolean
  readonly failed: readonly string[]
  readonly signed: bigint
  readonly base: bigint
  readonly due: bigint
  readonly channel: string
}

/** `adit explain` of every session that a node knows, read from its store where no daemon runs. */
export async function explainAll(
  node: AditNode,
  role: 'consumer' | 'provider',
  ids: readonly string[],
): Promise<Sums[]> {
  const sums: Sums[] = []
  for (const id of ids) {
    const said = await run(node, ['explain', id, '--json'])
    const told = JSON.parse(said.stdout) as Explained
    if (told.sums === undefined) throw new Error(`${role}: adit explain ${id}: ${said.stdout}`)
    sums.push({
      id,
      role,
      ok: told.sums.ok,
      failed: told.sums.checks.filter((check) => !check.ok).map((check) => `${check.name}: ${check.text}`),
      signed: BigInt(told.vouchers.last?.amount.units ?? told.due.base.units),
      base: BigInt(told.due.base.units),
      due: BigInt(told.due.total.units),
      channel: told.channel.id,
    })
  }
  return sums
}

interface Explained {
  readonly sums?: {
    readonly ok: boolean
    readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly text: string }[]
  }
  readonly due: { readonly base: { readonly units: string }; readonly total: { readonly units: string } }
  readonly vouchers: { readonly last: { readonly amount: { readonly units: string } } | null }
  readonly channel: { readonly id: string }
}

export async function books({ world, accounts }: Scene): Promise<Ledger> {
  return await readBooks(world, accounts)
}

/**
 * Packets that leave the consumer's home outside what is declared: counted where the home's router forwards them.
 * Declared: the tunnel, session control, the chain's RPC.
 */
export async function watchHome({ world }: Scene, declared: readonly string[]): Promise<() => Promise<number>> {
  const accepts = declared.map((match) => `iifname "lan" ${match} return`).join('\n')
  await world.network.consumerHome.nft(`table inet crash {
    counter outside { }
    chain forward { type filter hook forward priority -10; policy accept;
      ${accepts}
      iifname "lan" counter name outside
    }
  }`)
  return async () => {
    const text = await world.network.consumerHome.run(['nft', '-j', 'list', 'counter', 'inet', 'crash', 'outside'])
    const listing = JSON.parse(text) as { nftables: { counter?: { packets: number } }[] }
    return listing.nftables.find(({ counter }) => counter !== undefined)?.counter?.packets ?? 0
  }
}

/** What a host tries that no longer has a tunnel: names, pages, pings, in both families. All must fail. */
export async function tryToLeave(host: Host): Promise<string[]> {
  const attempts: Record<string, readonly string[]> = {
    page4: ['curl', '-4', '-s', '-o', '/dev/null', '-m', '2', `http://${WEB.ip4}/ip`],
    page6: ['curl', '-6', '-s', '-o', '/dev/null', '-m', '2', `http://[${WEB.ip6}]/ip`],
    name: ['curl', '-s', '-o', '/dev/null', '-m', '2', `http://${WEB.name}/ip`],
    ping4: ['ping', '-c', '2', '-i', '0.2', '-W', '1', WEB.ip4],
    ping6: ['ping', '-c', '2', '-i', '0.2', '-W', '1', WEB.ip6],
    chainAsUser: [
      'setpriv',
      '--reuid',
      '65534',
      '--clear-groups',
      'curl',
      '-s',
      '-m',
      '2',
      `http://${CHAIN.ip4}:${CHAIN.port}/`,
    ],
  }
  const results = await Promise.all(
    Object.entries(attempts).map(async ([name, argv]) => ((await host.exec(argv)).code === 0 ? name : '')),
  )
  return results.filter((name) => name !== '')
}

/** The rest of a lab's logs, for a case that failed. */
export function logTails(lab: Lab): string {
  const folders = [
    join(lab.directory, 'log'),
    ...['provider', 'consumer'].map((n) => join(lab.directory, 'nodes', n, 'state/log')),
  ]
  return folders
    .flatMap((folder) => {
      try {
        return readdirSync(folder).map((file) => join(folder, file))
      } catch {
        return []
      }
    })
    .map((file) => `--- ${file}\n${readFileSync(file, 'utf8').trimEnd().split('\n').slice(-25).join('\n')}`)
    .join('\n')
}

export { delay }
const quiet = () => () => undefined

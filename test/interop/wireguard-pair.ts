/** Two hosts with a cable between them, and what runs on them: the product's endpoint, wireguard-go, iperf3, ping. */
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeSuite } from '../../src/crypto/suite.ts'
import { type Host, type Lab, type LabProcess, link, openLab, until } from '../netlab/index.ts'
import type { EndpointCommand, EndpointConfig, EndpointStatus, FloodConfig } from './wireguard-endpoint.ts'

export const PROGRAM = fileURLToPath(new URL('wireguard-endpoint.ts', import.meta.url))
export const MTU = 1420
export const PORT = 51820

export interface Keys {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** Outer addresses 10.96.0.1/2 and 2001:db8:96::1/2, inner 10.95.0.1/2 and 2001:db8:95::1/2 on `a` and `b`. */
export interface Pair extends AsyncDisposable {
  readonly lab: Lab
  readonly a: Host
  readonly b: Host
  readonly keysA: Keys
  readonly keysB: Keys
}

export const OUTER = { a4: '10.96.0.1', b4: '10.96.0.2', a6: '2001:db8:96::1', b6: '2001:db8:96::2' } as const
export const INNER = { a4: '10.95.0.1', b4: '10.95.0.2', a6: '2001:db8:95::1', b6: '2001:db8:95::2' } as const

export async function openPair(): Promise<Pair> {
  const lab = await openLab('interop')
  const [a, b] = [await lab.addHost('a'), await lab.addHost('b')]
  await link(
    { host: a, device: 'eth0', addresses: [`${OUTER.a4}/24`, `${OUTER.a6}/64`] },
    { host: b, device: 'eth0', addresses: [`${OUTER.b4}/24`, `${OUTER.b6}/64`] },
  )
  const close = async (): Promise<void> => await lab[Symbol.asyncDispose]()
  return { lab, a, b, keysA: newKeys(), keysB: newKeys(), [Symbol.asyncDispose]: close }
}

export function newKeys(): Keys {
  const privateKey = Uint8Array.from(randomBytes(32))
  return { privateKey, publicKey: nodeSuite.dhKeyPair(privateKey).publicKey }
}

/** The product's endpoint on a host. */
export interface Ours {
  readonly process: LabProcess
  readonly ask: (command: EndpointCommand) => Promise<EndpointStatus>
  readonly status: () => Promise<EndpointStatus>
}

export type OursOptions = Pick<EndpointConfig, 'role'> & Partial<EndpointConfig>

/** Starts the product on side `a` or `b`, with the inner addresses of that side. */
export async function startOurs(pair: Pair, side: 'a' | 'b', options: OursOptions): Promise<Ours> {
  const host = pair[side]
  const [own, peer] = side === 'a' ? [pair.keysA, pair.keysB] : [pair.keysB, pair.keysA]
  const socketPath = join(pair.lab.directory, `${side}.sock`)
  const [peer4, peer6] = side === 'a' ? [INNER.b4, INNER.b6] : [INNER.a4, INNER.a6]
  const config: EndpointConfig = {
    kind: 'endpoint',
    socketPath,
    tunName: 'wg0',
    mtu: MTU,
    listenPort: PORT,
    privateKey: hex(own.privateKey),
    peerKey: hex(peer.publicKey),
    allowedIps: [peer4, peer6],
    ...options,
  }
  const started = host.start(`ours-${side}`, [process.execPath, PROGRAM, JSON.stringify(config)])
  await until('our endpoint', () => {
    if (!started.running()) throw new Error(`our endpoint ended: ${started.log()}`)
    return started.log().includes('ready')
  })
  await configureInner(pair, side)
  const ask = async (command: EndpointCommand): Promise<EndpointStatus> => await askSocket(socketPath, command)
  return { process: started, ask, status: async () => await ask({ kind: 'status' }) }
}

export interface WireguardGoOptions {
  readonly peer?: string
  readonly presharedKey?: Uint8Array
  readonly keepaliveSeconds?: number
}

/** Starts Debian's wireguard-go on side `a` or `b`. */
export async function startWireguardGo(pair: Pair, side: 'a' | 'b', options: WireguardGoOptions): Promise<LabProcess> {
  const host = pair[side]
  const own = side === 'a' ? pair.keysA : pair.keysB
  // Its control socket has a fixed place in /run: a name of its own for each process of the machine.
  const started = host.start(
    `wireguard-go-${side}`,
    ['unshare', '-m', 'sh', '-c', WIREGUARD_GO, 'sh', runDirectory(pair, side)],
    {
      env: { LOG_LEVEL: 'debug' },
    },
  )
  const control = join(runDirectory(pair, side), 'wg0.sock')
  await until('wireguard-go', () => {
    if (!started.running()) throw new Error(`wireguard-go ended: ${started.log()}`)
    return existsSync(control)
  })
  const keyFile = join(pair.lab.directory, `${side}.key`)
  writeFileSync(keyFile, base64(own.privateKey), { mode: 0o600 })
  await wg(pair, side, ['private-key', keyFile, 'listen-port', String(PORT)])
  await setWireguardPeer(pair, side, options)
  await configureInner(pair, side)
  return started
}

/** `/var/run/wireguard` is a directory of the run for this process alone. */
const WIREGUARD_GO =
  'mkdir -p "$1" /var/run/wireguard && mount --bind "$1" /var/run/wireguard && exec wireguard-go -f wg0'

/** Adds the peer; a peer that was there is removed first, with its session. */
export async function setWireguardPeer(pair: Pair, side: 'a' | 'b', options: WireguardGoOptions): Promise<void> {
  const peerKey = base64((side === 'a' ? pair.keysB : pair.keysA).publicKey)
  const [peer4, peer6] = side === 'a' ? [INNER.b4, INNER.b6] : [INNER.a4, INNER.a6]
  await wg(pair, side, ['peer', peerKey, 'remove'])
  const args = ['peer', peerKey, 'allowed-ips', `${peer4}/32,${peer6}/128`]
  if (options.peer !== undefined) args.push('endpoint', options.peer)
  if (options.keepaliveSeconds !== undefined) args.push('persistent-keepalive', String(options.keepaliveSeconds))
  if (options.presharedKey !== undefined) {
    const file = join(pair.lab.directory, 'psk')
    writeFileSync(file, base64(options.presharedKey), { mode: 0o600 })
    args.push('preshared-key', file)
  }
  await wg(pair, side, args)
}

export async function wg(pair: Pair, side: 'a' | 'b', args: readonly string[]): Promise<string> {
  return await wgTool(pair, side, ['set', 'wg0', ...args])
}

export async function wgTool(pair: Pair, side: 'a' | 'b', args: readonly string[]): Promise<string> {
  const script = 'mount --bind "$1" /var/run/wireguard && shift && exec wg "$@"'
  return await pair[side].run(['unshare', '-m', 'sh', '-c', script, 'sh', runDirectory(pair, side), ...args])
}

function runDirectory(pair: Pair, side: 'a' | 'b'): string {
  return join(pair.lab.directory, `run-${side}`)
}

async function configureInner(pair: Pair, side: 'a' | 'b'): Promise<void> {
  const [v4, v6] = side === 'a' ? [INNER.a4, INNER.a6] : [INNER.b4, INNER.b6]
  await pair[side].ip(
    `addr add ${v4}/24 dev wg0`,
    `addr add ${v6}/64 dev wg0 nodad`,
    `link set wg0 mtu ${MTU}`,
    'link set wg0 up',
  )
}

/** Sends pings and says how many answers came, and the mean round trip. */
export async function ping(
  host: Host,
  address: string,
  count: number,
  everySeconds = 0.1,
): Promise<{ sent: number; answers: number }> {
  const argv = ['ping', '-n', '-q', '-c', String(count), '-i', String(everySeconds), '-W', '2', address]
  const { stdout } = await host.exec(argv, { timeoutMs: count * everySeconds * 1000 + 20_000 })
  const match = /(\d+) packets transmitted, (\d+) received/.exec(stdout)
  if (match === null) throw new Error(`ping said: ${stdout}`)
  return { sent: Number(match[1]), answers: Number(match[2]) }
}

export interface Throughput {
  readonly mbps: number
  readonly retransmits: number
}

let iperfRuns = 0

/** TCP through the tunnel from `a` to `b`, or (`reverse`) from `b` to `a`. */
export async function iperf(
  pair: Pair,
  seconds: number,
  reverse: boolean,
  address: string = INNER.b4,
): Promise<Throughput> {
  // A log of its own: an earlier server's says that it listens, too.
  const server = pair.b.start(`iperf3-${++iperfRuns}`, ['iperf3', '-s', '-1', '--forceflush'])
  await until('iperf3', () => server.log().includes('listening'))
  const argv = ['iperf3', '-J', '-c', address, '-t', String(seconds), ...(reverse ? ['-R'] : [])]
  const output = JSON.parse(await pair.a.run(argv, { timeoutMs: seconds * 1000 + 20_000 })) as {
    error?: string
    end: { sum_received?: { bits_per_second: number }; sum_sent?: { retransmits?: number } }
  }
  const said = server.log()
  await server.stop(1000)
  const { sum_received: received, sum_sent: sent } = output.end
  if (received === undefined) throw new Error(`iperf3: ${output.error ?? 'no result'}; its server: ${said.slice(-500)}`)
  return { mbps: Math.round(received.bits_per_second / 1e6), retransmits: sent?.retransmits ?? 0 }
}

/** Starts a flood of initiations against a key at an address. */
export function startFlood(
  host: Host,
  options: Omit<FloodConfig, 'kind' | 'targetKey'> & { targetKey: Uint8Array },
): LabProcess {
  const config: FloodConfig = { ...options, kind: 'flood', targetKey: hex(options.targetKey) }
  return host.start('flood', [process.execPath, PROGRAM, JSON.stringify(config)])
}

export async function askSocket(path: string, command: EndpointCommand): Promise<EndpointStatus> {
  return await new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(path, () => socket.write(`${JSON.stringify(command)}\n`))
    socket.on('data', (data) => (text += data.toString()))
    socket.on('error', reject)
    socket.on('end', () => resolve(JSON.parse(text) as EndpointStatus))
  })
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/**
 * A consumer and an exit with a narrow link on the way, and a server behind the exit:
 * `consumer -- near -- (narrow) -- far -- exit`, `far -- server`. Both ends have Ethernet's 1500 bytes, so that only
 * routers can tell them. The exit is the product's own, with its rules and NAT.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Host, link, openLab, router, until } from '../netlab/index.ts'
import { askSocket, hex, newKeys, PROGRAM } from './wireguard-pair.ts'
import type { EndpointConfig, EndpointStatus } from './wireguard-endpoint.ts'

export const TUN_MTU = 1420
export const SERVER = { 4: '203.0.113.80', 6: '2001:db8:77::80' } as const
export const CONSUMER = { 4: '198.18.7.7', 6: '2001:2::7:7' } as const
const OUTER = { 4: '198.51.100.1', 6: '2001:db8:98::1' } as const
const PORT = 51820
const UDP_ECHO = fileURLToPath(new URL('udp-echo.ts', import.meta.url))

export interface NarrowPath extends AsyncDisposable {
  readonly consumer: Host
  readonly exit: Host
  readonly server: Host
  readonly setMtu: (mtu: number) => Promise<void>
  readonly consumerStatus: () => Promise<EndpointStatus>
  readonly exitStatus: () => Promise<EndpointStatus>
}

/** Starts both ends; the consumer has shaken hands with the exit over `outer` when it returns. */
export async function openNarrowPath(outer: 4 | 6, mtu: number): Promise<NarrowPath> {
  const lab = await openLab('path-mtu')
  const names = ['consumer', 'near', 'far', 'exit', 'server']
  const [consumer, near, far, exit, server] = await Promise.all(names.map((name) => lab.addHost(name)))
  await cable({ consumer, near, far, exit, server }, mtu)
  const keys = { consumer: newKeys(), exit: newKeys() }
  const common = { kind: 'endpoint', mtu: TUN_MTU, listenPort: PORT, tunName: 'wg0' } as const
  const exitStatus = await startEnd(exit, {
    ...common,
    socketPath: join(lab.directory, 'exit.sock'),
    privateKey: hex(keys.exit.privateKey),
    peerKey: hex(keys.consumer.publicKey),
    role: 'consumer',
    allowedIps: [CONSUMER[4], CONSUMER[6]],
    exit: { journalPath: join(lab.directory, 'exit.journal'), address4: CONSUMER[4], address6: CONSUMER[6] },
  })
  const consumerStatus = await startEnd(consumer, {
    ...common,
    socketPath: join(lab.directory, 'consumer.sock'),
    privateKey: hex(keys.consumer.privateKey),
    peerKey: hex(keys.exit.publicKey),
    role: 'exit',
    allowedIps: ['0.0.0.0/0', '::/0'],
    peer: { address: OUTER[outer], port: PORT },
  })
  // As the product does: without a link-local address nothing but the test speaks into the tunnel.
  await consumer.ip(
    'link set wg0 addrgenmode none',
    `address add ${CONSUMER[4]}/32 dev wg0`,
    `address add ${CONSUMER[6]}/128 dev wg0 nodad`,
    'link set wg0 up',
    `route add 203.0.113.0/24 dev wg0 src ${CONSUMER[4]}`,
    `route add 2001:db8:77::/48 dev wg0 src ${CONSUMER[6]}`,
  )
  await askSocket(join(lab.directory, 'consumer.sock'), { kind: 'initiate' })
  await until('the handshake', async () => (await consumerStatus()).handshakes > 0)
  const setMtu = async (wanted: number): Promise<void> => {
    await Promise.all([near, far].map((host) => host.ip(`link set narrow mtu ${wanted}`)))
  }
  const close = async (): Promise<void> => await lab[Symbol.asyncDispose]()
  return { consumer, exit, server, setMtu, consumerStatus, exitStatus, [Symbol.asyncDispose]: close }
}

async function cable(
  hosts: Readonly<Record<'consumer' | 'near' | 'far' | 'exit' | 'server', Host>>,
  mtu: number,
): Promise<void> {
  const { consumer, near, far, exit, server } = hosts
  await link(
    { host: near, device: 'home', addresses: ['192.0.2.254/24', '2001:db8:92::fe/64'] },
    {
      host: consumer,
      device: 'eth0',
      addresses: ['192.0.2.1/24', '2001:db8:92::1/64'],
      gateways: ['192.0.2.254', '2001:db8:92::fe'],
    },
  )
  await link(
    { host: far, device: 'office', addresses: ['198.51.100.254/24', '2001:db8:98::fe/64'] },
    {
      host: exit,
      device: 'eth0',
      addresses: [`${OUTER[4]}/24`, `${OUTER[6]}/64`],
      gateways: ['198.51.100.254', '2001:db8:98::fe'],
    },
  )
  await link(
    { host: far, device: 'web', addresses: ['203.0.113.254/24', '2001:db8:77::fe/64'] },
    {
      host: server,
      device: 'eth0',
      addresses: [`${SERVER[4]}/24`, `${SERVER[6]}/64`],
      gateways: ['203.0.113.254', '2001:db8:77::fe'],
    },
  )
  const narrow = { device: 'narrow', mtu }
  await link(
    {
      ...narrow,
      host: near,
      addresses: ['100.64.0.1/30', '2001:db8:90::1/64'],
      gateways: ['100.64.0.2', '2001:db8:90::2'],
    },
    {
      ...narrow,
      host: far,
      addresses: ['100.64.0.2/30', '2001:db8:90::2/64'],
      gateways: ['100.64.0.1', '2001:db8:90::1'],
    },
  )
  for (const host of [near, far]) await router(host, { wan: 'narrow', lan: '', kind: 'open' })
}

async function startEnd(host: Host, config: EndpointConfig): Promise<() => Promise<EndpointStatus>> {
  const started = host.start('adit', [process.execPath, PROGRAM, JSON.stringify(config)])
  await until('an end of the tunnel', () => {
    if (!started.running()) throw new Error(`it ended: ${started.log()}`)
    return started.log().includes('ready')
  })
  return async () => await askSocket(config.socketPath, { kind: 'status' })
}

/** TCP for one second, from its first byte: what the receiver got, in Mbit/s. */
export async function bulk(path: NarrowPath, inner: 4 | 6, direction: 'up' | 'down', seconds = 1): Promise<number> {
  const { sum_received: received } = await iperf(path, inner, direction, ['-t', String(seconds)])
  return Math.round((received?.bits_per_second ?? 0) / 1e5) / 10
}

let iperfRuns = 0

/** How many of 40 datagrams of this size (whole inner packet) came back from a server that echoes them. */
export async function datagrams({ consumer, server }: NarrowPath, inner: 4 | 6, bytes: number): Promise<number> {
  const serving = server.start(`echo-${inner}`, [process.execPath, UDP_ECHO, 'serve', '7007'])
  await until('the echo server', () => serving.log().includes('ready'))
  const size = bytes - (inner === 4 ? 28 : 48)
  const asked = await consumer.run([process.execPath, UDP_ECHO, 'ask', SERVER[inner], '7007', String(size), '40'])
  await serving.stop(1000)
  return Number(/answers (\d+)/.exec(asked)?.[1] ?? 0)
}

interface IperfEnd {
  readonly sum_received?: { readonly bits_per_second: number }
}

async function iperf(
  { consumer, server }: NarrowPath,
  inner: 4 | 6,
  direction: 'up' | 'down',
  options: readonly string[],
): Promise<IperfEnd> {
  const listening = server.start(`iperf3-${++iperfRuns}`, ['iperf3', '-s', '-1', '--forceflush'])
  await until('iperf3', () => listening.log().includes('listening'))
  const argv = ['iperf3', '-J', '-c', SERVER[inner], ...options, ...(direction === 'down' ? ['-R'] : [])]
  const { stdout } = await consumer.exec(argv, { timeoutMs: 30_000 })
  const said = listening.log()
  await listening.stop(1000)
  const output = JSON.parse(stdout) as { readonly error?: string; readonly end: IperfEnd }
  if (output.error !== undefined)
    throw new Error(
      `iperf3 ${options.join(' ')} IPv${inner} ${direction}: ${output.error}; its server: ${said.slice(-400)}`,
    )
  return output.end
}

export interface Echo {
  readonly answers: number
  /** The MTU that "too big" named, 0 without one. */
  readonly toldMtu: number
}

/** `count` echo requests of `bytes` (whole inner packet) to the server; `mayFragment` clears "don't fragment". */
export async function echo(
  { consumer }: NarrowPath,
  inner: 4 | 6,
  bytes: number,
  count: number,
  mayFragment = false,
): Promise<Echo> {
  const size = bytes - (inner === 4 ? 28 : 48)
  const policy = mayFragment ? 'dont' : 'do'
  const argv = ['ping', '-n', '-c', String(count), '-i', '0.2', '-W', '1', '-M', policy, '-s', String(size)]
  const { stdout, stderr } = await consumer.exec([...argv, SERVER[inner]])
  const answers = /(\d+) received/.exec(stdout)
  const told = /mtu ?= ?(\d+)/i.exec(stdout + stderr)
  return { answers: Number(answers?.[1] ?? 0), toldMtu: Number(told?.[1] ?? 0) }
}

/**
 * One end of a tunnel with the product's own device and engine, as a process in a lab host. It takes its configuration
 * as JSON in argv, says `ready` and answers one JSON line per connection on a Unix socket: `status`, `initiate`,
 * `endpoint`, `close`, `exit`. With `flood` it sends one valid initiation of a stranger many times instead.
 */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { parsePrefix } from '../../src/base/ip.ts'
import { SILENT_LOG } from '../../src/base/log.ts'
import { nodeSuite } from '../../src/crypto/suite.ts'
import { systemClock, systemRandom } from '../../src/crypto/system.ts'
import { GATEWAY_4, GATEWAY_6 } from '../../src/base/addressing.ts'
import { openExit } from '../../src/exit/exit.ts'
import { openJournal } from '../../src/host/journal.ts'
import { configureLink } from '../../src/host/link.ts'
import { readPathTo } from '../../src/host/routes.ts'
import { openTunnelDevice } from '../../src/packet/engine/device.ts'
import type { TunnelDevice } from '../../src/packet/engine/device-types.ts'
import { openPacketEngine } from '../../src/packet/engine/open.ts'
import type { Endpoint, PeerId } from '../../src/packet/engine/types.ts'
import { createDevice, step } from '../../src/packet/wireguard/device.ts'

export interface EndpointConfig {
  readonly kind: 'endpoint'
  readonly socketPath: string
  readonly tunName: string
  readonly mtu: number
  readonly listenPort: number
  /** Hex. */
  readonly privateKey: string
  readonly peerKey: string
  readonly presharedKey?: string
  readonly peer?: Endpoint
  readonly role: 'consumer' | 'exit'
  readonly allowedIps: readonly string[]
  readonly keepaliveSeconds?: number
  /** Opens the product's exit behind the tunnel, for one consumer with these inner addresses. */
  readonly exit?: { readonly journalPath: string; readonly address4: string; readonly address6: string }
}

export interface FloodConfig {
  readonly kind: 'flood'
  readonly targetKey: string
  readonly target: Endpoint
  readonly perBurst: number
  readonly everyMs: number
  readonly durationMs: number
}

export type EndpointCommand =
  | { readonly kind: 'status' }
  | { readonly kind: 'initiate' }
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint }
  | { readonly kind: 'close' }
  /** Ends the process without closing anything: it must not hang. */
  | { readonly kind: 'exit' }

export interface EndpointStatus {
  readonly handshakes: number
  readonly initiated: number
  readonly roams: number
  readonly endpoint: Endpoint | null
  /** Bytes of the largest inner packet to the peer. */
  readonly mtu: number
  readonly cookiesReceived: number
  readonly sentBytes: string
  readonly receivedBytes: string
  readonly billableReceivedBytes: string
  readonly lostPackets: string
  readonly drops: Readonly<Record<string, string>>
  readonly handshakeDrops: Readonly<Record<string, number>>
}

const config = JSON.parse(process.argv[2]) as EndpointConfig | FloodConfig
if (config.kind === 'flood') await flood(config)
else await serve(config)

async function serve(wanted: EndpointConfig): Promise<void> {
  const device = await openTunnelDevice({
    openEngine: openPacketEngine,
    engineOptions: {
      tunName: wanted.tunName,
      mtu: wanted.mtu,
      listenPort: wanted.listenPort,
      fwmark: 0,
      gateway: { address4: '198.18.0.1', address6: '2001:2::1' },
      meterPort: 5391,
      servicePorts: [53],
    },
    privateKey: Buffer.from(wanted.privateKey, 'hex'),
    clock: systemClock,
    random: systemRandom,
    log: SILENT_LOG,
    pathMtu: async (address) => (await readPathTo(address)).mtu,
  })
  const seen = { handshakes: 0, initiated: 0, roams: 0, cookiesReceived: 0 }
  device.on((event) => {
    if (event.kind === 'handshake') seen.handshakes++
    if (event.kind === 'handshake' && event.initiator) seen.initiated++
    if (event.kind === 'endpointChanged') seen.roams++
    if (event.kind === 'fatal') throw new Error(event.error)
  })
  device.engine.on((events) => {
    for (const event of events) if (event.kind === 'control' && event.bytes[0] === 3) seen.cookiesReceived++
  })
  const peer = device.addPeer({
    publicKey: Buffer.from(wanted.peerKey, 'hex'),
    role: wanted.role,
    allowedIps: wanted.allowedIps.map((text) => parsePrefix(text)!),
    ...(wanted.presharedKey === undefined ? {} : { presharedKey: Buffer.from(wanted.presharedKey, 'hex') }),
    ...(wanted.peer === undefined ? {} : { endpoint: wanted.peer }),
    ...(wanted.keepaliveSeconds === undefined ? {} : { persistentKeepaliveSeconds: wanted.keepaliveSeconds }),
  })
  device.setAllowance(peer, 1n << 60n)
  if (wanted.exit !== undefined) await openExitBehind(device, wanted.exit)
  const server = createServer((socket) => {
    createInterface({ input: socket }).once('line', (line) => {
      const command = JSON.parse(line) as EndpointCommand
      if (command.kind === 'initiate') device.initiate(peer)
      if (command.kind === 'endpoint') device.setEndpoint(peer, command.endpoint)
      socket.end(JSON.stringify({ ...seen, ...statusOf(device, peer) }))
      if (command.kind === 'exit') setImmediate(() => process.exit(0))
      if (command.kind === 'close') {
        server.close()
        void device.close()
      }
    })
  })
  server.listen(wanted.socketPath, () => console.log('ready'))
}

/** As the provider's daemon does it. The lab takes the namespace, and so the exit's changes, with it. */
async function openExitBehind(device: TunnelDevice, wanted: NonNullable<EndpointConfig['exit']>): Promise<void> {
  const journal = openJournal({ path: wanted.journalPath, log: SILENT_LOG })
  await configureLink(journal, { device: device.tun.name, prefixes: [`${GATEWAY_4}/15`, `${GATEWAY_6}/48`] })
  const exit = await openExit({
    instance: 'lab',
    tunName: device.tun.name,
    journal,
    reservedPorts: [device.port],
    extraRefused: [],
    log: SILENT_LOG,
  })
  await exit.addConsumer(wanted)
}

function statusOf(
  device: TunnelDevice,
  peer: PeerId,
): Omit<EndpointStatus, 'handshakes' | 'initiated' | 'roams' | 'cookiesReceived'> {
  const { sentBytes, receivedBytes, billableReceivedBytes, lostPackets } = device.counters(peer)
  const drops = Object.entries(device.drops()).filter(([, count]) => count > 0n)
  return {
    endpoint: device.peerStatus(peer).endpoint ?? null,
    mtu: device.peerStatus(peer).mtu,
    sentBytes: sentBytes.toString(),
    receivedBytes: receivedBytes.toString(),
    billableReceivedBytes: billableReceivedBytes.toString(),
    lostPackets: lostPackets.toString(),
    drops: Object.fromEntries(drops.map(([reason, count]) => [reason, count.toString()])),
    handshakeDrops: Object.fromEntries(Object.entries(device.handshakeDrops()).filter(([, count]) => count > 0)),
  }
}

/** A stranger's initiation is valid up to mac1, so each copy costs the target a computation, until it asks for cookies. */
async function flood(wanted: FloodConfig): Promise<void> {
  const deps = { suite: nodeSuite, random: systemRandom, clock: systemClock }
  const stranger = createDevice({ privateKey: systemRandom.bytes(32) }, deps)
  const config = { publicKey: Buffer.from(wanted.targetKey, 'hex'), endpoint: wanted.target }
  step(stranger, { kind: 'addPeer', peer: 0, config }, deps)
  const [initiation] = step(stranger, { kind: 'initiate', peer: 0 }, deps).flatMap((output) =>
    output.kind === 'send' ? [output.bytes] : [],
  )
  const socket = createSocket({ type: 'udp4', sendBufferSize: 4 << 20 })
  let cookies = 0
  socket.on('message', (answer) => (cookies += answer[0] === 3 ? 1 : 0))
  const end = Date.now() + wanted.durationMs
  console.log('ready')
  while (Date.now() < end) {
    for (let count = 0; count < wanted.perBurst; count++) {
      socket.send(initiation, wanted.target.port, wanted.target.address)
    }
    await delay(wanted.everyMs)
  }
  console.log(`cookies ${cookies}`)
  socket.close()
}

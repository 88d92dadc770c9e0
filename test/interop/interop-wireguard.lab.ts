// about: our WireGuard against Debian's wireguard-go: both roles, PSK, families, rekey, roaming, floods, counters
// needs: wireguard-go wireguard-tools iproute2 iputils-ping iperf3 nftables
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CaseFailed, type Figures, runLab, until } from '../netlab/index.ts'
import {
  INNER,
  iperf,
  MTU,
  openPair,
  OUTER,
  type Pair,
  ping,
  PORT,
  setWireguardPeer,
  startFlood,
  startOurs,
  startWireguardGo,
  wg,
  wgTool,
} from './wireguard-pair.ts'
import type { Ours } from './wireguard-pair.ts'

/** §6.1: keys are renewed after 120 s; some seconds more show that traffic goes on. */
const REKEY_SECONDS = 135
const BULK_SECONDS = 4

await runLab({
  name: 'interop-wireguard',
  needs: 'namespaces and tun',
  cases: [
    { name: 'initiator, IPv4 outside', run: async () => await initiator(4) },
    { name: 'initiator, IPv6 outside', run: async () => await initiator(6) },
    { name: 'responder, IPv4 outside', run: async () => await responder(4) },
    { name: 'responder, IPv6 outside', run: async () => await responder(6) },
    { name: 'preshared key, both roles', run: presharedKey },
    { name: 'wrong preshared key: no tunnel', run: wrongPresharedKey },
    { name: 'roam: the peer moves', run: peerRoams },
    { name: 'roam: we move', run: weRoam },
    { name: 'flood at us: wireguard-go connects by our cookie', run: floodAtUs },
    { name: 'flood at wireguard-go: we connect by its cookie', run: floodAtWireguardGo },
    { name: 'stop: closed, exited, TUN removed', run: stops },
    { name: 'bulk TCP, both directions', run: bulk },
    { name: 'both ends ours: equal counters', run: bothEndsOurs },
    { name: 'rekey without loss, both roles', run: rekey, timeoutMs: (REKEY_SECONDS + 60) * 1000 },
  ],
})

async function initiator(outer: 4 | 6): Promise<Figures> {
  await using pair = await openPair()
  await startWireguardGo(pair, 'b', {})
  const ours = await startOurs(pair, 'a', {
    role: 'exit',
    peer: { address: outer === 4 ? OUTER.b4 : OUTER.b6, port: PORT },
  })
  const figures = await pingBoth(pair, 'a')
  const { initiated } = await ours.status()
  return check({ ...figures, initiated }, figures.lost === 0 && initiated === 1)
}

async function responder(outer: 4 | 6): Promise<Figures> {
  await using pair = await openPair()
  const ours = await startOurs(pair, 'a', { role: 'consumer' })
  await startWireguardGo(pair, 'b', { peer: outer === 4 ? `${OUTER.a4}:${PORT}` : `[${OUTER.a6}]:${PORT}` })
  const figures = await pingBoth(pair, 'b')
  const { handshakes, initiated, endpoint } = await ours.status()
  const address = outer === 4 ? OUTER.b4 : OUTER.b6
  return check(
    { ...figures, handshakes, initiated },
    figures.lost === 0 && initiated === 0 && endpoint?.address === address,
  )
}

async function presharedKey(): Promise<Figures> {
  const presharedKey = Uint8Array.from(randomBytes(32))
  const psk = { presharedKey: Buffer.from(presharedKey).toString('hex') }
  await using first = await openPair()
  await startWireguardGo(first, 'b', { presharedKey })
  await startOurs(first, 'a', { role: 'exit', peer: { address: OUTER.b4, port: PORT }, ...psk })
  const asInitiator = await pingBoth(first, 'a')
  await using second = await openPair()
  await startOurs(second, 'a', { role: 'consumer', ...psk })
  await startWireguardGo(second, 'b', { presharedKey, peer: `${OUTER.a4}:${PORT}` })
  const asResponder = await pingBoth(second, 'b')
  const lost = asInitiator.lost + asResponder.lost
  return check({ sent: asInitiator.sent + asResponder.sent, lost }, lost === 0)
}

async function wrongPresharedKey(): Promise<Figures> {
  await using pair = await openPair()
  await startWireguardGo(pair, 'b', { presharedKey: Uint8Array.from(randomBytes(32)) })
  const presharedKey = randomBytes(32).toString('hex')
  const ours = await startOurs(pair, 'a', { role: 'exit', peer: { address: OUTER.b4, port: PORT }, presharedKey })
  const { answers } = await ping(pair.a, INNER.b4, 5)
  const { handshakes, handshakeDrops } = await ours.status()
  return check(
    { answers, handshakes, refused: handshakeDrops['response-decrypt'] ?? 0 },
    answers === 0 && handshakes === 0,
  )
}

/** wireguard-go gets another address and port; its next packet tells us. */
async function peerRoams(): Promise<Figures> {
  await using pair = await openPair()
  const ours = await connectConsumer(pair)
  await pair.b.ip(`addr del ${OUTER.b4}/24 dev eth0`, 'addr add 10.96.0.77/24 dev eth0')
  await wg(pair, 'b', ['listen-port', '51999'])
  const { sent, answers } = await ping(pair.b, INNER.a4, 10)
  const { endpoint, roams, handshakes } = await ours.status()
  const moved = endpoint?.address === '10.96.0.77' && endpoint.port === 51999
  return check(
    { sent, lost: sent - answers, roams, handshakes, endpoint: endpoint?.address ?? '' },
    moved && answers === sent && handshakes === 1,
  )
}

/** Our host gets another address while TCP runs; wireguard-go follows, and the connection lives. */
async function weRoam(): Promise<Figures> {
  await using pair = await openPair()
  await connectInitiator(pair)
  const transfer = iperf(pair, 3, false)
  await delay(1000)
  await pair.a.ip(`addr del ${OUTER.a4}/24 dev eth0`, 'addr add 10.96.0.78/24 dev eth0')
  const { mbps } = await transfer
  const endpoints = await wgTool(pair, 'b', ['show', 'wg0', 'endpoints'])
  const { sent, answers } = await ping(pair.a, INNER.b4, 10)
  return check(
    { tcpMbps: mbps, sent, lost: sent - answers },
    endpoints.includes('10.96.0.78') && answers === sent && mbps > 1,
  )
}

/** Strangers flood us; wireguard-go, which starts then, gets a cookie and connects with it. */
async function floodAtUs(): Promise<Figures> {
  await using pair = await openPair()
  await pair.b.ip('addr add 10.96.0.66/24 dev eth0')
  const ours = await startOurs(pair, 'a', { role: 'consumer' })
  const target = { address: OUTER.a4, port: PORT }
  const flood = startFlood(pair.b, {
    targetKey: pair.keysA.publicKey,
    target,
    perBurst: 20,
    everyMs: 10,
    durationMs: 12_000,
  })
  await until('our load', async () => ((await ours.status()).handshakeDrops['cookie-sent'] ?? 0) > 50)
  const go = await startWireguardGo(pair, 'b', { peer: `${OUTER.a4}:${PORT}`, keepaliveSeconds: 1 })
  await until('a handshake under load', async () => (await ours.status()).handshakes > 0, {
    timeoutMs: 15_000,
    everyMs: 200,
  })
  const { handshakeDrops } = await ours.status()
  const stillFlooded = flood.running()
  const { sent, answers } = await ping(pair.b, INNER.a4, 10)
  const cookieAtPeer = go.log().includes('cookie')
  return check(
    { cookiesSent: handshakeDrops['cookie-sent'] ?? 0, cookieAtPeer, stillFlooded, sent, lost: sent - answers },
    cookieAtPeer && stillFlooded && answers === sent,
  )
}

/** The reverse: wireguard-go is flooded, we get its cookie and connect with it. */
async function floodAtWireguardGo(): Promise<Figures> {
  await using pair = await openPair()
  await startWireguardGo(pair, 'b', {})
  const target = { address: OUTER.b4, port: PORT }
  const flood = startFlood(pair.a, {
    targetKey: pair.keysB.publicKey,
    target,
    perBurst: 400,
    everyMs: 100,
    durationMs: 20_000,
  })
  await until('the flood', () => flood.log().includes('ready'))
  await delay(1500)
  const ours = await startOurs(pair, 'a', { role: 'exit', peer: target, keepaliveSeconds: 1 })
  await until('a handshake by cookie', async () => (await ours.status()).handshakes > 0, {
    timeoutMs: 18_000,
    everyMs: 200,
  })
  const { cookiesReceived } = await ours.status()
  const stillFlooded = flood.running()
  flood.signal('SIGTERM')
  const { sent, answers } = await ping(pair.a, INNER.b4, 10)
  return check(
    { cookiesReceived, stillFlooded, sent, lost: sent - answers },
    cookiesReceived > 0 && stillFlooded && answers === sent,
  )
}

/** An engine ends at once when it is closed, when the process exits without closing it, and when its TUN is removed. */
async function stops(): Promise<Figures> {
  const took: number[] = []
  for (const how of ['close', 'exit', 'remove'] as const) {
    await using pair = await openPair()
    const ours = await startOurs(pair, 'a', { role: 'exit', peer: { address: OUTER.b4, port: PORT } })
    const started = Date.now()
    if (how === 'remove') await pair.a.ip('link del wg0')
    else await ours.ask({ kind: how })
    await until(`the end after ${how}`, () => !ours.process.running(), { timeoutMs: 5000, everyMs: 5 })
    took.push(Date.now() - started)
    const { code } = await pair.a.exec(['ip', 'link', 'show', 'wg0'])
    if (code === 0) throw new CaseFailed('the TUN outlived its engine', { how })
  }
  const [closeMs, exitMs, removeMs] = took
  return check({ closeMs, exitMs, removeMs }, Math.max(...took) < 3000)
}

async function bulk(): Promise<Figures> {
  await using pair = await openPair()
  const ours = await connectInitiator(pair)
  const up = await iperf(pair, BULK_SECONDS, false)
  const down = await iperf(pair, BULK_SECONDS, true)
  const up6 = await iperf(pair, 2, false, INNER.b6)
  const { lostPackets, sentBytes, billableReceivedBytes, drops } = await ours.status()
  const bad = ['authentication', 'replay', 'inner-malformed', 'unsolicited', 'source-address'].filter(
    (reason) => reason in drops,
  )
  return check(
    {
      upMbps: up.mbps,
      downMbps: down.mbps,
      up6Mbps: up6.mbps,
      retransmits: up.retransmits + down.retransmits,
      lostPackets,
      sentBytes,
      billableReceivedBytes,
      badDrops: bad.join(' '),
    },
    up.mbps > 10 && down.mbps > 10 && up6.mbps > 10 && bad.length === 0,
  )
}

/** Both ends ours: what one counts as sent the other counts as received, in both directions. */
async function bothEndsOurs(): Promise<Figures> {
  await using pair = await openPair()
  const exit = await startOurs(pair, 'b', { role: 'consumer' })
  const consumer = await startOurs(pair, 'a', { role: 'exit', peer: { address: OUTER.b4, port: PORT } })
  await pingBoth(pair, 'a')
  const up = await iperf(pair, BULK_SECONDS, false)
  const down = await iperf(pair, BULK_SECONDS, true)
  return { upMbps: up.mbps, downMbps: down.mbps, lostPackets: await sameBytes(consumer, exit) }
}

/** What one end sent and the path did not lose, the other received: to the byte, where nothing was lost. */
async function sameBytes(consumer: Ours, exit: Ours): Promise<number> {
  // The connection's last packets may still be on their way.
  await delay(500)
  const [here, there] = [await consumer.status(), await exit.status()]
  const up = there.lostPackets !== '0' || here.sentBytes === there.receivedBytes
  const down = here.lostPackets !== '0' || there.sentBytes === here.billableReceivedBytes
  if (up && down) return Number(here.lostPackets) + Number(there.lostPackets)
  throw new CaseFailed('the two ends count different bytes', {
    sent: here.sentBytes,
    received: there.receivedBytes,
    sentBack: there.sentBytes,
    billable: here.billableReceivedBytes,
    drops: JSON.stringify({ consumer: here.drops, exit: there.drops }),
  })
}

/** Real 120 s: pings twenty times a second through both roles at once; none may be lost at the change of keys. */
async function rekey(): Promise<Figures> {
  await using first = await openPair()
  const initiating = await connectInitiator(first)
  await using second = await openPair()
  const responding = await connectConsumer(second)
  const count = REKEY_SECONDS * 20
  const [out, back] = await Promise.all([ping(first.a, INNER.b4, count, 0.05), ping(second.b, INNER.a4, count, 0.05)])
  const [a, b] = [await initiating.status(), await responding.status()]
  const lost = out.sent - out.answers + back.sent - back.answers
  return check(
    {
      sent: out.sent + back.sent,
      lost,
      handshakesAsInitiator: a.initiated,
      handshakesAsResponder: b.handshakes - b.initiated,
      mtu: MTU,
    },
    lost === 0 && a.initiated === 2 && b.handshakes - b.initiated === 2,
  )
}

async function connectInitiator(pair: Pair): Promise<Ours> {
  await startWireguardGo(pair, 'b', {})
  const ours = await startOurs(pair, 'a', { role: 'exit', peer: { address: OUTER.b4, port: PORT } })
  await pingBoth(pair, 'a')
  return ours
}

async function connectConsumer(pair: Pair): Promise<Ours> {
  const ours = await startOurs(pair, 'a', { role: 'consumer' })
  await startWireguardGo(pair, 'b', {})
  await setWireguardPeer(pair, 'b', { peer: `${OUTER.a4}:${PORT}` })
  await pingBoth(pair, 'b')
  return ours
}

/** IPv4 and IPv6 inside, small and of full size. */
async function pingBoth(pair: Pair, from: 'a' | 'b'): Promise<{ sent: number; lost: number }> {
  const [v4, v6] = from === 'a' ? [INNER.b4, INNER.b6] : [INNER.a4, INNER.a6]
  let [sent, answers] = [0, 0]
  for (const address of [v4, v6]) {
    const result = await ping(pair[from], address, 10)
    sent += result.sent
    answers += result.answers
    const full = MTU - (address === v4 ? 28 : 48)
    const { code } = await pair[from].exec([
      'ping',
      '-n',
      '-q',
      '-c',
      '1',
      '-W',
      '2',
      '-M',
      'do',
      '-s',
      String(full),
      address,
    ])
    sent++
    if (code === 0) answers++
  }
  return { sent, lost: sent - answers }
}

function check(figures: Figures, holds: boolean): Figures {
  if (!holds) throw new CaseFailed('the figures are not what they must be', figures)
  return figures
}

// about: cheating consumers and providers, a stale close, junk, honest and dishonest loss: what the honest side loses
// needs: nftables iproute2 curl
import { setTimeout as delay } from 'node:timers/promises'
import { lossCounters, runLab, type LabCase } from '../netlab/index.ts'
import { PROVIDER, WEB } from '../demo/network.ts'
import { expect, judge, stateOf, type Honest, type Played, type Verdict } from './bill.ts'
import { openStage, playSession, viewOf, type Opened, type Setup, type Stage } from './stage.ts'
import { closeStale } from './stale-close.ts'
import { download, streamThrough, STREAM_PORT, UDP_STREAM } from './traffic.ts'

const MIB = 1 << 20

let stage: Promise<Stage> | undefined
const verdicts: Verdict[] = []

await runLab({
  name: 'cheats',
  needs: 'namespaces and tun',
  sharesLab: true,
  cases: [
    cheat('consumer stops signing', 'provider', { consumer: 'consumer-stops-signing' }, unpaid),
    cheat('consumer signs less', 'provider', { consumer: 'consumer-signs-less' }, unpaid),
    cheat('provider over-reports', 'consumer', { provider: 'provider-over-reports' }, overReports),
    cheat('provider stops serving', 'consumer', { provider: 'provider-stops-serving' }, stopsServing),
    cheat('provider swallows uploads', 'consumer', {}, swallowsUploads),
    cheat('provider injects junk', 'consumer', { provider: 'provider-forgives-loss' }, injectsJunk),
    cheat('1 % honest loss', 'both', { lossPerMille: 10 }, (opened) => honestLoss(opened, 10)),
    cheat('2 % honest loss', 'both', { lossPerMille: 20 }, (opened) => honestLoss(opened, 20)),
    cheat('8 % loss', 'both', { lossPerMille: 80 }, disputedLoss),
    // The last one: it moves the chain's clock by three days.
    cheat('stale close', 'provider', {}, closeStale),
  ],
  figures: () => ({
    maxLossUnits: Math.max(0, ...verdicts.map(({ loss }) => Number(loss))),
    maxLossInWindows: Math.max(0, ...verdicts.map(({ lossInWindows }) => lossInWindows)),
  }),
})

function cheat(name: string, honest: Honest, setup: Setup, play: (opened: Opened) => Promise<Played>): LabCase {
  return {
    name,
    // The first case also builds the stage.
    timeoutMs: 240_000,
    run: async () => {
      stage ??= openStage()
      const { played, bill } = await playSession(await stage, setup, play)
      const verdict = judge(bill, honest)
      const figures = { ...verdict.figures, ...played.figures }
      played.check?.(bill, figures)
      verdicts.push(verdict)
      return figures
    },
  }
}

/** The provider serves what is paid ahead and not a packet more. */
async function unpaid(opened: Opened): Promise<Played> {
  const moved = await download(opened, 64 * MIB, 5)
  return {
    figures: { movedBytes: moved },
    check: (bill, figures) => {
      expect(stateOf(bill.providerView) === 'paused unpaid', 'the provider pauses as unpaid', figures)
      expect(moved < 64 * MIB, 'the download stops', figures)
    },
  }
}

async function overReports(opened: Opened): Promise<Played> {
  const moved = await download(opened, 64 * MIB, 5)
  return {
    figures: { movedBytes: moved },
    check: (bill, figures) =>
      expect(stateOf(bill.consumerView) === 'ended provider-over-reports', 'the consumer ends the session', figures),
  }
}

async function stopsServing(opened: Opened): Promise<Played> {
  const moved = await download(opened, 64 * MIB, 5)
  return {
    figures: { movedBytes: moved },
    check: (_, figures) => expect(moved < 64 * MIB, 'the download stops', figures),
  }
}

/** From some moment on the provider's own firewall drops what its tunnel takes and counts: it asks for money for it. */
async function swallowsUploads(opened: Opened): Promise<Played> {
  const { network } = opened.stage.world
  const before = await download(opened, 4 * MIB, 10)
  await network.provider.nft(`table inet swallow {
    chain forward { type filter hook forward priority -50; oifname "eth0" drop; }
  }`)
  try {
    await network.consumer.run(['node', UDP_STREAM, 'push', WEB.ip4, String(STREAM_PORT), '40', '4'])
    await delay(500)
  } finally {
    await network.provider.nft('delete table inet swallow')
  }
  return {
    figures: { movedBytes: before },
    check: (bill, figures) => {
      const more = { ...figures, billedUpBytes: Number(bill.providerView.bytesUp) }
      expect(before === 4 * MIB, 'it served before', more)
      expect(BigInt(bill.providerView.bytesUp) > bill.carriedUp, 'it bills what it did not carry', more)
    },
  }
}

/** Datagrams that the consumer never asked for, into its tunnel, from the provider's own machine. */
async function injectsJunk(opened: Opened): Promise<Played> {
  const { consumer, network } = opened.stage.world
  // The exit lets nothing of its own machine into the tunnel: who injects takes that away first.
  const tables = await network.provider.run(['nft', 'list', 'tables', 'inet'])
  for (const [table] of tables.matchAll(/adit\w*/g)) {
    await network.provider.run(['nft', 'flush', 'chain', 'inet', table, 'output'])
  }
  const [megabits, seconds] = [20, 4]
  const argv = ['node', UDP_STREAM, 'push', opened.inner4, '9', String(megabits), String(seconds), PROVIDER.lan4]
  const [moved] = await Promise.all([download(opened, 16 * MIB, 20), network.provider.run(argv)])
  const { consumer: status } = await consumer.adit<{ consumer: { drops: Record<string, number> } }>(['status'])
  const unsolicitedPackets = status.drops['unsolicited'] ?? 0
  return {
    figures: { movedBytes: moved, junkBytes: (megabits * 1e6 * seconds) / 8, unsolicitedPackets },
    check: (_, figures) => {
      expect(unsolicitedPackets > 1000, 'the consumer counts it as unsolicited', figures)
      expect(moved === 16 * MIB, 'the download goes on', figures)
    },
  }
}

async function honestLoss(opened: Opened, perMille: number): Promise<Played> {
  // Slow enough that a window lasts over a second: two meter datagrams lost in a row are no pause for want of money.
  const stream = await streamThrough(opened, 12, 8)
  const lossPerMille = await readLoss(opened)
  const pauses = pausesOf(opened)
  return {
    figures: { movedBytes: stream.receivedBytes, lossPerMille, pauses: pauses.join(' ') },
    check: (bill, figures) => {
      expect(Math.abs(lossPerMille - perMille) <= perMille / 2, 'the path loses what it should', figures)
      expect(pauses.length === 0, 'honest loss does not pause', figures)
      expect(stream.receivedBytes > stream.sentBytes / 2, 'the stream flows', figures)
      expect(stateOf(bill.providerView) === 'open', 'honest loss does not pause', figures)
      expect(stateOf(bill.consumerView) === 'open', 'honest loss does not end the session', figures)
    },
  }
}

async function disputedLoss(opened: Opened): Promise<Played> {
  const stream = await streamThrough(opened, 80, 6)
  const lossPerMille = await readLoss(opened)
  const seen = viewOf((await opened.look()).consumer, opened.session)
  const pauses = pausesOf(opened)
  return {
    figures: { movedBytes: stream.receivedBytes, lossPerMille, pauses: pauses.join(' ') },
    check: (_, figures) => {
      expect(stateOf(seen) === 'ended loss-disputed', 'the consumer is told, and ends the session', figures)
      expect(pauses.includes('loss-disputed'), 'pauses with loss-disputed', figures)
    },
  }
}

/** What the path really lost of the provider's datagrams, by its router. */
async function readLoss({ stage: { world } }: Opened): Promise<number> {
  const counters = await lossCounters(world.network.providerHome)
  const [seen, lost] = [
    counters.reduce((sum, one) => sum + one.seen, 0),
    counters.reduce((sum, one) => sum + one.lost, 0),
  ]
  return Math.round((1000 * lost) / seen)
}

/** Why the provider paused this session, each time, by its log. */
function pausesOf({ provide, session }: Opened): string[] {
  const pauses = provide.log().matchAll(/"session":"(\w+)","reason":"([\w-]+)","msg":"session paused"/g)
  return [...pauses].flatMap(([, id, reason]) => (id === session ? [reason] : []))
}

// about: cheating consumers and providers, a stale close, junk, honest and dishonest loss: what the honest side loses
// needs: nftables iproute2 curl
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CaseFailed, openLab, runLab, until, type Figures, type Host, type LabCase } from '../netlab/index.ts'
import { nodeEnvironment } from '../demo/adit.ts'
import { CHAIN, WEB } from '../demo/network.ts'
import type { Ledger } from '../demo/ledger.ts'
import { openSession, readBill, type Bill, type CheatSession, type Setup } from './cheat.ts'

/** docs/protocol/meter.md, "Amounts": a window is at most what $0.005 buys. */
const WINDOW_UNITS = 5_000n
const STREAM_PORT = 4000
/** IP and UDP or TCP headers of what curl counts as payload, generously. */
const HEADERS_PERCENT = 110n

await runLab({
  name: 'cheats',
  needs: 'namespaces and tun',
  cases: [
    cheat('consumer stops signing', { consumer: 'consumer-stops-signing' }, stopsSigning),
    cheat('consumer signs less', { consumer: 'consumer-signs-less' }, signsLess),
    cheat('provider over-reports', { provider: 'provider-over-reports' }, overReports),
    cheat('provider stops serving', { provider: 'provider-stops-serving' }, stopsServing),
    cheat('stale close', {}, staleClose),
    cheat('provider injects junk', {}, injectsJunk),
    cheat('1 % honest loss', { lossPerMille: 10 }, async (opened) => await honestLoss(opened, 10)),
    cheat('2 % honest loss', { lossPerMille: 20 }, async (opened) => await honestLoss(opened, 20)),
    cheat('8 % loss', { lossPerMille: 80 }, disputedLoss),
  ],
})

function cheat(name: string, setup: Setup, play: (opened: CheatSession) => Promise<Figures>): LabCase {
  return {
    name,
    timeoutMs: 90_000,
    run: async () => {
      await using lab = await openLab('cheats')
      return await play(await openSession(lab, setup))
    },
  }
}

async function stopsSigning(opened: CheatSession): Promise<Figures> {
  const moved = await tryDownload(opened, 64, 10)
  const bill = await readBill(opened)
  expect(bill.state === 'paused' && bill.reason === 'unpaid', 'the provider pauses as unpaid', bill)
  return honestProvider(bill, moved)
}

async function signsLess(opened: CheatSession): Promise<Figures> {
  const moved = await tryDownload(opened, 64, 10)
  const bill = await readBill(opened)
  expect(bill.state === 'paused' && bill.reason === 'unpaid', 'the provider pauses as unpaid', bill)
  return honestProvider(bill, moved)
}

async function overReports(opened: CheatSession): Promise<Figures> {
  const moved = await tryDownload(opened, 64, 10)
  return honestConsumer(await readBill(opened), moved)
}

async function stopsServing(opened: CheatSession): Promise<Figures> {
  const moved = await tryDownload(opened, 64, 10)
  const bill = await readBill(opened)
  expect(moved < 64n << 20n, 'the download stops', bill)
  return honestConsumer(bill, moved)
}

/** The payer starts to close on the chain while the provider holds a voucher: the provider claims it. */
async function staleClose(opened: CheatSession): Promise<Figures> {
  const moved = await tryDownload(opened, 16, 20)
  const bill = await readBill(opened)
  const { consumer, network, deployment } = opened.world
  const program = join(import.meta.dirname, 'stale-close.ts')
  await consumer.host.run(['node', program, bill.channel], { env: nodeEnvironment(consumer.directory) })
  const ledgerProgram = join(import.meta.dirname, '../demo/ledger.ts')
  const rpc = `http://${CHAIN.ip4}:${CHAIN.port}`
  const claimed = await until(
    'the provider to claim its voucher',
    async () => {
      const ledger = JSON.parse(await network.chain.run(['node', ledgerProgram, rpc, deployment])) as Ledger
      return ledger.events.find(({ name }) => name === 'Claimed')
    },
    { timeoutMs: 30_000, everyMs: 500 },
  )
  const paid = BigInt(claimed.args['total'])
  return honestProvider({ ...bill, held: paid }, moved)
}

/** Datagrams that the consumer never asked for, into its tunnel, from the provider's own machine. */
async function injectsJunk(opened: CheatSession): Promise<Figures> {
  const { world } = opened
  const { consumer } = await world.consumer.adit<{ consumer: { tunnel: { address4: string } } }>(['status'])
  const program = join(import.meta.dirname, 'udp-stream.ts')
  const junk = world.network.provider.start('junk', ['node', program, 'push', consumer.tunnel.address4, '9', '20', '5'])
  const moved = await tryDownload(opened, 16, 20)
  const code = await junk.exited
  const bill = await readBill(opened)
  expect(code === 0, 'the junk was sent', bill)
  return honestConsumer(bill, moved)
}

async function honestLoss(opened: CheatSession, perMille: number): Promise<Figures> {
  const stream = await streamThrough(opened, 40, 6)
  const bill = await readBill(opened)
  const lost = 1000 - Math.round((1000 * stream.receivedBytes) / stream.sentBytes)
  expect(lost >= perMille / 2 && lost <= perMille * 2, 'the path loses what it should', bill, { lost })
  expect(bill.state === 'open', 'honest loss does not pause', bill)
  return { lossPerMille: lost, ...honestConsumer(bill, BigInt(stream.receivedBytes)), ...honestProvider(bill, 0n) }
}

async function disputedLoss(opened: CheatSession): Promise<Figures> {
  const stream = await streamThrough(opened, 80, 8)
  const bill = await readBill(opened)
  expect(bill.state === 'paused' && bill.reason === 'loss-disputed', 'pauses with loss-disputed', bill)
  return honestConsumer(bill, BigInt(stream.receivedBytes))
}

/** Signed above the value of what came, by the payload that really arrived (curl), not by a daemon's word. */
function honestConsumer(bill: Bill, movedBytes: bigint): Figures {
  const worth = bill.sessionFee + (bill.price * ((movedBytes * HEADERS_PERCENT) / 100n)) / (1n << 30n) + 1n
  const loss = positive(bill.signed - worth)
  expect(loss <= WINDOW_UNITS, 'the consumer loses at most one window', bill, { consumerLossUnits: Number(loss) })
  return { ...figures(bill), consumerLossUnits: Number(loss) }
}

/** Carried, by the provider's own counters, above what it can claim. */
function honestProvider(bill: Bill, movedBytes: bigint): Figures {
  const loss = positive(bill.providerValue - bill.held)
  expect(loss <= WINDOW_UNITS, 'the provider loses at most one window', bill, { providerLossUnits: Number(loss) })
  return { ...figures(bill), movedBytes: Number(movedBytes), providerLossUnits: Number(loss) }
}

/** Payload bytes that arrived within `seconds`; a cheating side may stop it half way. */
async function tryDownload({ world }: CheatSession, mib: number, seconds: number): Promise<bigint> {
  const url = `http://${WEB.ip4}/content/cheat/${mib << 20}`
  const curl = ['curl', '-4', '-s', '-o', '/dev/null', '-w', '%{size_download}', '-m', String(seconds), url]
  const { stdout } = await world.network.consumer.exec(curl, { timeoutMs: (seconds + 5) * 1000 })
  await delay(500)
  return BigInt(stdout)
}

async function streamThrough(
  { world }: CheatSession,
  mbits: number,
  seconds: number,
): Promise<{ sentBytes: number; receivedBytes: number }> {
  const program = join(import.meta.dirname, 'udp-stream.ts')
  await serveStream(world.network.web, program)
  const asked = ['node', program, 'ask', WEB.ip4, String(STREAM_PORT), String(mbits), String(seconds)]
  const answer = JSON.parse(await world.network.consumer.run(asked)) as { sentBytes: number; receivedBytes: number }
  await delay(500)
  return answer
}

async function serveStream(web: Host, program: string): Promise<void> {
  const server = web.start('udp-stream', ['node', program, 'serve', String(STREAM_PORT)])
  await until('the stream server', () => server.log().includes('ready'))
}

function figures({ state, reason, signed, held, consumerBytes, providerBytes }: Bill): Figures {
  return {
    ...{ state, reason, windowUnits: Number(WINDOW_UNITS) },
    ...{ signedUnits: Number(signed), heldUnits: Number(held) },
    ...{ consumerBytes: Number(consumerBytes), providerBytes: Number(providerBytes) },
  }
}

function expect(holds: boolean, what: string, bill: Bill, more: Figures = {}): void {
  if (!holds) throw new CaseFailed(what, { ...figures(bill), ...more })
}

function positive(value: bigint): bigint {
  return value > 0n ? value : 0n
}

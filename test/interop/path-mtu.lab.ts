// about: a narrow link between consumer and exit: path MTU learned, "too big" answered, TCP and UDP in both directions
// needs: iproute2 iputils-ping iperf3 nftables
import { setTimeout as delay } from 'node:timers/promises'
import { CaseFailed, type Figures, runLab } from '../netlab/index.ts'
import { bulk, datagrams, echo, type NarrowPath, openNarrowPath, TUN_MTU } from './narrow-path.ts'

/** What a data message adds to an inner packet, by the family outside. */
const OVERHEAD = { 4: 60, 6: 80 } as const
const MIN_IPV6_MTU = 1280
/** Of a flow's first second. One that stalls until its first timeouts are over stays below. */
const BULK_MBPS = 10
const FIRST_FLIGHT_BYTES = 65_536

await runLab({
  name: 'path-mtu',
  needs: 'namespaces and tun',
  cases: [
    { name: '1400 bytes over IPv4', run: async () => await narrow(4, 1400) },
    { name: '1400 bytes over IPv6', run: async () => await narrow(6, 1400) },
    { name: '1300 bytes over IPv4, too few for IPv6 inside', run: async () => await narrow(4, 1300) },
    { name: 'the path gets narrow while TCP runs', run: narrowsLater },
    { name: 'a raised MTU of the interface', run: raisedInterface },
  ],
})

/** All that a user can notice; the first bytes go right after the handshake. */
async function narrow(outer: 4 | 6, mtu: number): Promise<Figures> {
  await using path = await openNarrowPath(outer, mtu)
  const inner = mtu - OVERHEAD[outer]
  const figures: Record<string, number> = { innerMtu: inner }
  const failures: string[] = []
  const note = (name: string, value: number, holds: boolean): void => {
    figures[name] = value
    if (!holds) failures.push(`${name} ${value}`)
  }
  for (const family of [4, 6] as const) {
    for (const direction of ['up', 'down'] as const) {
      const mbps = await bulk(path, family, direction)
      note(`tcp${family}${direction}Mbps`, mbps, mbps >= BULK_MBPS)
    }
  }
  const ends = [await path.consumerStatus(), await path.exitStatus()]
  note('consumerMtu', ends[0].mtu, ends[0].mtu === inner)
  note('exitMtu', ends[1].mtu, ends[1].mtu === inner)
  const learned = await missing(path)
  await echoes(path, inner, note)
  for (const family of [4, 6] as const) {
    const answers = await datagrams(path, family, TUN_MTU)
    // The first ones of each direction are lost to "too big". Below 1280 bytes no IPv6 sender cuts small enough.
    note(`udp${family}Answers`, answers, answers >= 36 || (family === 6 && inner < MIN_IPV6_MTU))
  }
  await sameCounters(path, learned, note)
  if (failures.length > 0) throw new CaseFailed(failures.join(', '), figures)
  return figures
}

type Note = (name: string, value: number, holds: boolean) => void

async function echoes(path: NarrowPath, inner: number, note: Note): Promise<void> {
  // First those that may be cut: after "too big" the kernel itself would cut them.
  const cut = await echo(path, 4, TUN_MTU, 3, true)
  note('fragmentedAnswers', cut.answers, cut.answers === 3)
  const full4 = await echo(path, 4, inner, 3)
  note('full4Answers', full4.answers, full4.answers === 3)
  const above4 = await echo(path, 4, inner + 1, 3)
  note('told4', above4.toldMtu, above4.toldMtu === inner && above4.answers === 0)
  const told6 = Math.max(MIN_IPV6_MTU, inner)
  const above6 = await echo(path, 6, told6 + 1, 3)
  note('told6', above6.toldMtu, above6.toldMtu === told6)
  const full6 = await echo(path, 6, inner, 3)
  note('full6Answers', full6.answers, full6.answers === 3)
}

interface Missing {
  readonly up: number
  readonly down: number
}

/** Bytes that one end sent and the other did not receive, when nothing is on its way any more. */
async function missing(path: NarrowPath): Promise<Missing> {
  await delay(300)
  const [consumer, exit] = [await path.consumerStatus(), await path.exitStatus()]
  return {
    up: Number(consumer.sentBytes) - Number(exit.receivedBytes),
    down: Number(exit.sentBytes) - Number(consumer.receivedBytes),
  }
}

/** The first flight is lost to the router that says "too big"; from then on both ends count the same. */
async function sameCounters(path: NarrowPath, learned: Missing, note: Note): Promise<void> {
  const { up, down } = await missing(path)
  note('firstLostUpBytes', learned.up, learned.up < FIRST_FLIGHT_BYTES)
  note('firstLostDownBytes', learned.down, learned.down < FIRST_FLIGHT_BYTES)
  note('laterLostBytes', up + down - learned.up - learned.down, up === learned.up && down === learned.down)
  const ends = [await path.consumerStatus(), await path.exitStatus()]
  const refused = ends.reduce((sum, { drops }) => sum + Number(drops['send-size'] ?? 0), 0)
  note('refusedSends', refused, refused < 100)
}

async function narrowsLater(): Promise<Figures> {
  await using path = await openNarrowPath(4, 1500)
  const wideMbps = await bulk(path, 4, 'up')
  const before = (await path.consumerStatus()).mtu
  const down = bulk(path, 4, 'down', 4)
  await delay(1500)
  await path.setMtu(1400)
  const downMbps = await down
  const upMbps = await bulk(path, 4, 'up')
  const [after, exitAfter] = [(await path.consumerStatus()).mtu, (await path.exitStatus()).mtu]
  const figures = { before, wideMbps, downMbps, upMbps, after, exitAfter }
  if (before !== TUN_MTU || after !== 1340 || exitAfter !== 1340 || Math.min(downMbps, upMbps) < BULK_MBPS) {
    throw new CaseFailed('the figures are not what they must be', figures)
  }
  return figures
}

/** Whoever sets the MTU of the interface to 9000 gets "too big" for what the tunnel cannot hold, not silence. */
async function raisedInterface(): Promise<Figures> {
  await using path = await openNarrowPath(4, 1500)
  await path.consumer.ip('link set wg0 mtu 9000')
  const [some, far] = [await echo(path, 4, 1600, 2), await echo(path, 6, 8000, 2)]
  const { drops } = await path.consumerStatus()
  const figures = { told4: some.toldMtu, told6: far.toldMtu, malformed: Number(drops['inner-malformed'] ?? 0) }
  if (figures.told4 !== TUN_MTU || figures.told6 !== TUN_MTU || figures.malformed > 0) {
    throw new CaseFailed('the figures are not what they must be', figures)
  }
  return figures
}

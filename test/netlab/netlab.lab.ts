// about: the lab's own parts: NAT, loss, rate, captures, clean-up after an end, an interrupt and a kill; without root
// needs: nftables iproute2 iputils-ping tcpdump
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { processesOfRun } from './processes.ts'
import { runAsNobody } from './nobody.ts'
import { base } from './registry.ts'
import {
  CaseFailed,
  capture,
  findRun,
  type Host,
  type Lab,
  link,
  listRuns,
  lossCounters,
  openLab,
  removeRun,
  router,
  runLab,
  setLoss,
  setRate,
  sweep,
  until,
  type Figures,
} from './index.ts'

const ECHO = `require('net').createServer((s) => s.end(s.remoteAddress.replace('::ffff:', '')))
  .listen(Number(process.argv[1]), '::', () => console.log('ready'))`
const ASK = `const s = require('net').connect(Number(process.argv[2]), process.argv[1])
  s.setTimeout(1000, () => process.exit(1)); s.on('error', () => process.exit(1)); s.pipe(process.stdout)`
const SINK = `let bytes = 0, first = 0; require('net').createServer((s) => { s.on('data', (d) => { first ||= Date.now(); bytes += d.length })
  s.on('end', () => console.log((bytes * 8 / 1000 / (Date.now() - first)).toFixed(2), 'Mbit')) }).listen(7000, () => console.log('ready'))`
const FLOOD = `require('net').connect(7000, process.argv[1]).end(Buffer.alloc(4e6))`

await runLab({
  name: 'netlab',
  needs: 'namespaces',
  cases: [
    { name: 'home router', run: homeRouter },
    { name: 'loss', run: loss },
    { name: 'rate', run: rate },
    { name: 'capture', run: captured },
    { name: 'private /etc', run: privateEtc },
    { name: 'swept after kill -9, live run untouched', run: async () => await ended('SIGKILL') },
    { name: 'clean after SIGINT', run: async () => await ended('SIGINT') },
    { name: 'clean after SIGTERM', run: async () => await ended('SIGTERM') },
    { name: 'kept run ends itself', run: kept },
    { name: 'without root', run: withoutRoot },
  ],
})

async function homeRouter(): Promise<Figures> {
  await using lab = await openLab('netlab')
  const { server, pc, home } = await smallHome(lab)
  const answer = async (from: Host, to: Host, address: string, port: number) => {
    const listener = to.start(`echo-${port}`, ['node', '-e', ECHO, String(port)])
    await until(`a listener on ${port}`, () => listener.log().includes('ready'))
    const asked = await from.exec(['node', '-e', ASK, address, String(port)], { timeoutMs: 3000 })
    await listener.stop()
    return asked.stdout.trim()
  }
  const seen4 = await answer(pc, server, '198.51.100.1', 7001)
  const seen6 = await answer(pc, server, '2001:db8:a000:f::1', 7002)
  const forwarded = await answer(server, pc, '198.51.100.2', 7003)
  const refused4 = await answer(server, pc, '198.51.100.2', 7004)
  const refused6 = await answer(server, pc, '2001:db8:a000:1::10', 7004)
  expect({ seen4 }, seen4 === '198.51.100.2', 'IPv4 leaves with the router’s address')
  expect({ seen6 }, seen6 === '2001:db8:a000:1::10', 'IPv6 leaves with the host’s address')
  expect({ forwarded }, forwarded === '198.51.100.1', 'a forwarded port reaches the LAN host')
  expect({ refused4, refused6 }, refused4 === '' && refused6 === '', 'other ports stay closed')
  await home.run(['nft', 'list', 'ruleset'])
  return { seen4, seen6, forwarded }
}

async function loss(): Promise<Figures> {
  await using lab = await openLab('netlab')
  const { server, pc, home } = await smallHome(lab)
  await setLoss(
    home,
    [{ match: 'icmp type echo-request', perMille: 80, pattern: 'even' }],
    [{ host: pc, device: 'eth0' }],
  )
  const ping = await pc.run(['ping', '-c', '200', '-i', '0.002', '-W', '1', '-q', '198.51.100.1']).catch(String)
  const counted = (await lossCounters(home)).at(0)
  expect({ ping }, ping.includes('184 received'), '16 of 200 are lost')
  expect({ ...counted }, counted !== undefined && counted.seen === 200 && counted.lost === 16, 'the counters say so')
  await setLoss(home, [], [])
  await server.run(['ping', '-c', '5', '-i', '0.002', '-W', '1', '198.51.100.2'])
  return { ...counted }
}

async function rate(): Promise<Figures> {
  await using lab = await openLab('netlab')
  const { server, home } = await smallHome(lab)
  await setRate(home, 'wan', 20)
  const listener = server.start('sink', ['node', '-e', SINK])
  await until('the sink', () => listener.log().includes('ready'))
  await home.run(['node', '-e', FLOOD, '198.51.100.1'])
  await until('the count', () => listener.log().includes('Mbit'))
  const mbits = Number(/([\d.]+) Mbit/.exec(listener.log())?.[1])
  expect({ mbits }, mbits > 14 && mbits < 22, '20 Mbit/s within a loaded machine’s error')
  return { mbits }
}

async function captured(): Promise<Figures> {
  await using lab = await openLab('netlab')
  const { pc, home } = await smallHome(lab)
  const file = join(lab.directory, 'wan.pcap')
  const dump = await capture(home, 'wan', file, 'icmp')
  await pc.run(['ping', '-c', '3', '-i', '0.002', '198.51.100.1'])
  const count = async () => {
    const text = await home.run(['tcpdump', '-n', '-r', file])
    return text.split('\n').filter((line) => line.includes('198.51.100.2')).length
  }
  await until('all packets in the file', async () => (await count()) >= 6)
  await dump.stop()
  const packets = await count()
  expect({ packets }, packets === 6, 'three pings and three answers, with the router’s address')
  return { packets }
}

async function privateEtc(): Promise<Figures> {
  await using lab = await openLab('netlab')
  const before = readFileSync('/etc/resolv.conf', 'utf8')
  const host = await lab.addHost('one', { etc: { 'resolv.conf': 'nameserver 192.0.2.53\n' } })
  const seen = await host.run(['cat', '/etc/resolv.conf'])
  await host.run(['sh', '-c', 'echo nameserver 192.0.2.54 > /etc/new && mv /etc/new /etc/resolv.conf'])
  const replaced = await host.run(['cat', '/etc/resolv.conf'])
  expect({ seen, replaced }, seen.includes('192.0.2.53') && replaced.includes('192.0.2.54'), 'its own resolv.conf')
  expect({}, readFileSync('/etc/resolv.conf', 'utf8') === before, 'the machine’s is untouched')
  return {}
}

/** Starts a second program with a lab and a daemon that detaches itself, ends it by `signal`, looks what is left. */
async function ended(signal: NodeJS.Signals): Promise<Figures> {
  await using living = await openLab('netlab')
  const host = await living.addHost('living')
  const sleeper = host.start('sleeper', ['sleep', '60'])
  const victim = spawn(process.execPath, [import.meta.dirname + '/victim.ts'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const id = await firstLine(victim.stdout)
  const gone = new Promise((resolve) => victim.once('exit', resolve))
  const marked = () => processesOfRun(id, new Set()).length
  // The daemon, its child, and the child that left its process group.
  const before = await until('the marked processes', () => marked() >= 3 && marked()).finally(() => victim.kill(signal))
  await gone
  const swept = sweep()
  expect({ swept: swept.join() }, swept.includes(id) === (signal === 'SIGKILL'), 'only a killed run is left to a sweep')
  const left = processesOfRun(id, new Set()).length
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').includes(id)
  expect({ left, mounts }, left === 0 && !mounts && !existsSync(join(base(), id)), 'nothing is left')
  expect({}, sleeper.running(), 'the living run still runs')
  return { processesBefore: before, processesLeft: left }
}

async function kept(): Promise<Figures> {
  const lab = await openLab('netlab')
  const host = await lab.addHost('kept')
  host.start('sleeper', ['sleep', '60'])
  const clean = [process.execPath, import.meta.dirname + '/clean.ts', lab.id]
  await lab.keep(1500, clean)
  await new Promise((resolve) => setTimeout(resolve, 500))
  sweep()
  expect({}, findRun(lab.id) !== undefined, 'a kept run is not swept')
  await until('the kept run to end', () => findRun(lab.id) === undefined, { timeoutMs: 8000 })
  await until('its processes to end', () => processesOfRun(lab.id, new Set()).length === 0)
  const second = await openLab('netlab')
  await second.addHost('kept')
  await second.keep(60_000, clean)
  const run = findRun(second.id)
  if (run !== undefined) removeRun(run)
  const leftEarly = processesOfRun(second.id, new Set()).length
  expect({ leftEarly }, leftEarly === 0 && findRun(second.id) === undefined, 'cleaned early, its keeper too')
  return {}
}

/** Runs a lab as `nobody`, where /dev/net/tun is open to everybody; then where it is not. */
async function withoutRoot(): Promise<Figures> {
  const script = join(import.meta.dirname, '../../script/lab')
  const opened = runAsNobody(`${script} netlab-rootless --json`, '0666')
  const summary = JSON.parse(opened.split('\n').at(-1) ?? '') as { passed: number; failed: number; skipped: number }
  expect({ opened }, summary.passed === 1 && summary.failed === 0, 'a lab with a TUN device passes without root')
  const closed = runAsNobody(`${script} netlab-rootless`, '0600')
  const why = closed.split('\n').filter((line) => line.includes('/dev/net/tun cannot be opened')).length
  expect({ closed }, why === 1, 'one line says why not')
  return await Promise.resolve({ passed: summary.passed })
}

async function smallHome(lab: Lab): Promise<{ server: Host; home: Host; pc: Host }> {
  const server = await lab.addHost('server')
  const home = await lab.addHost('home')
  const pc = await lab.addHost('pc')
  await link(
    {
      host: home,
      device: 'wan',
      addresses: ['198.51.100.2/24', '2001:db8:a000:f::2/64'],
      gateways: ['198.51.100.1', '2001:db8:a000:f::1'],
    },
    { host: server, device: 'eth0', addresses: ['198.51.100.1/24', '2001:db8:a000:f::1/64'] },
  )
  await server.ip('route add 2001:db8:a000:1::/64 via 2001:db8:a000:f::2')
  await link(
    { host: home, device: 'lan', addresses: ['192.168.1.1/24', '2001:db8:a000:1::1/64'] },
    {
      host: pc,
      device: 'eth0',
      addresses: ['192.168.1.10/24', '2001:db8:a000:1::10/64'],
      gateways: ['192.168.1.1', '2001:db8:a000:1::1'],
    },
  )
  const forwards = [{ protocol: 'tcp' as const, port: 7003, to4: '192.168.1.10', to6: '2001:db8:a000:1::10' }]
  await router(home, { wan: 'wan', lan: 'lan', kind: 'home', forwards })
  return { server, home, pc }
}

function expect(figures: Figures, holds: boolean, what: string): void {
  if (!holds) throw new CaseFailed(what, figures)
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line
  throw new Error(`the program ended without a line; runs: ${listRuns().length}`)
}

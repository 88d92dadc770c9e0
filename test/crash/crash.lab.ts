// about: kill -9 of the consumer, the provider and the chain: money, network and sessions afterwards
// needs: nftables iproute2 curl
import { copyFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { CaseFailed, openLab, runLab, until, type Figures, type LabCase } from '../netlab/index.ts'
import { CHAIN, CONTROL_PORT, PROVIDER, TUNNEL_PORT } from '../demo/network.ts'
import { paidOnChain, settled, type Money } from './money.ts'
import {
  browses,
  chainFile,
  connect,
  differences,
  hostState,
  killChain,
  killDaemon,
  logTails,
  openScene,
  provideAgain,
  reconnected,
  run,
  startChain,
  startDownload,
  statusOf,
  tryToLeave,
  watchHome,
  type Scene,
  type Status,
} from './scene.ts'

/** What may leave the consumer's home while it is protected: the tunnel, session control, the chain. */
const DECLARED = [
  `ip daddr ${PROVIDER.ip4} udp dport ${TUNNEL_PORT}`,
  `ip6 daddr ${PROVIDER.ip6} udp dport ${TUNNEL_PORT}`,
  `ip daddr ${PROVIDER.ip4} tcp dport ${CONTROL_PORT}`,
  `ip daddr ${CHAIN.ip4} tcp dport ${CHAIN.port}`,
]
const SEED = Number(process.env['ADIT_CRASH_SEED'] ?? 20310517)
const RANDOM_KILLS = Number(process.env['ADIT_CRASH_KILLS'] ?? 6)

await runLab({
  name: 'crash',
  needs: 'namespaces and tun',
  cases: [
    crash('consumer killed: nothing leaves, disconnect restores and settles', consumerThenDisconnect),
    crash('consumer killed: connect takes over', consumerThenConnect),
    crash('consumer and provider killed: disconnect closes alone', consumerThenDisconnectAlone),
    crash('first connect fails: the network is as before', firstConnectFails),
    crash('provider killed: the consumer comes back by itself', providerKilled),
    crash('chain killed: the session goes on, new ones wait', chainKilled),
    crash('chain comes back without the channel: opened again', chainLosesOpen),
    crash('chain comes back without the claim: claimed again', chainLosesClaim),
    crash(`${RANDOM_KILLS} kills at random moments, seed ${SEED}`, randomKills),
  ],
})

function crash(name: string, play: (scene: Scene, sessions: Set<string>) => Promise<Figures>): LabCase {
  return {
    name,
    // Generous: a busy machine with two cores needs half of it.
    timeoutMs: 420_000,
    run: async () => {
      await using lab = await openLab('crash')
      try {
        return await play(await openScene(lab), new Set())
      } catch (error) {
        if (process.env['ADIT_CRASH_LOGS'] !== undefined) console.error(logTails(lab))
        throw error
      }
    },
  }
}

async function consumerThenDisconnect(scene: Scene, sessions: Set<string>): Promise<Figures> {
  const { consumer, network } = scene.world
  const before = await hostState(consumer.host)
  const outside = await watchHome(scene, DECLARED)
  await connect(scene)
  await note(scene, sessions)
  const download = startDownload(network.consumer, 256, 8, 'download')
  await delay(1500)
  await killDaemon(consumer, 'consumer')
  const left = await tryToLeave(network.consumer)
  const receivedBytes = await download.done()
  const leaked = await outside()
  expect(left.length === 0 && leaked === 0, `nothing leaves (${left.join(' ')})`, { leaked })

  const { code, stdout } = await run(consumer, ['disconnect', '--json'])
  expect(code === 0, `adit disconnect without a daemon: ${stdout}`)
  const answer = JSON.parse(stdout) as { restored: boolean; leftover: { undone: number }; channels: { end: string }[] }
  const changed = differences(before, await hostState(consumer.host))
  expect(answer.restored && changed.length === 0, `the host is as before: ${changed.join(' | ')}`)
  expect(answer.channels.at(0)?.end === 'closed', `the channel is closed with the provider: ${stdout}`)
  expect(await browses(network.consumer), 'the network is open again')
  expect((await outside()) > 0, 'the counter sees what leaves an open network')
  const again = await run(consumer, ['disconnect', '--json'])
  expect(again.code === 3, `a second disconnect finds nothing: ${again.stdout}`)
  const withdrawn = await run(consumer, ['withdraw', '--json'])
  expect(withdrawn.code === 0, `adit withdraw without a daemon: ${withdrawn.stdout}`)
  const money = await settled(scene, sessions, receivedBytes, 1)
  return { leakedPackets: leaked, changesUndone: answer.leftover.undone, ...figuresOf(money) }
}

async function consumerThenConnect(scene: Scene, sessions: Set<string>): Promise<Figures> {
  const { consumer, network } = scene.world
  const before = await hostState(consumer.host)
  await connect(scene)
  const first = await note(scene, sessions)
  const outside = await watchHome(scene, DECLARED)
  const download = startDownload(network.consumer, 256, 6, 'download')
  await delay(1500)
  await killDaemon(consumer, 'consumer')
  const trying = startLeaving(scene)
  await connect(scene)
  const second = await note(scene, sessions)
  const left = await trying()
  const leaked = await outside()
  expect(leaked === 0, `no gap while the guard is taken over (${left.join(' ')})`, { leaked })
  expect(second.session?.channel === first.session?.channel, 'the same channel goes on')
  let receivedBytes = await download.done()
  receivedBytes += await startDownload(network.consumer, 16, 20, 'second').done()
  expect(receivedBytes >= 16 << 20, 'traffic flows again', { receivedBytes })
  const { code, stdout } = await run(consumer, ['disconnect', '--json'])
  const changed = differences(before, await hostState(consumer.host))
  expect(code === 0 && changed.length === 0, `the host is as before: ${stdout} ${changed.join(' | ')}`)
  const money = await settled(scene, sessions, receivedBytes, 1)
  return { leakedPackets: leaked, ...figuresOf(money) }
}

async function consumerThenDisconnectAlone(scene: Scene, sessions: Set<string>): Promise<Figures> {
  const { consumer, provider, network } = scene.world
  const before = await hostState(consumer.host)
  await connect(scene)
  await note(scene, sessions)
  const receivedBytes = await startDownload(network.consumer, 32, 20, 'download').done()
  await killDaemon(consumer, 'consumer')
  await killDaemon(provider, 'provider')
  const { code, stdout } = await run(consumer, ['disconnect', '--json'])
  expect(code === 0 && stdout.includes('"closing"'), `closes alone: ${stdout}`)
  const changed = differences(before, await hostState(consumer.host))
  expect(changed.length === 0, `the host is as before: ${changed.join(' | ')}`)
  // The provider comes back within the 72 hours and claims what was signed; then the payer gets its rest.
  await provideAgain(scene)
  await until('the claim', async () => (await paidOnChain(scene)) > 0n, { timeoutMs: 90_000, everyMs: 1000 })
  const rpc = { jsonrpc: '2.0', id: 1 }
  for (const [method, params] of [
    ['evm_increaseTime', [73 * 3600]],
    ['evm_mine', []],
  ] as const) {
    const body = JSON.stringify({ ...rpc, method, params })
    const url = `http://${CHAIN.ip4}:${CHAIN.port}`
    await network.chain.run(['curl', '-s', '-H', 'content-type: application/json', '-d', body, url])
  }
  const withdrawn = await run(consumer, ['withdraw', '--json'])
  expect(withdrawn.code === 0 && withdrawn.stdout.includes('finish-close'), `withdraw finishes: ${withdrawn.stdout}`)
  return figuresOf(await settled(scene, sessions, receivedBytes, 1))
}

async function firstConnectFails(scene: Scene): Promise<Figures> {
  const { consumer, network } = scene.world
  const before = await hostState(consumer.host)
  await network.providerHome.nft(`table inet block {
    chain forward { type filter hook forward priority -20; udp dport ${TUNNEL_PORT} drop; }
  }`)
  const { code, stdout, stderr } = await run(consumer, ['connect', '--region', 'JP'])
  expect(code === 1 && stderr.includes('tunnel-handshake'), `the connect fails: ${stdout} ${stderr}`)
  expect(stderr.includes('your network is open'), `and says that the network is open: ${stderr}`)
  const changed = differences(before, await hostState(consumer.host))
  expect(changed.length === 0 && (await browses(network.consumer)), `the host is as before: ${changed.join(' | ')}`)
  await until('the daemon to end', async () => (await statusOf(consumer, 'consumer')) === undefined)
  return { exitCode: code }
}

async function providerKilled(scene: Scene, sessions: Set<string>): Promise<Figures> {
  const { consumer, provider, network } = scene.world
  await connect(scene)
  const first = await note(scene, sessions)
  const outside = await watchHome(scene, DECLARED)
  const download = startDownload(network.consumer, 256, 6, 'download')
  await delay(1500)
  await killDaemon(provider, 'provider')
  let receivedBytes = await download.done()
  const started = Date.now()
  await provideAgain(scene)
  const second = await reconnected(scene, first.session?.id ?? '')
  const backSeconds = (Date.now() - started) / 1000
  await note(scene, sessions)
  expect(second.session?.channel === first.session?.channel, 'the same channel goes on')
  const leaked = await outside()
  expect(leaked === 0, 'nothing left outside the tunnel', { leaked })
  receivedBytes += await startDownload(network.consumer, 16, 20, 'second').done()
  await consumer.adit(['disconnect'])
  await provider.adit(['stop'])
  await until('the provider to end', () => !scene.provide.running())
  const changed = differences(scene.untouched, await hostState(provider.host))
  expect(changed.length === 0, `the provider's host is as before: ${changed.join(' | ')}`)
  const money = await settled(scene, sessions, receivedBytes, 1)
  return { backSeconds, leakedPackets: leaked, ...figuresOf(money) }
}

async function chainKilled(scene: Scene, sessions: Set<string>): Promise<Figures> {
  const { consumer, provider, network } = scene.world
  await connect(scene)
  const first = await note(scene, sessions)
  await delay(2500)
  await killChain(scene)
  const receivedBytes = await startDownload(network.consumer, 64, 40, 'download').done()
  expect(receivedBytes === 64 << 20, 'the session goes on without the chain', { receivedBytes })
  for (const [node, role] of [
    [consumer, 'consumer'],
    [provider, 'provider'],
  ] as const) {
    await until(
      `the ${role} to say that the chain is down`,
      async () => (await statusOf(node, role))?.chain.state === 'unreachable',
      { timeoutMs: 20_000, everyMs: 300 },
    )
  }
  await consumer.adit(['disconnect', '--no-settle'])
  // A new connection waits, and says so.
  const waiting = await run(consumer, ['connect', '--region', 'JP', '--timeout', '6'])
  expect(waiting.code === 1 && waiting.stderr.includes('does not answer: waiting'), `waits: ${waiting.stderr}`)
  const status = await statusOf(consumer, 'consumer')
  expect(status?.state.step === 'chain' && status.chain.state === 'unreachable', 'status says so', {
    state: status?.state.kind ?? 'none',
  })
  expect(await browses(network.consumer), 'a connection that waits for the chain closes nothing')
  await startChain(scene)
  const second = await reconnected(scene, first.session?.id ?? '')
  await note(scene, sessions)
  expect(second.session?.channel === first.session?.channel, 'the same channel goes on')
  await consumer.adit(['disconnect'])
  return figuresOf(await settled(scene, sessions, receivedBytes, 1))
}

/** A chain that comes back shorter: its state from before the channel was opened, as a lost disk write would leave it. */
async function chainLosesOpen(scene: Scene, sessions: Set<string>): Promise<Figures> {
  const { consumer, network, world } = { ...scene.world, world: scene.world }
  await delay(2500)
  const saved = chainFile(world, 'state.saved')
  copyFileSync(chainFile(world, 'state.json'), saved)
  await connect(scene)
  const first = await note(scene, sessions)
  let receivedBytes = await startDownload(network.consumer, 32, 30, 'download').done()
  await killChain(scene)
  copyFileSync(saved, chainFile(world, 'state.json'))
  await startChain(scene)
  const second = await reconnected(scene, first.session?.id ?? '', 60_000)
  await note(scene, sessions)
  expect(second.session?.channel === first.session?.channel, 'the same channel is opened again')
  receivedBytes += await startDownload(network.consumer, 16, 20, 'second').done()
  await consumer.adit(['disconnect'])
  return figuresOf(await settled(scene, sessions, receivedBytes, 1))
}

async function chainLosesClaim(scene: Scene, sessions: Set<string>): Promise<Figures> {
  const { consumer, provider, network } = scene.world
  await connect(scene)
  await note(scene, sessions)
  const receivedBytes = await startDownload(network.consumer, 32, 30, 'download').done()
  await delay(2500)
  const saved = chainFile(scene.world, 'state.saved')
  copyFileSync(chainFile(scene.world, 'state.json'), saved)
  // Everything is claimed, then paid out.
  await provider.adit(['withdraw'])
  const before = await paidOnChain(scene)
  expect(before > 0n, 'something was claimed')
  await delay(2500)
  await killChain(scene)
  copyFileSync(saved, chainFile(scene.world, 'state.json'))
  await startChain(scene)
  const started = Date.now()
  await until('the claim to be sent again', async () => (await paidOnChain(scene)) >= before, {
    timeoutMs: 60_000,
    everyMs: 500,
  })
  const reclaimSeconds = (Date.now() - started) / 1000
  const lost = scene.provide.log().includes('"unclaimed":1')
  expect(lost, 'the provider saw that the chain lost the claim')
  await consumer.adit(['disconnect'])
  return { reclaimSeconds, ...figuresOf(await settled(scene, sessions, receivedBytes, 0)) }
}

/** Each victim in turn, at a moment that the seed gives, while a download runs. */
async function randomKills(scene: Scene, sessions: Set<string>): Promise<Figures> {
  const { consumer, provider, network } = scene.world
  const random = generator(SEED)
  const before = await hostState(consumer.host)
  await connect(scene)
  let last = await note(scene, sessions)
  const outside = await watchHome(scene, DECLARED)
  let receivedBytes = 0
  const kills: string[] = []
  for (let index = 0; index < RANDOM_KILLS; index++) {
    const victim = (['consumer', 'provider', 'chain'] as const)[index % 3]
    const afterMs = Math.floor(random() * 3000)
    const download = startDownload(network.consumer, 64, 5, `download${index}`)
    await delay(afterMs)
    kills.push(`${victim}@${afterMs}ms`)
    if (victim === 'consumer') {
      await killDaemon(consumer, 'consumer')
      receivedBytes += await download.done()
      await connect(scene)
      last = await note(scene, sessions)
    } else if (victim === 'provider') {
      await killDaemon(provider, 'provider')
      receivedBytes += await download.done()
      await provideAgain(scene)
      last = await reconnected(scene, last.session?.id ?? '')
      await note(scene, sessions)
    } else {
      await killChain(scene)
      receivedBytes += await download.done()
      await startChain(scene)
      // What the chain lost, if anything, shows at the next look; then the session may be another one.
      await delay(8000)
      last = await reconnected(scene, '')
      await note(scene, sessions)
    }
  }
  receivedBytes += await startDownload(network.consumer, 8, 20, 'last').done()
  const leaked = await outside()
  expect(leaked === 0, 'nothing left outside the tunnel', { leaked })
  await consumer.adit(['disconnect'])
  const changed = differences(before, await hostState(consumer.host))
  expect(changed.length === 0, `the host is as before: ${changed.join(' | ')}`)
  const money = await settled(scene, sessions, receivedBytes, sessions.size - 1)
  return { kills: kills.join(' '), leakedPackets: leaked, ...figuresOf(money) }
}

/** Keeps trying to leave while something else happens; the result ends it. */
function startLeaving(scene: Scene): () => Promise<string[]> {
  let isRunning = true
  const left = new Set<string>()
  const loop = (async () => {
    while (isRunning) for (const way of await tryToLeave(scene.world.network.consumer)) left.add(way)
  })()
  return async () => {
    isRunning = false
    await loop
    return [...left]
  }
}

async function note({ world }: Scene, sessions: Set<string>): Promise<Status> {
  const status = await statusOf(world.consumer, 'consumer')
  if (status === undefined || status.session === null) throw new Error('adit status shows no session')
  sessions.add(status.session.id)
  return status
}

function figuresOf({ paid, worth, consumerLoss, providerLoss, sessions, received }: Money): Figures {
  return {
    sessions,
    receivedBytes: received,
    paidUnits: Number(paid),
    worthUnits: Number(worth),
    consumerLossUnits: Number(consumerLoss),
    providerLossUnits: Number(providerLoss),
  }
}

/** mulberry32: the same kills for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function expect(holds: boolean, what: string, figures: Figures = {}): asserts holds {
  if (!holds) throw new CaseFailed(what, figures)
}

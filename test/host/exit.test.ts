/** The exit in real namespaces: what passes, what does not, from which ports, and that nothing is left behind. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ALICE,
  BOB,
  buildExitLab,
  DECOYS,
  PROVIDER_4,
  PROVIDER_6,
  ROUTER_PUBLIC,
  SERVER_4,
  SERVER_6,
} from './exit-lab.ts'
import { Lab, peer, settled, sh, skipWithoutRoot, snapshot, type Program } from './lab.ts'

const PORT = 8000
const ask = (space: string, protocol: 'tcp' | 'udp', address: string, from = 0): Record<string, unknown> =>
  peer(space, 'ask', protocol, address, String(PORT), String(from))

test('exit', { skip: skipWithoutRoot }, async (t) => {
  await using lab = new Lab()
  const { provider, router, server, alice, bob } = buildExitLab(lab)
  for (const space of [server, router, provider, bob]) await lab.start(space, 'peer.ts', 'serve', String(PORT)).next()
  await settled(provider)
  const before = snapshot(provider)
  const agent = lab.start(provider, 'agent.ts')
  const journal = join(lab.folder, 'exit.journal')
  await succeed(agent, { do: 'openExit', journal, tun: 'tun0', refused: [ROUTER_PUBLIC] })

  await t.test('a source that is no open session reaches nothing', () => {
    for (const address of [SERVER_4, SERVER_6]) assert.equal(ask(alice, 'udp', address)['error'], 'ETIMEDOUT')
    assert.ok(counterOf(provider, 'spoofed') >= 2)
  })

  const { block } = (await succeed(agent, { do: 'add', ...ALICE })) as { block: { first: number; last: number } }
  await t.test('TCP, UDP and ICMP pass in both families, from the block of the consumer', () => {
    for (const protocol of ['tcp', 'udp'] as const) {
      for (const [address, source] of [
        [SERVER_4, PROVIDER_4],
        [SERVER_6, PROVIDER_6],
      ]) {
        const seen = ask(alice, protocol, address)
        assert.equal(seen['address'], source, `${protocol} ${address}: ${JSON.stringify(seen)}`)
        const port = Number(seen['port'])
        assert.ok(port >= block.first && port <= block.last, `${port} in ${block.first}-${block.last}`)
      }
    }
    for (const address of [SERVER_4, SERVER_6]) assert.deepEqual(peer(alice, 'ping', address), { answered: true })
  })

  await t.test('what is near the provider is refused, and at once', () => {
    // One of each family: the kernel sends few ICMP errors a second.
    assert.equal(ask(alice, 'udp', '192.168.7.1')['error'], 'EHOSTUNREACH')
    assert.equal(ask(alice, 'udp', '2001:db8:7:1::1')['error'], 'EACCES')
    for (const decoy of [...DECOYS, PROVIDER_4, PROVIDER_6, '10.55.0.1']) {
      const seen = ask(alice, 'tcp', decoy)
      assert.ok('error' in seen, `${decoy} answered: ${JSON.stringify(seen)}`)
    }
  })

  await t.test('the check above can fail: without the refused sets the decoys answer', async () => {
    for (const set of ['refused4', 'refused6']) nft(provider, 'flush', 'set', 'inet', TABLE, set)
    const reached = DECOYS.filter((decoy) => !('error' in ask(alice, 'tcp', decoy)))
    // Those on the second LAN leave by another device than the uplink, which is refused as well.
    assert.deepEqual(
      reached,
      DECOYS.filter((decoy) => decoy !== '10.55.0.2' && decoy !== 'fd55::2'),
    )
    await succeed(agent, { do: 'refresh' })
    assert.ok('error' in ask(alice, 'tcp', DECOYS[0]))
  })

  await t.test("no socket of the provider is reachable by the gateway's addresses", () => {
    for (const gateway of ['198.18.0.1', '2001:2::1']) assert.equal(ask(alice, 'tcp', gateway)['error'], 'ETIMEDOUT')
    assert.ok(counterOf(provider, 'to_host') > 0)
  })

  await t.test('consumers cannot reach each other', async () => {
    await succeed(agent, { do: 'add', ...BOB })
    assert.equal(ask(bob, 'udp', SERVER_4)['address'], PROVIDER_4)
    for (const address of [BOB.address4, BOB.address6]) assert.equal(ask(alice, 'udp', address)['error'], 'ETIMEDOUT')
    assert.ok(counterOf(provider, 'between') >= 2)
    await succeed(agent, { do: 'remove', ...BOB })
    assert.equal(ask(bob, 'udp', SERVER_4)['error'], 'ETIMEDOUT')
  })

  await t.test("port shadow: packets for the provider's socket stay its own", async () => {
    assert.equal(await shadow(lab, provider, server, alice, 51_820), 'provider')
    // The check can fail: with plain masquerading the consumer gets them.
    nft(provider, 'insert', 'rule', 'inet', TABLE, 'postrouting', 'ip', 'saddr', ALICE.address4, 'masquerade')
    assert.equal(await shadow(lab, provider, server, alice, 51_821), 'nobody')
    await succeed(agent, { do: 'refresh' })
  })

  await t.test('a neighbour cannot use the provider as a router', () => {
    sh('ip', '-n', router, 'route', 'add', '198.51.100.0/24', 'via', PROVIDER_4)
    sh('ip', '-n', provider, 'route', 'add', '198.51.100.0/24', 'via', '10.55.0.2')
    assert.ok('error' in ask(router, 'udp', '198.51.100.7'))
    assert.ok(counterOf(provider, 'strangers') > 0)
    sh('ip', '-n', provider, 'route', 'del', '198.51.100.0/24')
  })

  await t.test('closing leaves the host exactly as it was', async () => {
    assert.notDeepEqual(snapshot(provider), before)
    await succeed(agent, { do: 'closeExit' })
    assert.deepEqual(snapshot(provider), before)
  })

  await t.test('killed at any step, the next start restores the host exactly', async () => {
    await surviveKills(lab, provider, before, join(lab.folder, 'killed.journal'))
  })

  await t.test('a changed uplink address is followed, and refused as destination', async () => {
    await succeed(agent, { do: 'openExit', journal, tun: 'tun0' })
    await succeed(agent, { do: 'add', ...ALICE })
    sh('ip', '-n', provider, 'address', 'del', `${PROVIDER_4}/24`, 'dev', 'up0')
    sh('ip', '-n', provider, 'address', 'add', '192.168.8.2/24', 'dev', 'up0')
    sh('ip', '-n', provider, 'route', 'add', 'default', 'via', '192.168.8.1', 'dev', 'up0')
    await succeed(agent, { do: 'refresh' })
    assert.equal(ask(alice, 'udp', SERVER_4)['address'], '192.168.8.2')
    assert.match(nft(provider, 'list', 'set', 'inet', TABLE, 'refused4'), /192\.168\.0\.0\/16/)
  })
})

/** Kills the agent at its first step, then the second, ... until opening ends alive; each time recovery is exact. */
async function surviveKills(lab: Lab, provider: string, before: unknown, journal: string): Promise<void> {
  let killed = 0
  for (let step = 1; ; step++) {
    const agent = lab.start(provider, 'agent.ts', String(step))
    const opened = await agent.ask({ do: 'openExit', journal, tun: 'tun0' })
    const ended = opened['ended'] === true ? opened : await agent.ask({ do: 'closeExit' })
    await agent.kill()
    if (ended['ended'] !== true) break
    killed++
    const healer = lab.start(provider, 'agent.ts')
    await succeed(healer, { do: 'recover', journal })
    assert.deepEqual(snapshot(provider), before, `after a kill at step ${step}`)
    assert.deepEqual((await succeed(healer, { do: 'recover', journal }))['reports'], [])
    await healer.kill()
  }
  // Seven changes, each recorded and made, then reverted and forgotten.
  assert.ok(killed >= 28, `killed ${killed} times`)
}

/** Who receives the server's packet for the provider's socket, after a consumer sent from that very port? */
async function shadow(lab: Lab, provider: string, server: string, consumer: string, port: number): Promise<string> {
  const socket = lab.start(provider, 'peer.ts', 'listen', '0.0.0.0', String(port))
  await socket.next()
  peer(consumer, 'send', SERVER_4, '9999', String(port), 'mine')
  peer(server, 'send', PROVIDER_4, String(port), '9999', 'for the provider')
  const winner = await Promise.race([
    socket.next().then((received) => (received['text'] === 'for the provider' ? 'provider' : 'nobody')),
    new Promise<string>((resolve) => setTimeout(() => resolve('nobody'), 1000)),
  ])
  await socket.kill()
  return winner
}

async function succeed(program: Program, request: Record<string, unknown>): Promise<Record<string, unknown>> {
  const answer = await program.ask(request)
  assert.equal(answer['ok'], true, JSON.stringify(answer))
  return answer
}

function counterOf(space: string, name: string): number {
  return Number(/packets (\d+)/.exec(nft(space, 'list', 'counter', 'inet', TABLE, name))?.[1])
}

function nft(space: string, ...args: string[]): string {
  return sh('ip', 'netns', 'exec', space, 'nft', ...args)
}

const TABLE = 'adit_exit_test'

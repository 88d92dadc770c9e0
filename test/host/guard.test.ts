/**
 * The guard in real namespaces: a consumer at home, a hostile gateway that counts what comes out of the house, and a
 * cable that stands in for the tunnel device.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Lab, peer, settled, sh, skipWithoutRoot, snapshot, type Program } from './lab.ts'
import { viewForNobody } from '../netlab/view.ts'

const WEB_4 = '203.0.113.20'
const WEB_6 = '2001:db8:9::20'
const PROVIDER = { address: '203.0.113.9', port: 51_820 }
const RPC = { address: '203.0.113.10', port: 8000, protocol: 'tcp' }
const INNER = { address4: '198.18.5.5', address6: '2001:2::5:5' }
const MARK = 0xad17
const NOBODY = 65_534

const CONNECTING = { kind: 'connecting', data: [PROVIDER], control: [RPC] }
const TUNNEL = { device: 'tun0', addresses: INNER, resolvers: ['198.18.0.1'] }
const CONNECTED = { ...CONNECTING, kind: 'connected', tunnel: TUNNEL }
const RECONNECTING = { ...CONNECTED, kind: 'reconnecting' }

test('guard', { skip: skipWithoutRoot }, async (t) => {
  await using lab = new Lab()
  const { home, gateway } = await buildGuardLab(lab)
  const before = snapshot(home)
  const journal = join(lab.folder, 'guard.journal')
  const agent = lab.start(home, 'agent.ts')
  const ask = (protocol: string, address: string, port = 8000): Record<string, unknown> =>
    peer(home, 'ask', protocol, address, String(port))
  assert.equal(ask('tcp', WEB_4)['address'], '192.168.9.2', 'without a guard the internet is reachable')
  assert.equal(ask('udp', WEB_6)['address'], '2001:db8:99::2')

  await succeed(agent, { do: 'openGuard', journal, uid: 0 })
  await t.test('connecting: only marked packets to the provider, and the daemon to its targets', async () => {
    await succeed(agent, { do: 'transition', state: CONNECTING })
    resetCounters(gateway)
    assertUnreachable(home)
    assert.deepEqual(peer(home, 'marked', PROVIDER.address, String(PROVIDER.port), String(MARK)), { sent: true })
    assert.deepEqual(peer(home, 'marked', PROVIDER.address, String(PROVIDER.port), '0'), { sent: false })
    assert.deepEqual(peer(home, 'marked', WEB_4, String(PROVIDER.port), String(MARK)), { sent: false })
    assert.equal(ask('tcp', RPC.address)['address'], '192.168.9.2')
    assert.ok('error' in asNobody(home, 'tcp', RPC.address))
    assert.deepEqual(leaks(gateway), { leaked: 0, data: 1 })
  })

  await t.test('connected: everything goes through the tunnel, with its source', async () => {
    await succeed(agent, { do: 'transition', state: CONNECTED })
    resetCounters(gateway)
    for (const protocol of ['tcp', 'udp']) {
      assert.equal(ask(protocol, WEB_4)['address'], INNER.address4)
      assert.equal(ask(protocol, WEB_6)['address'], INNER.address6)
    }
    assert.ok('error' in ask('tcp', '192.168.9.1'), 'the LAN is closed')
    assert.deepEqual(leaks(gateway), { leaked: 0, data: 0 })
  })

  await t.test('connected: DNS only to the resolver of the tunnel', () => {
    assert.equal(ask('udp', '198.18.0.1', 53)['address'], INNER.address4)
    for (const server of ['192.168.9.1', WEB_4]) assert.ok('error' in ask('udp', server, 53), server)
    assert.match(snapshot(home)['resolvConf'], /^nameserver 198\.18\.0\.1$/m)
    assert.deepEqual(leaks(gateway), { leaked: 0, data: 0 })
  })

  await t.test('connected: routes that DHCP or an advertisement put into main lose', () => {
    const hostile = ['0.0.0.0/1', '128.0.0.0/1', `${WEB_4}/32`]
    for (const route of hostile) sh('ip', '-n', home, 'route', 'add', route, 'via', '192.168.9.1')
    sh('ip', '-n', home, '-6', 'route', 'add', `${WEB_6}/128`, 'via', '2001:db8:99::1')
    assert.equal(ask('tcp', WEB_4)['address'], INNER.address4)
    assert.equal(ask('tcp', WEB_6)['address'], INNER.address6)
    assert.deepEqual(leaks(gateway), { leaked: 0, data: 0 })
    for (const route of hostile) sh('ip', '-n', home, 'route', 'del', route)
    sh('ip', '-n', home, '-6', 'route', 'del', `${WEB_6}/128`)
  })

  await t.test('connected: a neighbour cannot probe the tunnel address', () => {
    sh('ip', '-n', gateway, 'route', 'add', `${INNER.address4}/32`, 'via', '192.168.9.2')
    assert.equal(peer(gateway, 'ping', INNER.address4)['error'], 'ETIMEDOUT')
    assert.ok(counterOf(home, 'adit_guard_test', 'probes') > 0)
  })

  await t.test('reconnecting: nothing leaves, nothing is refused, and the tunnel comes back', async () => {
    await succeed(agent, { do: 'transition', state: RECONNECTING })
    resetCounters(gateway)
    assert.equal(ask('udp', WEB_4)['error'], 'ETIMEDOUT')
    assert.deepEqual(leaks(gateway), { leaked: 0, data: 0 })
    await succeed(agent, { do: 'transition', state: CONNECTED })
    assert.equal(ask('udp', WEB_4)['address'], INNER.address4)
  })

  await t.test('killed: nothing leaves, with the tunnel device and without', async () => {
    await agent.kill()
    resetCounters(gateway)
    for (const protocol of ['tcp', 'udp']) for (const web of [WEB_4, WEB_6]) ask(protocol, web)
    sh('ip', '-n', home, 'link', 'del', 'tun0')
    assertUnreachable(home)
    assert.deepEqual(leaks(gateway), { leaked: 0, data: 0 })
  })

  await t.test('a daemon that starts again adopts what stands, without a gap', async () => {
    const next = lab.start(home, 'agent.ts')
    const opened = await succeed(next, { do: 'openGuard', journal, uid: 0 })
    assert.deepEqual(opened['state'], { kind: 'error', control: [], cause: 'guard-adopted' })
    await succeed(next, { do: 'transition', state: CONNECTING })
    assert.ok('error' in ask('udp', WEB_4))
    assert.deepEqual(leaks(gateway), { leaked: 0, data: 0 })
    // No such device: the transition fails, and fails closed.
    assert.equal((await next.ask({ do: 'transition', state: CONNECTED }))['code'], 'guard-transition')
    assert.ok('error' in ask('udp', WEB_4))
    assert.deepEqual(leaks(gateway), { leaked: 0, data: 0 })
    await next.kill()
  })

  await t.test('disconnect without a daemon restores the host exactly', async () => {
    const healer = lab.start(home, 'agent.ts')
    assert.equal((await succeed(healer, { do: 'leftover', journal }))['found'], true)
    const { addresses: _a, routes4: _4, routes6: _6, sysctls: _s, ...rest } = snapshot(home)
    const { addresses: _b, routes4: _5, routes6: _7, sysctls: _t, ...expected } = before
    // The tunnel device is gone with its engine, and its addresses, routes and settings with it.
    assert.deepEqual(rest, expected)
    assert.equal(ask('tcp', WEB_4)['address'], '192.168.9.2')
    resetCounters(gateway)
    ask('udp', WEB_4)
    assert.ok(leaks(gateway).leaked > 0, 'the counter of leaks counts')
  })

  await t.test('killed at any step, disconnect restores the host exactly', async () => {
    addTunnel(lab, home, lab.space('exit2'))
    await settled(home)
    await surviveKills(lab, home, snapshot(home), join(lab.folder, 'killed.journal'))
  })
})

async function surviveKills(lab: Lab, home: string, before: unknown, journal: string): Promise<void> {
  const requests = [
    { do: 'openGuard', journal, uid: 0 },
    { do: 'transition', state: CONNECTING },
    { do: 'transition', state: CONNECTED },
    { do: 'disconnect' },
  ]
  let killed = 0
  for (let step = 1; ; step++) {
    const agent = lab.start(home, 'agent.ts', String(step))
    let ended = false
    for (const request of requests) ended ||= (await agent.ask(request))['ended'] === true
    await agent.kill()
    if (!ended) break
    killed++
    const healer = lab.start(home, 'agent.ts')
    await succeed(healer, { do: 'leftover', journal })
    assert.deepEqual(snapshot(home), before, `after a kill at step ${step}`)
    await healer.kill()
  }
  assert.ok(killed >= 40, `killed ${killed} times`)
}

async function buildGuardLab(lab: Lab): Promise<{ home: string; gateway: string }> {
  const [home, gateway, exit] = [lab.space('home'), lab.space('gw'), lab.space('exit')]
  lab.cable(home, 'up0', gateway, 'home0', {
    left: ['192.168.9.2/24', '2001:db8:99::2/64'],
    right: [
      '192.168.9.1/24',
      '2001:db8:99::1/64',
      ...[PROVIDER.address, RPC.address, WEB_4].map((own) => `${own}/32`),
      `${WEB_6}/128`,
    ],
  })
  sh('ip', '-n', home, 'route', 'add', 'default', 'via', '192.168.9.1')
  sh('ip', '-n', home, '-6', 'route', 'add', 'default', 'via', '2001:db8:99::1')
  addTunnel(lab, home, exit)
  for (const space of [gateway, exit]) {
    await lab.start(space, 'peer.ts', 'serve', '8000').next()
    await lab.start(space, 'peer.ts', 'serve', '53').next()
  }
  sh('ip', 'netns', 'exec', gateway, 'nft', COUNTING)
  await settled(home)
  return { home, gateway }
}

function addTunnel(lab: Lab, home: string, exit: string): void {
  lab.cable(home, 'tun0', exit, 'tun0', {
    left: [`${INNER.address4}/32`, `${INNER.address6}/128`],
    right: ['198.18.0.1/15', '2001:2::1/48', `${WEB_4}/32`, `${WEB_6}/128`],
  })
}

function assertUnreachable(home: string): void {
  for (const protocol of ['tcp', 'udp']) {
    for (const address of [WEB_4, WEB_6, '192.168.9.1', '2001:db8:99::1']) {
      const seen = peer(home, 'ask', protocol, address, '8000')
      assert.ok('error' in seen, `${protocol} ${address}: ${JSON.stringify(seen)}`)
    }
  }
  for (const address of [WEB_4, WEB_6]) assert.ok('error' in peer(home, 'ping', address), `ping ${address}`)
}

function asNobody(space: string, protocol: string, address: string): Record<string, unknown> {
  using view = viewForNobody()
  const script = view.path(join(import.meta.dirname, 'peer.ts'))
  const node = view.path(process.execPath)
  const command = `setpriv --reuid=${NOBODY} --clear-groups '${node}' '${script}' ask ${protocol} ${address} 8000`
  // `ip netns exec` has a mount namespace of its own.
  const answer = sh('ip', 'netns', 'exec', space, 'sh', '-ec', `${view.prepare}; exec ${command}`)
  return JSON.parse(answer) as Record<string, unknown>
}

/** What came out of the house since the last reset, without neighbour discovery and the daemon's own target. */
function leaks(gateway: string): { leaked: number; data: number } {
  return { leaked: counterOf(gateway, 'count', 'leaked'), data: counterOf(gateway, 'count', 'data') }
}

function resetCounters(gateway: string): void {
  sh('ip', 'netns', 'exec', gateway, 'nft', 'reset', 'counters')
}

function counterOf(space: string, table: string, name: string): number {
  const text = sh('ip', 'netns', 'exec', space, 'nft', 'list', 'counter', 'inet', table, name)
  return Number(/packets (\d+)/.exec(text)?.[1])
}

async function succeed(program: Program, request: Record<string, unknown>): Promise<Record<string, unknown>> {
  const answer = await program.ask(request)
  assert.equal(answer['ok'], true, JSON.stringify(answer))
  return answer
}

/** At the gateway, before routing: nothing that leaves the house can avoid it. */
const COUNTING = `
table inet count {
  counter data {}
  counter leaked {}
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname != "home0" accept
    udp dport ${PROVIDER.port} ip daddr ${PROVIDER.address} counter name data accept
    ip daddr ${RPC.address} tcp dport ${RPC.port} accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
    counter name leaked
  }
}`

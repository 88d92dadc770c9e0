/** Forwarding must not cost the provider its own IPv6, and must be undone exactly, on old kernels and new ones. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Lab, peer, settled, sh, skipWithoutRoot, snapshot } from './lab.ts'

test('forwarding keeps the routes of router advertisements', { skip: skipWithoutRoot }, async (t) => {
  await using lab = new Lab()
  const [provider, router] = [lab.space('prov'), lab.space('rtr')]
  lab.cable(provider, 'up0', router, 'home0', { left: ['192.168.7.2/24'], right: ['192.168.7.1/24'] })
  lab.cable(provider, 'tun0', router, 'far0', {})
  await settled(provider)
  await settled(router)
  const [{ ifindex }] = JSON.parse(sh('ip', '-j', '-n', router, 'link', 'show', 'dev', 'home0')) as {
    ifindex: number
  }[]
  const advertise = async (): Promise<void> => {
    assert.deepEqual(peer(router, 'advertise', String(ifindex)), { sent: true })
    await new Promise((done) => setTimeout(done, 100))
  }
  const hasDefault = (): boolean => sh('ip', '-6', '-n', provider, 'route', 'show', 'default').includes('proto ra')
  const agent = lab.start(provider, 'agent.ts')

  for (const global6 of [false, true]) {
    await t.test(global6 ? 'with one switch for all devices' : 'with a switch for each device', async () => {
      // Another device that forwards already must do so again afterwards.
      sh('ip', 'netns', 'exec', provider, 'sysctl', '-qw', 'net.ipv6.conf.tun0.forwarding=1')
      await advertise()
      const before = snapshot(provider)
      const journal = join(lab.folder, `forward-${global6}.journal`)
      const answer = await agent.ask({ do: 'forward', journal, tun: 'tun0', uplink: 'up0', global6 })
      assert.equal(answer['ok'], true, JSON.stringify(answer))
      assert.notDeepEqual(snapshot(provider)['sysctls'], before['sysctls'])
      assert.ok(hasDefault(), 'the route is still there')
      sh('ip', '-6', '-n', provider, 'route', 'flush', 'proto', 'ra')
      assert.ok(!hasDefault())
      await advertise()
      assert.ok(hasDefault(), 'a new advertisement is accepted')
      await agent.ask({ do: 'recover', journal })
      assert.equal(snapshot(provider)['sysctls'], before['sysctls'])
      assert.ok(hasDefault(), 'undoing keeps the route')
    })
  }

  await t.test('the check can fail: the plain switch loses the route', async () => {
    // A new route: the kernel looks for routes to delete only where one was added since it last looked.
    sh('ip', '-6', '-n', provider, 'route', 'flush', 'proto', 'ra')
    await advertise()
    assert.ok(hasDefault())
    sh('ip', 'netns', 'exec', provider, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1')
    assert.ok(!hasDefault())
  })
})

/**
 * The exit's neighbourhood in namespaces:
 *
 *   alice --+
 *           tun0 provider up0 ---- home0 router srv0 ---- server
 *   bob ----+             lan0 ---- lan0
 *
 * `tun0` is a bridge of two cables: the kernel's forwarding sees one device with two consumers, as with the engine's TUN.
 */
import { sh, type Lab } from './lab.ts'

export const ALICE = { address4: '198.18.5.5', address6: '2001:2::5:5' }
export const BOB = { address4: '198.18.6.6', address6: '2001:2::6:6' }
export const SERVER_4 = '203.0.113.9'
export const SERVER_6 = '2001:db8:9::9'
export const PROVIDER_4 = '192.168.7.2'
export const PROVIDER_6 = '2001:db8:7:1::2'
/** Given to the exit by configuration. */
export const ROUTER_PUBLIC = '203.0.114.1'
/** Addresses of the router's namespace: they answer whoever is not stopped on the way. */
export const DECOYS = [
  '192.168.7.1',
  '10.55.0.2',
  '100.64.0.9',
  '169.254.169.254',
  ROUTER_PUBLIC,
  '2001:db8:7:1::1',
  '2001:db8:7:2::1',
  'fd55::2',
  '64:ff9b::cb00:7109',
  '2002:cb00:7109::1',
  '2001::9',
] as const

export interface ExitLab {
  readonly provider: string
  readonly router: string
  readonly server: string
  readonly alice: string
  readonly bob: string
}

export function buildExitLab(lab: Lab): ExitLab {
  const space = (name: string): string => lab.space(name)
  const [provider, router, server] = [space('prov'), space('rtr'), space('srv')]
  const [alice, bob] = [space('alice'), space('bob')]
  lab.cable(provider, 'up0', router, 'home0', {
    left: ['192.168.7.2/24', '2001:db8:7:1::2/64'],
    right: ['192.168.7.1/24', '192.168.8.1/24', '2001:db8:7:1::1/64'],
  })
  lab.cable(provider, 'lan0', router, 'lan0', {
    left: ['10.55.0.1/24', 'fd55::1/64'],
    right: ['10.55.0.2/24', 'fd55::2/64'],
  })
  lab.cable(router, 'srv0', server, 'eth0', {
    left: ['203.0.113.1/24', '2001:db8:9::1/64'],
    right: ['203.0.113.9/24', '2001:db8:9::9/64'],
  })
  for (const decoy of DECOYS) {
    // Those of the router's own networks stand already.
    if (/^(192\.168|10\.|fd55|2001:db8:7:1:)/.test(decoy)) continue
    sh('ip', '-n', router, 'address', 'add', `${decoy}/${decoy.includes(':') ? 128 : 32}`, 'dev', 'lo')
  }
  sh('ip', '-n', provider, 'route', 'add', 'default', 'via', '192.168.7.1', 'dev', 'up0')
  sh('ip', '-n', provider, '-6', 'route', 'add', 'default', 'via', '2001:db8:7:1::1', 'dev', 'up0')
  sh('ip', '-n', server, 'route', 'add', 'default', 'via', '203.0.113.1')
  sh('ip', '-n', server, '-6', 'route', 'add', 'default', 'via', '2001:db8:9::1')
  sh('ip', 'netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
  sh('ip', '-n', provider, 'link', 'add', 'tun0', 'address', GATEWAY_MAC, 'type', 'bridge')
  sh('ip', '-n', provider, 'link', 'set', 'tun0', 'up')
  joinTunnel(lab, provider, alice, 'pa', ALICE)
  joinTunnel(lab, provider, bob, 'pb', BOB)
  return { provider, router, server, alice, bob }
}

/** A tunnel has no neighbours; a cable does, and the exit lets no neighbour discovery through: so they are fixed. */
function joinTunnel(lab: Lab, provider: string, consumer: string, port: string, inner: typeof ALICE): void {
  lab.cable(provider, port, consumer, 'tun0', {
    right: [`${inner.address4}/32`, `${inner.address6}/128`],
  })
  sh('ip', '-n', provider, 'link', 'set', port, 'master', 'tun0')
  const [{ address: mac }] = JSON.parse(sh('ip', '-j', '-n', consumer, 'link', 'show', 'dev', 'tun0')) as {
    address: string
  }[]
  for (const address of [inner.address4, inner.address6]) {
    sh('ip', '-n', provider, 'neigh', 'add', address, 'lladdr', mac, 'dev', 'tun0', 'nud', 'permanent')
  }
  for (const [gateway, source] of [
    ['198.18.0.1', inner.address4],
    ['2001:2::1', inner.address6],
  ]) {
    sh('ip', '-n', consumer, 'neigh', 'add', gateway, 'lladdr', GATEWAY_MAC, 'dev', 'tun0', 'nud', 'permanent')
    const family = gateway.includes(':') ? '-6' : '-4'
    sh('ip', '-n', consumer, family, 'route', 'add', 'default', 'via', gateway, 'dev', 'tun0', 'onlink', 'src', source)
  }
}

const GATEWAY_MAC = '02:00:00:00:00:01'

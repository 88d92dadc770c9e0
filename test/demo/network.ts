/**
 * The demo's world: an `internet` with a web server and a chain host, and two homes behind routers of their own.
 *
 *     web ── internet ── provider-home ┬─ provider
 *              │  │                    └─ decoy        (must stay unreachable from outside)
 *            chain└── consumer-home ──── consumer
 *
 * Documentation prefixes only (RFC 5737, RFC 3849); each home has an IPv6 /48 of its own.
 */
import { bridge, link, router, type Host, type Lab, type LinkEnd } from '../netlab/index.ts'

export const WEB = { name: 'web.example', ip4: '203.0.113.10', ip6: '2001:db8:a000:1::10' } as const
export const CHAIN = { ip4: '203.0.113.20', port: 8545 } as const
/** `ip4` is what the internet sees, the router's; IPv6 is the machine's own. */
export const PROVIDER = { ip4: '198.51.100.2', lan4: '192.168.77.10', ip6: '2001:db8:b000:1::10' } as const
export const DECOY = { ip4: '192.168.77.20', ip6: '2001:db8:b000:1::20' } as const
export const CONSUMER = { ip4: '198.51.100.130', lan4: '192.168.88.10', ip6: '2001:db8:c000:1::10' } as const
export const TUNNEL_PORT = 51820
export const CONTROL_PORT = 5392
/** Everything of the provider's home that a consumer must not reach. */
export const FORBIDDEN = [
  ...[DECOY.ip4, DECOY.ip6, PROVIDER.lan4, PROVIDER.ip4, PROVIDER.ip6],
  ...['192.168.77.1', '2001:db8:b000:1::1', '127.0.0.1', '::1'],
] as const

export interface DemoNetwork {
  readonly web: Host
  readonly chain: Host
  readonly provider: Host
  readonly providerHome: Host
  readonly decoy: Host
  readonly consumer: Host
  readonly consumerHome: Host
}

export async function buildNetwork(lab: Lab): Promise<DemoNetwork> {
  const etc = { 'resolv.conf': `nameserver ${WEB.ip4}\n`, hosts: '127.0.0.1 localhost\n::1 localhost\n' }
  const [internet, web, chain, providerHome, consumerHome, provider, decoy, consumer] = await Promise.all([
    ...['internet', 'web', 'chain', 'provider-home', 'consumer-home'].map(async (name) => await lab.addHost(name)),
    ...['provider', 'decoy', 'consumer'].map(async (name) => await lab.addHost(name, { etc })),
  ] as [
    Promise<Host>,
    Promise<Host>,
    Promise<Host>,
    Promise<Host>,
    Promise<Host>,
    Promise<Host>,
    Promise<Host>,
    Promise<Host>,
  ])

  await attach(internet, 'web0', ['203.0.113.1/28', '2001:db8:a000:1::1/64'], web, 'eth0', [
    `${WEB.ip4}/28`,
    `${WEB.ip6}/64`,
  ])
  await attach(internet, 'chain0', ['203.0.113.17/28', '2001:db8:a000:2::1/64'], chain, 'eth0', [
    `${CHAIN.ip4}/28`,
    '2001:db8:a000:2::20/64',
  ])
  await attach(internet, 'provider0', ['198.51.100.1/30', '2001:db8:a000:b::1/64'], providerHome, 'wan', [
    `${PROVIDER.ip4}/30`,
    '2001:db8:a000:b::2/64',
  ])
  await attach(internet, 'consumer0', ['198.51.100.129/30', '2001:db8:a000:c::1/64'], consumerHome, 'wan', [
    `${CONSUMER.ip4}/30`,
    '2001:db8:a000:c::2/64',
  ])
  await internet.ip(
    'route add 2001:db8:b000::/48 via 2001:db8:a000:b::2',
    'route add 2001:db8:c000::/48 via 2001:db8:a000:c::2',
  )
  await router(internet, { wan: 'web0', lan: 'chain0', kind: 'open' })

  const providerLan = ['192.168.77.1/24', '2001:db8:b000:1::1/64']
  await bridge(providerHome, 'lan', providerLan)
  await plug(providerHome, 'port1', providerLan, provider, [`${PROVIDER.lan4}/24`, `${PROVIDER.ip6}/64`])
  await plug(providerHome, 'port2', providerLan, decoy, [`${DECOY.ip4}/24`, `${DECOY.ip6}/64`])
  await router(providerHome, {
    wan: 'wan',
    lan: 'lan',
    kind: 'home',
    forwards: [
      { protocol: 'udp', port: TUNNEL_PORT, to4: PROVIDER.lan4, to6: PROVIDER.ip6 },
      { protocol: 'tcp', port: CONTROL_PORT, to4: PROVIDER.lan4, to6: PROVIDER.ip6 },
    ],
  })

  await attach(consumerHome, 'lan', ['192.168.88.1/24', '2001:db8:c000:1::1/64'], consumer, 'eth0', [
    `${CONSUMER.lan4}/24`,
    `${CONSUMER.ip6}/64`,
  ])
  await router(consumerHome, { wan: 'wan', lan: 'lan', kind: 'home' })
  return { web, chain, provider, providerHome, decoy, consumer, consumerHome }
}

/** Joins `upper` and `lower`; `upper`'s addresses are the gateways of `lower`. */
async function attach(
  upper: Host,
  upperDevice: string,
  upperAddresses: readonly string[],
  lower: Host,
  lowerDevice: string,
  lowerAddresses: readonly string[],
): Promise<void> {
  const gateways = upperAddresses.map(withoutLength)
  const upperEnd: LinkEnd = { host: upper, device: upperDevice, addresses: upperAddresses }
  await link(upperEnd, { host: lower, device: lowerDevice, addresses: lowerAddresses, gateways })
}

/** As `attach`, into a port of the bridge `lan` that has the gateways' addresses. */
async function plug(
  home: Host,
  port: string,
  lanAddresses: readonly string[],
  host: Host,
  addresses: readonly string[],
): Promise<void> {
  const gateways = lanAddresses.map(withoutLength)
  await link({ host: home, device: port, bridge: 'lan' }, { host, device: 'eth0', addresses, gateways })
}

function withoutLength(address: string): string {
  return address.slice(0, address.indexOf('/'))
}

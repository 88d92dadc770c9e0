/** Links, bridges and routers between the hosts of a lab. */
import type { Host } from './host.ts'

/** One end of a link: an interface `device` in `host` with these addresses (`198.51.100.2/24`, `2001:db8::1/64`). */
export interface LinkEnd {
  readonly host: Host
  readonly device: string
  readonly addresses?: readonly string[]
  /** Next hops of the default routes, one for each family at most. */
  readonly gateways?: readonly string[]
  /** A bridge of the same host to join. */
  readonly bridge?: string
  readonly mtu?: number
}

/** Joins two hosts by a cable (a veth pair made inside the namespaces: no name on the machine itself). */
export async function link(a: LinkEnd, b: LinkEnd): Promise<void> {
  // Different numbers: the kernel delays "the cable is in" by up to a second for a pair whose numbers are equal
  // (net/core/link_watch.c, linkwatch_urgent_event), and IPv6 is deaf until then.
  const index = nextIndex
  nextIndex += 2
  const [here, there] = [`${a.device} index ${index}`, `${b.device} index ${index + 1} netns ${b.host.netns}`]
  await a.host.ip(`link add ${here} type veth peer name ${there}`)
  await Promise.all([configure(a), configure(b)])
}

/** A switch in `host`; join it with `LinkEnd.bridge`. Bridged frames do not pass netfilter. */
export async function bridge(host: Host, device: string, addresses: readonly string[] = []): Promise<void> {
  await host.ip(`link add ${device} type bridge forward_delay 0 mcast_snooping 0`)
  // Where br_netfilter is loaded, bridged frames would pass the router's firewall.
  const switches = ['iptables', 'ip6tables'].map((table) => `/proc/sys/net/bridge/bridge-nf-call-${table}`)
  await host.run(['sh', '-ec', switches.map((file) => `test ! -e ${file} || echo 0 > ${file}`).join('\n')])
  await configure({ host, device, addresses })
}

/** A device splits kernel super-packets (TSO, UDP GSO) before they leave, so that loss and captures see real packets. */
export async function sendRealPackets(host: Host, device: string): Promise<void> {
  await host.ip(`link set ${device} gso_max_segs 1`)
}

export interface RouterOptions {
  readonly wan: string
  readonly lan: string
  /**
   * `home`: IPv4 masquerade that keeps ports (address- and port-restricted), IPv6 forwarded with a stateful firewall.
   * `symmetric`: as `home` with a random port for each flow. `open`: a plain router, no NAT and no filter.
   */
  readonly kind: 'home' | 'symmetric' | 'open'
  readonly forwards?: readonly PortForward[]
}

/** From the internet to a LAN host: IPv4 by DNAT of the router's address, IPv6 by a hole in the firewall. */
export interface PortForward {
  readonly protocol: 'udp' | 'tcp'
  readonly port: number
  readonly to4?: string
  readonly to6?: string
}

/** Makes `host`, whose interfaces are up, a router. */
export async function router(host: Host, options: RouterOptions): Promise<void> {
  await host.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 })
  if (options.kind === 'open') return
  const { wan, lan, forwards = [] } = options
  const dnat = forwards
    .filter((f) => f.to4 !== undefined)
    .map((f) => `${f.protocol} dport ${f.port} dnat ip to ${f.to4}`)
  const holes4 = forwards
    .filter((f) => f.to4 !== undefined)
    .map((f) => `ip daddr ${f.to4} ${f.protocol} dport ${f.port} accept`)
  const holes6 = forwards
    .filter((f) => f.to6 !== undefined)
    .map((f) => `ip6 daddr ${f.to6} ${f.protocol} dport ${f.port} accept`)
  await host.nft(`
table inet home {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "${lan}" accept
    ${[...holes4, ...holes6].map((rule) => `iifname "${wan}" ${rule}`).join('\n    ')}
    iifname "${wan}" icmpv6 type { packet-too-big, time-exceeded, parameter-problem } accept
    drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "${lan}" } accept
    meta l4proto { icmp, ipv6-icmp } accept
    drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ${dnat.map((rule) => `iifname "${wan}" meta nfproto ipv4 ${rule}`).join('\n    ')}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "${wan}" meta nfproto ipv4 masquerade${options.kind === 'symmetric' ? ' fully-random' : ''}
  }
}`)
}

async function configure(end: LinkEnd): Promise<void> {
  const { host, device, addresses = [], gateways = [] } = end
  const lines = addresses.map(
    (address) => `address add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`,
  )
  if (end.mtu !== undefined) lines.push(`link set ${device} mtu ${end.mtu}`)
  if (end.bridge !== undefined) lines.push(`link set ${device} master ${end.bridge}`)
  lines.push(`link set ${device} up`)
  await host.ip(...lines)
  if (gateways.length === 0) return
  await host.ip(...gateways.map((gateway) => `route add default via ${gateway} dev ${device}`))
}

let nextIndex = 100

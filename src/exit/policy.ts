/**
 * Which destinations an exit refuses, whatever a consumer asks: everything that is not the public internet, and
 * everything that is near the provider. Pure; `docs/addressing.md` lists the reasons for people.
 */
import { formatPrefix, maskedPrefix, parseIp, parsePrefix, prefixContains, type Prefix } from '#base/ip.ts'
import { AditError } from '#base/errors.ts'

/** What is near: read from the host, again at each change. */
export interface Surroundings {
  /** Every address of the provider's machine. */
  readonly ownAddresses: readonly string[]
  /** Prefixes on a link of any interface. */
  readonly onLinkPrefixes: readonly string[]
  /** Gateways of the default routes. */
  readonly gateways: readonly string[]
  /** From the configuration: the router's public address, the network's NAT64 prefix, the host's own when rootless. */
  readonly extra: readonly string[]
}

export interface RefusedDestinations {
  /** Canonical prefixes, none inside another. */
  readonly four: readonly string[]
  readonly six: readonly string[]
}

export function refusedDestinations(near: Surroundings): RefusedDestinations {
  const prefixes = [
    ...ALWAYS_REFUSED_4,
    ...ALWAYS_REFUSED_6,
    ...near.ownAddresses,
    ...near.onLinkPrefixes,
    ...near.gateways,
    ...near.extra,
  ].map(parsed)
  const sites = [...near.ownAddresses, ...near.onLinkPrefixes, ...near.gateways].map(parsed).flatMap(enclosingSite)
  const outermost = withoutNested([...prefixes, ...sites])
  return {
    four: outermost.filter((prefix) => prefix.address.length === 4).map(formatPrefix),
    six: outermost.filter((prefix) => prefix.address.length === 16).map(formatPrefix),
  }
}

/** Whether `address` (text) is refused: the twin of the nft sets, for tests and for messages. */
export function isRefused(refused: RefusedDestinations, address: string): boolean {
  const bytes = parseIp(address)
  if (bytes === undefined) return true
  return [...refused.four, ...refused.six].some((text) => prefixContains(parsed(text), bytes))
}

/**
 * A home gets a /56 or a /48; its guest and IoT networks are other /64 of it, which the router treats as inside. So the
 * /48 around each global IPv6 prefix of ours is refused (RFC 6177 §2: /48 is the largest usual site).
 */
function enclosingSite(prefix: Prefix): Prefix[] {
  const isGlobal6 = prefix.address.length === 16 && prefixContains(GLOBAL_UNICAST_6, prefix.address)
  return isGlobal6 && prefix.length > SITE_BITS ? [maskedPrefix(prefix.address, SITE_BITS)] : []
}

function withoutNested(prefixes: readonly Prefix[]): Prefix[] {
  const kept: Prefix[] = []
  for (const prefix of prefixes.toSorted((left, right) => left.length - right.length)) {
    if (!kept.some((outer) => prefixContains(outer, prefix.address))) kept.push(prefix)
  }
  return kept
}

function parsed(text: string): Prefix {
  const prefix = parsePrefix(text)
  if (prefix === undefined) {
    throw new AditError(
      'exit-option',
      `refused destination: expected a prefix, got ${JSON.stringify(text.slice(0, 60))}`,
    )
  }
  return prefix
}

const SITE_BITS = 48
const GLOBAL_UNICAST_6 = parsed('2000::/3')

/** IANA's IPv4 special-purpose registry (RFC 6890), without the documentation blocks, which reach nothing. */
export const ALWAYS_REFUSED_4: readonly string[] = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private, RFC 1918
  '100.64.0.0/10', // carrier-grade NAT, RFC 6598
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, and the metadata service of clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments: DS-Lite, PCP anycast
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking: the inner addresses of tunnels
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
]

/**
 * All but 2000::/3, which is the only global unicast space: loopback, unspecified, IPv4-mapped ::ffff:0:0/96, NAT64
 * 64:ff9b::/96 and 64:ff9b:1::/48, discard 100::/64, ULA fc00::/7, link-local fe80::/10, multicast ff00::/8. Prefixes
 * that embed IPv4 addresses are refused whole: nothing is decoded.
 */
export const ALWAYS_REFUSED_6: readonly string[] = [
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/32', // Teredo
  '2001:2::/48', // benchmarking: the inner addresses of tunnels
  '2001:10::/28', // ORCHID
  '2001:20::/28', // ORCHIDv2
  '2002::/16', // 6to4
]

/**
 * One guard state -> one nft ruleset (pure). The whole ruleset is loaded as one transaction that flushes and refills;
 * base chains are never deleted, and every chain ends in an explicit `drop`: a policy alone lets packets pass while a
 * chain is replaced (measured: 33 of 1.4 million; with the explicit drop 0 of 1.66 million).
 */
import { unreachable } from '#base/result.ts'
import { address, braces, device, lines, nft, port, word, type NftText } from '#host/nft.ts'
import type { ControlTarget, DataEndpoint, GuardState, TunnelLink } from './state.ts'

export interface GuardRulesInput {
  readonly table: string
  readonly fwmark: number
  readonly controlUid: number
  readonly state: Exclude<GuardState, { kind: 'disconnected' }>
}

/** The complete ruleset of one state: loads over an empty table and over any other state alike. */
export function guardRules(input: GuardRulesInput): NftText {
  const table = word(input.table)
  const openings = openingsOf(input.state)
  return lines([
    ...chains(table),
    nft`flush table inet ${table}`,
    ...markRules(table, input.fwmark, openings),
    ...outputRules(table, input, openings),
    ...inputRules(table, openings),
    nft`add rule inet ${table} forward counter name forwarded drop`,
  ])
}

/** The tunnel counts as `open` only when connected: before and after, its device carries nothing. */
interface Openings {
  readonly data: readonly DataEndpoint[]
  readonly control: readonly ControlTarget[]
  readonly open: TunnelLink | undefined
  /** Inner addresses that no other interface may reach. */
  readonly protectedLink: TunnelLink | undefined
}

function openingsOf(state: GuardRulesInput['state']): Openings {
  switch (state.kind) {
    case 'connecting':
      return { data: state.data, control: state.control, open: undefined, protectedLink: undefined }
    case 'connected':
      return { data: state.data, control: state.control, open: state.tunnel, protectedLink: state.tunnel }
    case 'reconnecting':
      return { data: state.data, control: state.control, open: undefined, protectedLink: state.tunnel }
    case 'error':
      return { data: [], control: state.control, open: undefined, protectedLink: undefined }
    default:
      return unreachable(state)
  }
}

function chains(table: NftText): NftText[] {
  const base = (name: string, priority: string): NftText =>
    nft`add chain inet ${table} ${word(name)} { type filter hook ${word(name)} priority ${word(priority)} ; policy drop ; }`
  return [
    ...GUARD_COUNTERS.map((name) => nft`add counter inet ${table} ${word(name)}`),
    base('output', 'filter'),
    base('forward', 'filter'),
    base('input', 'filter'),
    nft`add chain inet ${table} prerouting { type filter hook prerouting priority mangle ; policy accept ; }`,
  ]
}

/** Answers of the data endpoints take the mark of their questions, so that a strict reverse-path check finds `main`. */
function markRules(table: NftText, fwmark: number, { data }: Openings): NftText[] {
  const rule = nft`add rule inet ${table} prerouting`
  return endpointsByFamily(data).map(
    ({ family, endpoints }) => nft`${rule} ${family} saddr . udp sport ${braces(endpoints)} meta mark set ${fwmark}`,
  )
}

/** Ours out, then the tunnel; what is left is answered with a refusal, so that applications fail at once. */
function outputRules(table: NftText, { fwmark, controlUid }: GuardRulesInput, openings: Openings): NftText[] {
  const rule = nft`add rule inet ${table} output`
  const tunnel = openings.open
  return [
    nft`${rule} oifname "lo" accept`,
    ...endpointsByFamily(openings.data).map(
      ({ family, endpoints }) =>
        nft`${rule} meta mark ${fwmark} ${family} daddr . udp dport ${braces(endpoints)} counter name data accept`,
    ),
    ...controlByFamily(openings.control).map(
      ({ family, protocol, endpoints }) =>
        nft`${rule} meta skuid ${controlUid} ${family} daddr . ${protocol} dport ${braces(endpoints)} counter name control accept`,
    ),
    // RFC 2131 §4.4.5: a client whose unicast renewal fails falls back to broadcast before the lease ends.
    nft`${rule} ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept`,
    nft`${rule} ip6 daddr { ff02::1:2, ff05::1:3 } udp sport 546 udp dport 547 accept`,
    nft`${rule} icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept`,
    nft`${rule} ip6 daddr ff02::16 icmpv6 type mld2-listener-report ip6 hoplimit 1 accept`,
    ...(tunnel === undefined ? [] : tunnelOutput(rule, tunnel)),
    nft`${rule} counter name blocked`,
    // Connections of a tunnel that is coming back wait; a refusal would end them.
    ...(tunnel === undefined && openings.protectedLink !== undefined ? waitingRules(rule, openings.protectedLink) : []),
    nft`${rule} meta l4proto tcp reject with tcp reset`,
    nft`${rule} reject with icmpx admin-prohibited`,
    nft`${rule} drop`,
  ]
}

/** DNS goes to the tunnel's resolver only; everything else with the session's source, never the LAN's. */
function tunnelOutput(rule: NftText, tunnel: TunnelLink): NftText[] {
  const out = nft`${rule} oifname ${device(tunnel.device)}`
  const resolvers = tunnel.resolvers.map(
    (resolver) =>
      nft`${out} ${familyOf(resolver)} daddr ${address(resolver)} meta l4proto { tcp, udp } th dport 53 accept`,
  )
  return [
    ...resolvers,
    nft`${rule} meta l4proto { tcp, udp } th dport 53 counter name blocked_dns reject with icmpx admin-prohibited`,
    nft`${out} ip saddr ${address(tunnel.addresses.address4)} accept`,
    nft`${out} ip6 saddr ${address(tunnel.addresses.address6)} accept`,
  ]
}

function waitingRules(rule: NftText, { addresses }: TunnelLink): NftText[] {
  return [
    nft`${rule} ip saddr ${address(addresses.address4)} drop`,
    nft`${rule} ip6 saddr ${address(addresses.address6)} drop`,
  ]
}

/** Answers only: nothing of this host can be reached from the LAN, and the tunnel's address from nowhere else. */
function inputRules(table: NftText, { data, control, open, protectedLink }: Openings): NftText[] {
  const rule = nft`add rule inet ${table} input`
  return [
    nft`${rule} iifname "lo" accept`,
    // CVE-2019-14899: a neighbour must not be able to probe which connections live in the tunnel.
    ...(protectedLink === undefined ? [] : probeRules(rule, protectedLink)),
    ...endpointsByFamily(data).map(
      ({ family, endpoints }) => nft`${rule} ${family} saddr . udp sport ${braces(endpoints)} accept`,
    ),
    ...controlByFamily(control).map(
      ({ family, protocol, endpoints }) =>
        nft`${rule} ct state established ${family} saddr . ${protocol} sport ${braces(endpoints)} accept`,
    ),
    nft`${rule} udp sport 67 udp dport 68 accept`,
    nft`${rule} ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept`,
    nft`${rule} icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept`,
    // "Too big" for the data path: an answer in can leak nothing out.
    nft`${rule} meta l4proto { icmp, ipv6-icmp } ct state related accept`,
    ...(open === undefined ? [] : [nft`${rule} iifname ${device(open.device)} ct state established,related accept`]),
    nft`${rule} drop`,
  ]
}

function probeRules(rule: NftText, { device: name, addresses }: TunnelLink): NftText[] {
  return [
    nft`${rule} iifname != ${device(name)} ip daddr ${address(addresses.address4)} counter name probes drop`,
    nft`${rule} iifname != ${device(name)} ip6 daddr ${address(addresses.address6)} counter name probes drop`,
  ]
}

function endpointsByFamily(endpoints: readonly DataEndpoint[]): { family: NftText; endpoints: NftText[] }[] {
  return (['ip', 'ip6'] as const).flatMap((family) => {
    const own = endpoints.filter((endpoint) => familyOf(endpoint.address).text === family)
    if (own.length === 0) return []
    return [
      {
        family: word(family),
        endpoints: own.map((endpoint) => nft`${address(endpoint.address)} . ${port(endpoint.port)}`),
      },
    ]
  })
}

function controlByFamily(
  targets: readonly ControlTarget[],
): { family: NftText; protocol: NftText; endpoints: NftText[] }[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) =>
    endpointsByFamily(targets.filter((target) => target.protocol === protocol)).map((group) => ({
      ...group,
      protocol: word(protocol),
    })),
  )
}

function familyOf(text: string): NftText {
  return word(text.includes(':') ? 'ip6' : 'ip')
}

/** Named counters of the table: `data` and `control` are what left outside the tunnel, and all that may. */
export const GUARD_COUNTERS = ['data', 'control', 'blocked', 'blocked_dns', 'forwarded', 'probes'] as const

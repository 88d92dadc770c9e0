/**
 * The exit's packet filter as nft text (pure). The whole ruleset is written anew at each refresh, in one transaction
 * that flushes and refills and never deletes a base chain: a base chain that is replaced accepts everything for a moment
 * (measured: 33 of 1.4 million packets), and so does one that relies on its policy.
 */
import { GATEWAY_4, GATEWAY_6 } from '#base/addressing.ts'
import type { InnerAddresses } from '#base/addressing.ts'
import { address, braces, device, lines, nft, prefix, word, type NftText } from '#host/nft.ts'
import { natRules } from './nat.ts'
import type { RefusedDestinations } from './policy.ts'
import type { ExitLimits, PortBlock } from './types.ts'

export interface OpenConsumer {
  readonly addresses: InnerAddresses
  readonly block: PortBlock
}

/** All that the ruleset depends on. */
export interface ExitRulesInput {
  readonly table: string
  readonly tun: string
  readonly uplink4: string | undefined
  readonly uplink6: string | undefined
  readonly refused: RefusedDestinations
  readonly limits: ExitLimits
  readonly consumers: readonly OpenConsumer[]
  /** Forwarding of others that was off before we switched it on for ourselves, and stays off. */
  readonly strangers: Strangers
}

export interface Strangers {
  /** Devices whose IPv4 (IPv6) forwarding only we switched on: what they would forward for others is dropped. */
  readonly from4: readonly string[]
  readonly from6: readonly string[]
  /** IPv6 forwarding was off on the whole host, and this kernel can only switch it on as a whole. */
  readonly all6: boolean
  /** Bridges among them: their own frames pass the forward hook too when br_netfilter is loaded. */
  readonly bridges: readonly string[]
}

/** The complete ruleset: loads over an empty table and over an earlier version of itself alike. */
export function exitRules(input: ExitRulesInput): NftText {
  const table = word(input.table)
  return lines([
    ...declarations(table),
    nft`flush table inet ${table}`,
    ...refusedElements(table, input.refused),
    ...forwardRules(table, input),
    ...fromTunnelRules(table, input),
    ...toTunnelRules(table, input),
    ...localRules(table, input.tun),
    ...natRules(table, input),
  ])
}

function declarations(table: NftText): NftText[] {
  const base = (name: string, hook: string, priority: string): NftText =>
    nft`add chain inet ${table} ${word(name)} { type filter hook ${word(hook)} priority ${word(priority)} ; policy accept ; }`
  return [
    ...COUNTERS.map((name) => nft`add counter inet ${table} ${word(name)}`),
    nft`add set inet ${table} sources4 { type ipv4_addr ; }`,
    nft`add set inet ${table} sources6 { type ipv6_addr ; }`,
    nft`add set inet ${table} refused4 { type ipv4_addr ; flags interval ; }`,
    nft`add set inet ${table} refused6 { type ipv6_addr ; flags interval ; }`,
    nft`add set inet ${table} flows4 { type ipv4_addr ; size ${SET_SIZE} ; flags dynamic ; }`,
    nft`add set inet ${table} flows6 { type ipv6_addr ; size ${SET_SIZE} ; flags dynamic ; }`,
    nft`add set inet ${table} rates4 { type ipv4_addr ; size ${SET_SIZE} ; flags dynamic,timeout ; timeout 60s ; }`,
    nft`add set inet ${table} rates6 { type ipv6_addr ; size ${SET_SIZE} ; flags dynamic,timeout ; timeout 60s ; }`,
    nft`add map inet ${table} blocks4 { type ipv4_addr : verdict ; }`,
    nft`add map inet ${table} blocks6 { type ipv6_addr : verdict ; }`,
    base('forward', 'forward', 'filter'),
    base('input', 'input', 'filter'),
    base('output', 'output', 'filter'),
    nft`add chain inet ${table} postrouting { type nat hook postrouting priority srcnat ; policy accept ; }`,
    nft`add chain inet ${table} from_tunnel`,
    nft`add chain inet ${table} to_tunnel`,
    nft`add chain inet ${table} new_flow`,
  ]
}

function refusedElements(table: NftText, refused: RefusedDestinations): NftText[] {
  return [
    nft`flush set inet ${table} refused4`,
    nft`flush set inet ${table} refused6`,
    nft`add element inet ${table} refused4 ${braces(refused.four.map(prefix))}`,
    nft`add element inet ${table} refused6 ${braces(refused.six.map(prefix))}`,
  ]
}

/** Tunnel traffic leaves for chains that end in a drop; what others forward passes, unless we alone made it possible. */
function forwardRules(table: NftText, { tun, strangers }: ExitRulesInput): NftText[] {
  const rule = nft`add rule inet ${table} forward`
  return [
    nft`${rule} iifname ${device(tun)} goto from_tunnel`,
    nft`${rule} oifname ${device(tun)} goto to_tunnel`,
    ...strangers.bridges.map((name) => nft`${rule} iifname ${device(name)} oifname ${device(name)} accept`),
    ...strangers.from4.map(
      (name) => nft`${rule} iifname ${device(name)} meta nfproto ipv4 counter name strangers drop`,
    ),
    ...strangers.from6.map(
      (name) => nft`${rule} iifname ${device(name)} meta nfproto ipv6 counter name strangers drop`,
    ),
    ...(strangers.all6 ? [nft`${rule} meta nfproto ipv6 counter name strangers drop`] : []),
  ]
}

/** Who, where to, how much: in this order. Refusals are answered, so that an application need not wait. */
function fromTunnelRules(table: NftText, { tun, uplink4, uplink6, limits }: ExitRulesInput): NftText[] {
  const rule = nft`add rule inet ${table} from_tunnel`
  const refuse = nft`counter name refused reject with icmpx admin-prohibited`
  const fresh = nft`add rule inet ${table} new_flow`
  const rate = nft`limit rate over ${limits.newFlowsPerSecond}/second burst ${limits.newFlowsBurst} packets`
  return [
    nft`${rule} ip saddr != @sources4 counter name spoofed drop`,
    nft`${rule} ip6 saddr != @sources6 counter name spoofed drop`,
    nft`${rule} oifname ${device(tun)} counter name between drop`,
    nft`${rule} ip daddr @refused4 ${refuse}`,
    nft`${rule} ip6 daddr @refused6 ${refuse}`,
    ...outOf('ipv4', uplink4).map((elsewhere) => nft`${rule} ${elsewhere} ${refuse}`),
    ...outOf('ipv6', uplink6).map((elsewhere) => nft`${rule} ${elsewhere} ${refuse}`),
    nft`${rule} meta l4proto != { icmp, tcp, udp, ipv6-icmp } ${refuse}`,
    nft`${rule} ct state invalid counter name invalid drop`,
    nft`${rule} ct state established,related accept`,
    nft`${rule} ct state new goto new_flow`,
    nft`${rule} drop`,
    nft`${fresh} update @rates4 { ip saddr ${rate} } counter name too_fast drop`,
    nft`${fresh} update @rates6 { ip6 saddr ${rate} } counter name too_fast drop`,
    nft`${fresh} add @flows4 { ip saddr ct count over ${limits.flowsPerConsumer} } counter name too_many drop`,
    nft`${fresh} add @flows6 { ip6 saddr ct count over ${limits.flowsPerConsumer} } counter name too_many drop`,
    nft`${fresh} accept`,
  ]
}

/** Matches packets of `family` that would leave by another device than the uplink: all of them where it has none. */
function outOf(family: 'ipv4' | 'ipv6', uplink: string | undefined): NftText[] {
  const proto = nft`meta nfproto ${word(family)}`
  return [uplink === undefined ? proto : nft`${proto} oifname != ${device(uplink)}`]
}

/** Only answers to what a consumer asked, only from the uplink, only to open sessions. */
function toTunnelRules(table: NftText, { uplink4, uplink6 }: ExitRulesInput): NftText[] {
  const rule = nft`add rule inet ${table} to_tunnel`
  const accept = nft`ct state established,related accept`
  return [
    ...(uplink4 === undefined ? [] : [nft`${rule} iifname ${device(uplink4)} ip daddr @sources4 ${accept}`]),
    ...(uplink6 === undefined ? [] : [nft`${rule} iifname ${device(uplink6)} ip6 daddr @sources6 ${accept}`]),
    nft`${rule} counter name unsolicited drop`,
  ]
}

/**
 * Nothing of this host is reachable through the tunnel: the engine answers the gateway's addresses itself, before the
 * kernel. The host's own ICMP errors may enter it (too big, refused), from the gateway's address and no other.
 */
function localRules(table: NftText, tun: string): NftText[] {
  const out = nft`add rule inet ${table} output oifname ${device(tun)}`
  const errors4 = nft`icmp type { destination-unreachable, time-exceeded, parameter-problem }`
  const errors6 = nft`icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }`
  return [
    nft`add rule inet ${table} input iifname ${device(tun)} counter name to_host drop`,
    nft`${out} ip saddr ${address(GATEWAY_4)} ${errors4} accept`,
    nft`${out} ip6 saddr ${address(GATEWAY_6)} ${errors6} accept`,
    nft`${out} counter name from_host drop`,
  ]
}

/** Named counters of the table; `host/nft.ts` `readCounters` reads them. */
export const COUNTERS = [
  'spoofed',
  'between',
  'refused',
  'invalid',
  'too_fast',
  'too_many',
  'unsolicited',
  'to_host',
  'from_host',
  'strangers',
] as const

const SET_SIZE = 4096

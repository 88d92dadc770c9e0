/**
 * Source NAT as nft text (pure): a chain for each block of ports, reached by the consumer's inner source address. It
 * masquerades, which follows a changing address of the uplink by itself (the kernel picks the address at each new flow
 * and drops the flows of an address that went away), into the consumer's ports alone. One SNAT rule with a map from
 * source to `address . port range` would be shorter, but nft 1.0.6 cannot load it for IPv6 ("No data available").
 */
import { INNER_PREFIX_4, INNER_PREFIX_6 } from '#base/addressing.ts'
import { address, braces, device, lines, nft, port, prefix, word, type NftText } from '#host/nft.ts'
import type { ExitRulesInput, OpenConsumer } from './filter.ts'
import type { PortBlock } from './types.ts'

/** The NAT part of the ruleset: rules of `postrouting` and the chains of all open blocks. */
export function natRules(table: NftText, input: ExitRulesInput): NftText[] {
  const rule = nft`add rule inet ${table} postrouting`
  return [
    ...input.consumers.flatMap((consumer) => blockChain(table, consumer.block)),
    ...(input.uplink4 === undefined ? [] : [nft`${rule} oifname ${device(input.uplink4)} ip saddr vmap @blocks4`]),
    ...(input.uplink6 === undefined ? [] : [nft`${rule} oifname ${device(input.uplink6)} ip6 saddr vmap @blocks6`]),
    // An inner address must never be seen outside: a session that is just being closed has no block any more.
    nft`${rule} oifname != ${device(input.tun)} ip saddr ${prefix(INNER_PREFIX_4)} drop`,
    nft`${rule} oifname != ${device(input.tun)} ip6 saddr ${prefix(INNER_PREFIX_6)} drop`,
  ]
}

/** Opens the table to one consumer, as one transaction: its block first, then the door. */
export function addConsumerRules(tableName: string, consumer: OpenConsumer): NftText {
  const table = word(tableName)
  const { four, six, chain } = namesOf(consumer)
  return lines([
    ...blockChain(table, consumer.block),
    nft`add element inet ${table} blocks4 { ${four} : goto ${chain} }`,
    nft`add element inet ${table} blocks6 { ${six} : goto ${chain} }`,
    nft`add element inet ${table} sources4 ${braces([four])}`,
    nft`add element inet ${table} sources6 ${braces([six])}`,
  ])
}

export function removeConsumerRules(tableName: string, consumer: OpenConsumer): NftText {
  const table = word(tableName)
  const { four, six, chain } = namesOf(consumer)
  return lines([
    nft`delete element inet ${table} sources4 ${braces([four])}`,
    nft`delete element inet ${table} sources6 ${braces([six])}`,
    nft`delete element inet ${table} blocks4 ${braces([four])}`,
    nft`delete element inet ${table} blocks6 ${braces([six])}`,
    nft`flush chain inet ${table} ${chain}`,
    nft`delete chain inet ${table} ${chain}`,
  ])
}

/** The ids of ICMP echo come from the block too: they are the ports of ICMP. */
function blockChain(table: NftText, block: PortBlock): NftText[] {
  const chain = chainOf(block)
  const target = nft`masquerade to :${port(block.first)}-${port(block.last)}`
  const rule = nft`add rule inet ${table} ${chain}`
  return [
    nft`add chain inet ${table} ${chain}`,
    nft`${rule} meta l4proto { tcp, udp } ${target}`,
    nft`${rule} meta l4proto icmp ${target}`,
    nft`${rule} meta l4proto ipv6-icmp ${target}`,
    nft`${rule} drop`,
  ]
}

function namesOf({ addresses, block }: OpenConsumer): { four: NftText; six: NftText; chain: NftText } {
  return { four: address(addresses.address4), six: address(addresses.address6), chain: chainOf(block) }
}

function chainOf(block: PortBlock): NftText {
  return word(`ports_${block.first}`)
}

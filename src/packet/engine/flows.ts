/**
 * Flows that this side opened: which received packets are billable. A provider, or anyone who knows a NAT mapping, can
 * send packets towards a consumer that nobody asked for; they are dropped and never paid.
 *
 * The table is bounded: 8192 sets of eight entries of three words (two hashes under a secret seed, and an expiry). A full
 * set gives up its entry that would expire first. Only packets that this side sends keep a flow alive.
 */
import { u32be } from '#base/bytes.ts'
import { ICMP_HEADER_BYTES, ICMP_TYPE, isIcmpError } from '../wire/icmp.ts'
import { ICMPV6_TYPE, isIcmpv6Error } from '../wire/icmpv6.ts'
import { PROTOCOL } from '../wire/ipv4.ts'
import { createPacketView, type PacketView, readQuoted } from '../wire/packet.ts'

const SETS = 8192
const WAYS = 8
const ENTRY_WORDS = 3
/** Marks a fragment's identification in place of ports. */
const FRAGMENT_MARK = 0x1_0000

/** Seconds without an outgoing packet after which a flow is forgotten: as long as home routers keep them, or longer. */
const IDLE_SECONDS = { tcp: 7440, udp: 300, icmp: 60, other: 600, fragment: 30 } as const

export interface FlowTable {
  /** Per entry: two hashes, and the second (from `epochMs`) until which it lives; 0 is empty. */
  readonly entries: Uint32Array
  readonly seeds: Uint32Array
  readonly epochMs: number
  readonly quoted: PacketView
  /** Result of the last `hash`. */
  first: number
  second: number
}

/** `seeds`: two random 32-bit words, so that nobody outside can aim at one set. */
export function createFlowTable(seeds: Uint32Array, nowMs: number): FlowTable {
  return {
    entries: new Uint32Array(SETS * WAYS * ENTRY_WORDS),
    seeds,
    // One second back, so that no live entry ever expires at 0, which means empty.
    epochMs: nowMs - 1000,
    quoted: createPacketView(),
    first: 0,
    second: 0,
  }
}

/** Remembers the flow of a packet that we send. Later fragments and answers to others open none. */
export function rememberFlow(table: FlowTable, bytes: Uint8Array, view: PacketView, nowMs: number): void {
  if (view.fragmentOffset > 0 || (view.icmpType >= 0 && !isEchoRequest(view))) return
  hash(
    table,
    bytes,
    view.source,
    view.destination,
    view.addressBytes,
    view.protocol,
    view.sourcePort,
    view.destinationPort,
  )
  insert(table, nowMs, idleSeconds(view.protocol))
}

/** Whether a received packet belongs to a flow that we opened: an answer, an error about it, or a fragment of one. */
export function isKnownFlow(table: FlowTable, bytes: Uint8Array, view: PacketView, nowMs: number): boolean {
  if (view.fragmentOffset > 0) {
    hashFragment(table, bytes, view)
    return find(table, nowMs)
  }
  if (!isAnswer(table, bytes, view, nowMs)) return false
  if (view.isFragment) {
    hashFragment(table, bytes, view)
    insert(table, nowMs, IDLE_SECONDS.fragment)
  }
  return true
}

/** Forgets everything: the exit changed. */
export function clearFlows(table: FlowTable): void {
  table.entries.fill(0)
}

function isAnswer(table: FlowTable, bytes: Uint8Array, view: PacketView, nowMs: number): boolean {
  if (view.icmpType >= 0 && isError(view)) {
    const { quoted } = table
    const at = view.upper + ICMP_HEADER_BYTES
    if (!readQuoted(bytes, at, view.upperLength - ICMP_HEADER_BYTES, quoted) || quoted.version !== view.version)
      return false
    hash(
      table,
      bytes,
      quoted.source,
      quoted.destination,
      quoted.addressBytes,
      quoted.protocol,
      quoted.sourcePort,
      quoted.destinationPort,
    )
    return find(table, nowMs)
  }
  if (view.icmpType >= 0 && !isEchoReply(view)) return false
  hash(
    table,
    bytes,
    view.destination,
    view.source,
    view.addressBytes,
    view.protocol,
    view.destinationPort,
    view.sourcePort,
  )
  return find(table, nowMs)
}

function isEchoRequest(view: PacketView): boolean {
  return view.icmpType === (view.version === 4 ? ICMP_TYPE.echoRequest : ICMPV6_TYPE.echoRequest)
}

function isEchoReply(view: PacketView): boolean {
  return view.icmpType === (view.version === 4 ? ICMP_TYPE.echoReply : ICMPV6_TYPE.echoReply)
}

function isError(view: PacketView): boolean {
  return view.version === 4 ? isIcmpError(view.icmpType) : isIcmpv6Error(view.icmpType)
}

function idleSeconds(protocol: number): number {
  switch (protocol) {
    case PROTOCOL.tcp:
      return IDLE_SECONDS.tcp
    case PROTOCOL.udp:
      return IDLE_SECONDS.udp
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      return IDLE_SECONDS.icmp
    default:
      return IDLE_SECONDS.other
  }
}

function hashFragment(table: FlowTable, bytes: Uint8Array, view: PacketView): void {
  const mark = FRAGMENT_MARK | view.protocol
  hash(
    table,
    bytes,
    view.source,
    view.destination,
    view.addressBytes,
    mark,
    view.fragmentId >>> 16,
    view.fragmentId & 0xffff,
  )
}

function hash(
  table: FlowTable,
  bytes: Uint8Array,
  source: number,
  destination: number,
  addressBytes: number,
  protocol: number,
  sourcePort: number,
  destinationPort: number,
): void {
  let first = mix(table.seeds[0], protocol)
  let second = mix(table.seeds[1], ~protocol)
  for (let at = 0; at < addressBytes; at += 4) {
    const from = u32be(bytes, source + at)
    const to = u32be(bytes, destination + at)
    first = mix(mix(first, from), to)
    second = mix(mix(second, to), from)
  }
  const ports = (sourcePort << 16) | destinationPort
  table.first = finish(mix(first, ports))
  table.second = finish(mix(second, ports))
}

function mix(state: number, word: number): number {
  const mixed = Math.imul(state ^ word, 0x9e37_79b1)
  return Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b)
}

function finish(state: number): number {
  const mixed = Math.imul(state ^ (state >>> 16), 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

function find(table: FlowTable, nowMs: number): boolean {
  const { entries, first, second } = table
  const seconds = (nowMs - table.epochMs) / 1000
  const set = (first % SETS) * WAYS * ENTRY_WORDS
  for (let at = set; at < set + WAYS * ENTRY_WORDS; at += ENTRY_WORDS) {
    if (entries[at] === first && entries[at + 1] === second && entries[at + 2] >= seconds) return true
  }
  return false
}

function insert(table: FlowTable, nowMs: number, idle: number): void {
  const { entries, first, second } = table
  const expires = Math.ceil((nowMs - table.epochMs) / 1000) + idle
  const set = (first % SETS) * WAYS * ENTRY_WORDS
  let victim = set
  for (let at = set; at < set + WAYS * ENTRY_WORDS; at += ENTRY_WORDS) {
    if (entries[at] === first && entries[at + 1] === second) {
      victim = at
      break
    }
    if (entries[at + 2] < entries[victim + 2]) victim = at
  }
  entries[victim] = first
  entries[victim + 1] = second
  entries[victim + 2] = expires
}

/**
 * Allowed-IPs (white paper §2, "cryptokey routing"): the longest prefix that holds an address names the peer. A binary
 * trie with path compression over typed arrays, one per family: no object and no BigInt per lookup. A plain linear list
 * (`slowAllowedIps`) is the twin that the tests compare with.
 *
 * A node is a prefix; its children are longer prefixes inside it, told apart by their first bit after it. A node without
 * peer joins two children.
 */
import { prefixContains, type Prefix } from '#base/ip.ts'

export const NO_PEER = -1

export interface AllowedIps {
  readonly v4: Trie
  readonly v6: Trie
}

export function createAllowedIps(): AllowedIps {
  return { v4: createTrie(1), v6: createTrie(4) }
}

/** Routes `prefix` to `peer` (>= 0). A prefix belongs to one peer: the last one who asks gets it, as with `wg set`. */
export function insertAllowedIp(table: AllowedIps, prefix: Prefix, peer: number): void {
  insert(prefix.address.length === 4 ? table.v4 : table.v6, prefix, peer)
}

/** Takes all prefixes of `peer` away. Cost grows with the size of the table: it is for removing a session. */
export function removeAllowedIps(table: AllowedIps, peer: number): void {
  for (const trie of [table.v4, table.v6]) trie.root = without(trie, trie.root, peer)
}

/** The peer of the 4-byte address at `offset`, or NO_PEER. */
export function lookup4(table: AllowedIps, packet: Uint8Array, offset: number): number {
  const { nodes, root } = table.v4
  const address = (packet[offset] << 24) | (packet[offset + 1] << 16) | (packet[offset + 2] << 8) | packet[offset + 3]
  let best = NO_PEER
  for (let node = root; node !== NONE;) {
    const base = node * STRIDE
    const length = nodes[base + LENGTH]
    // JavaScript shifts by the count modulo 32: a shift by 32 has to be said as "no bit counts".
    if (length !== 0 && (address ^ nodes[base + KEY]) >>> (32 - length) !== 0) return best
    if (nodes[base + PEER] !== NO_PEER) best = nodes[base + PEER]
    if (length === 32) return best
    node = nodes[base + CHILD + ((address >>> (31 - length)) & 1)]
  }
  return best
}

/** The peer of the 16-byte address at `offset`, or NO_PEER. */
export function lookup6(table: AllowedIps, packet: Uint8Array, offset: number): number {
  const { nodes, root } = table.v6
  let best = NO_PEER
  // Words that an ancestor compared whole are not compared again: sessions differ in their last bits only.
  let matched = 0
  for (let node = root; node !== NONE;) {
    const base = node * STRIDE
    const length = nodes[base + LENGTH]
    for (let word = matched >> 5; word * 32 < length; word++) {
      const bits = length - word * 32
      const difference = wordAt(packet, offset + word * 4) ^ nodes[base + KEY + word]
      if ((bits >= 32 ? difference : difference >>> (32 - bits)) !== 0) return best
    }
    if (nodes[base + PEER] !== NO_PEER) best = nodes[base + PEER]
    if (length === 128) return best
    matched = length
    node = nodes[base + CHILD + ((packet[offset + (length >> 3)] >> (7 - (length & 7))) & 1)]
  }
  return best
}

/** The same table as a list that is searched from end to end: obvious and slow, for tests. */
export function slowAllowedIps() {
  let entries: { prefix: Prefix; peer: number }[] = []
  const same = (left: Prefix, right: Prefix) => left.length === right.length && prefixContains(left, right.address)
  return {
    insert(prefix: Prefix, peer: number): void {
      entries = [...entries.filter((entry) => !same(entry.prefix, prefix)), { prefix, peer }]
    },
    remove(peer: number): void {
      entries = entries.filter((entry) => entry.peer !== peer)
    },
    lookup(address: Uint8Array): number {
      const holding = entries.filter((entry) => prefixContains(entry.prefix, address))
      holding.sort((left, right) => right.prefix.length - left.prefix.length)
      return holding.length === 0 ? NO_PEER : holding[0].peer
    },
  }
}

interface Trie {
  /** Words of an address: 1 or 4. */
  readonly words: number
  nodes: Int32Array
  root: number
  /** Nodes ever used; freed ones are chained through their first child. */
  used: number
  free: number
}

function createTrie(words: number): Trie {
  return { words, nodes: new Int32Array(64 * STRIDE), root: NONE, used: 0, free: NONE }
}

function insert(trie: Trie, prefix: Prefix, peer: number): void {
  const added = allocate(trie)
  const { nodes } = trie
  for (let word = 0; word < trie.words; word++) nodes[added * STRIDE + KEY + word] = wordAt(prefix.address, word * 4)
  nodes[added * STRIDE + LENGTH] = prefix.length
  nodes[added * STRIDE + PEER] = peer
  trie.root = placed(trie, trie.root, added)
}

/** The subtree at `node` with the leaf `added` in it. */
function placed(trie: Trie, node: number, added: number): number {
  if (node === NONE) return added
  const common = commonBits(trie, node, added)
  const length = trie.nodes[node * STRIDE + LENGTH]
  const addedLength = trie.nodes[added * STRIDE + LENGTH]
  if (common === length && common === addedLength) {
    trie.nodes[node * STRIDE + PEER] = trie.nodes[added * STRIDE + PEER]
    release(trie, added)
    return node
  }
  if (common === length) {
    const child = node * STRIDE + CHILD + bitAt(trie, added, length)
    const subtree = placed(trie, trie.nodes[child], added)
    trie.nodes[child] = subtree
    return node
  }
  if (common === addedLength) {
    trie.nodes[added * STRIDE + CHILD + bitAt(trie, node, addedLength)] = node
    return added
  }
  const joint = allocate(trie)
  const { nodes } = trie
  for (let word = 0; word < trie.words; word++) {
    // Bits after `common` stay in the key; lookups never look at them.
    nodes[joint * STRIDE + KEY + word] = nodes[added * STRIDE + KEY + word]
  }
  nodes[joint * STRIDE + LENGTH] = common
  nodes[joint * STRIDE + CHILD + bitAt(trie, node, common)] = node
  nodes[joint * STRIDE + CHILD + bitAt(trie, added, common)] = added
  return joint
}

/** The subtree at `node` without the prefixes of `peer`; nodes that join nothing any more disappear. */
function without(trie: Trie, node: number, peer: number): number {
  if (node === NONE) return NONE
  const base = node * STRIDE
  const { nodes } = trie
  const left = without(trie, nodes[base + CHILD], peer)
  const right = without(trie, nodes[base + CHILD + 1], peer)
  nodes[base + CHILD] = left
  nodes[base + CHILD + 1] = right
  if (nodes[base + PEER] === peer) nodes[base + PEER] = NO_PEER
  if (nodes[base + PEER] !== NO_PEER || (left !== NONE && right !== NONE)) return node
  release(trie, node)
  return left === NONE ? right : left
}

function allocate(trie: Trie): number {
  let node = trie.free
  if (node === NONE) {
    node = trie.used++
    if (trie.used * STRIDE > trie.nodes.length) {
      const grown = new Int32Array(trie.nodes.length * 2)
      grown.set(trie.nodes)
      trie.nodes = grown
    }
  } else {
    trie.free = trie.nodes[node * STRIDE + CHILD]
  }
  trie.nodes.fill(0, node * STRIDE, (node + 1) * STRIDE)
  trie.nodes[node * STRIDE + PEER] = NO_PEER
  trie.nodes[node * STRIDE + CHILD] = NONE
  trie.nodes[node * STRIDE + CHILD + 1] = NONE
  return node
}

function release(trie: Trie, node: number): void {
  trie.nodes[node * STRIDE + CHILD] = trie.free
  trie.free = node
}

function commonBits(trie: Trie, left: number, right: number): number {
  const { nodes } = trie
  const limit = Math.min(nodes[left * STRIDE + LENGTH], nodes[right * STRIDE + LENGTH])
  for (let word = 0; word * 32 < limit; word++) {
    const difference = nodes[left * STRIDE + KEY + word] ^ nodes[right * STRIDE + KEY + word]
    if (difference !== 0) return Math.min(limit, word * 32 + Math.clz32(difference))
  }
  return limit
}

function bitAt(trie: Trie, node: number, bit: number): number {
  return (trie.nodes[node * STRIDE + KEY + (bit >> 5)] >>> (31 - (bit & 31))) & 1
}

function wordAt(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3]
}

const NONE = -1
// A node: key (4 words, IPv4 uses the first), length, peer, two children.
const KEY = 0
const LENGTH = 4
const PEER = 5
const CHILD = 6
const STRIDE = 8

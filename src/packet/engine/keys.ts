/**
 * Transport keys of all peers (WireGuard paper §5.4.5, §6.1): three slots a peer (current, next, previous), found by
 * receiver index in O(1). Key material itself lies in the batch operations; here are nonce counters, replay windows,
 * ages and what a key tells about loss.
 */
import { REPLAY_WORDS, resetReplay } from '../wireguard/replay.ts'
import type { BatchOperations } from './operations.ts'
import { MAX_PEERS, type PeerId, type TransportKeys } from './types.ts'

export const NO_SLOT = -1
/** Current, next, previous, and one that is being replaced. */
const SLOTS_PER_PEER = 4
const KEY_SLOTS = MAX_PEERS * SLOTS_PER_PEER

export interface KeyTable {
  readonly slotOfIndex: Map<number, number>
  readonly free: number[]
  /** By slot. */
  readonly peer: Int32Array
  readonly localIndex: Uint32Array
  readonly remoteIndex: Uint32Array
  readonly createdMs: Float64Array
  /** 1: we began the handshake, so we renew it (§6.2). */
  readonly initiator: Uint8Array
  /** The next counter to send. */
  readonly counterLow: Uint32Array
  readonly counterHigh: Uint32Array
  /** Greatest counter received, -1 before the first. */
  readonly highest: Float64Array
  /** Windows of `../wireguard/replay.ts`, `REPLAY_WORDS` apart. */
  readonly replay: Uint32Array
  /** By peer: a slot or NO_SLOT. */
  readonly current: Int32Array
  readonly next: Int32Array
  readonly previous: Int32Array
}

export function createKeyTable(): KeyTable {
  return {
    slotOfIndex: new Map(),
    free: Array.from({ length: KEY_SLOTS }, (_, index) => KEY_SLOTS - 1 - index),
    peer: new Int32Array(KEY_SLOTS).fill(-1),
    localIndex: new Uint32Array(KEY_SLOTS),
    remoteIndex: new Uint32Array(KEY_SLOTS),
    createdMs: new Float64Array(KEY_SLOTS),
    initiator: new Uint8Array(KEY_SLOTS),
    counterLow: new Uint32Array(KEY_SLOTS),
    counterHigh: new Uint32Array(KEY_SLOTS),
    highest: new Float64Array(KEY_SLOTS),
    replay: new Uint32Array(KEY_SLOTS * REPLAY_WORDS),
    current: new Int32Array(MAX_PEERS).fill(NO_SLOT),
    next: new Int32Array(MAX_PEERS).fill(NO_SLOT),
    previous: new Int32Array(MAX_PEERS).fill(NO_SLOT),
  }
}

/** Where the keys of a handshake go; older ones of the peer move on or are erased. */
export function installKeys(
  table: KeyTable,
  operations: BatchOperations,
  peer: PeerId,
  keys: TransportKeys,
  nowMs: number,
): void {
  const before = table.slotOfIndex.get(keys.localIndex)
  if (before !== undefined) eraseSlot(table, operations, before)
  const slot = table.free.pop()!
  table.slotOfIndex.set(keys.localIndex, slot)
  table.peer[slot] = peer
  table.localIndex[slot] = keys.localIndex
  table.remoteIndex[slot] = keys.remoteIndex
  table.createdMs[slot] = nowMs
  table.initiator[slot] = keys.slot === 'current' ? 1 : 0
  table.counterLow[slot] = 0
  table.counterHigh[slot] = 0
  table.highest[slot] = -1
  resetReplay(table.replay, slot * REPLAY_WORDS)
  operations.setKeys(slot, keys.sendKey, keys.receiveKey)
  if (keys.slot === 'next') {
    erase(table, operations, table.next[peer])
    table.next[peer] = slot
    return
  }
  // An unconfirmed `next` may still receive: the peer has it as its current one.
  const unconfirmed = table.next[peer]
  erase(table, operations, table.previous[peer])
  if (unconfirmed === NO_SLOT) table.previous[peer] = table.current[peer]
  else {
    erase(table, operations, table.current[peer])
    table.previous[peer] = unconfirmed
  }
  table.next[peer] = NO_SLOT
  table.current[peer] = slot
}

/** A first authentic packet came on `next`: it becomes the key that we send on; the former stays to receive. */
export function confirmNext(table: KeyTable, operations: BatchOperations, peer: PeerId): void {
  erase(table, operations, table.previous[peer])
  table.previous[peer] = table.current[peer]
  table.current[peer] = table.next[peer]
  table.next[peer] = NO_SLOT
}

export function dropKeys(table: KeyTable, operations: BatchOperations, localIndex: number): void {
  const slot = table.slotOfIndex.get(localIndex)
  if (slot !== undefined) eraseSlot(table, operations, slot)
}

export function dropAllKeys(table: KeyTable, operations: BatchOperations, peer: PeerId): void {
  for (const slots of [table.current, table.next, table.previous]) erase(table, operations, slots[peer])
}

function erase(table: KeyTable, operations: BatchOperations, slot: number): void {
  if (slot !== NO_SLOT) eraseSlot(table, operations, slot)
}

function eraseSlot(table: KeyTable, operations: BatchOperations, slot: number): void {
  const peer = table.peer[slot]
  for (const slots of [table.current, table.next, table.previous]) if (slots[peer] === slot) slots[peer] = NO_SLOT
  operations.clearKeys(slot)
  table.slotOfIndex.delete(table.localIndex[slot])
  table.peer[slot] = -1
  table.free.push(slot)
}

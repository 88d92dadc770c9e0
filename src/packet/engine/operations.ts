/**
 * Batch operations: everything that touches every byte or makes a system call, on a whole batch. The engine is written
 * once over them. Sets: `ffi` (libc and OpenSSL through koffi) and `memory` (unit tests); a native set has the same
 * signatures.
 */
import type { Batch } from './batch.ts'
import { MAX_PEERS } from './types.ts'

/** Packets in one batch: enough to share the cost of a system call, few enough to stay in the cache. */
export const BATCH_PACKETS = 64

/** What `wait` found. */
export const READY = { udp: 1, tun: 2, woken: 4, broken: 8 } as const

/** Rows of the table of socket addresses: one for each peer, then senders of received datagrams, then our own sends. */
export const ADDRESS_ROWS = {
  peers: 0,
  received: MAX_PEERS,
  own: MAX_PEERS + BATCH_PACKETS,
  count: MAX_PEERS + 2 * BATCH_PACKETS,
} as const

export interface BatchOperations extends Disposable {
  readonly implementation: 'ffi' | 'native' | 'memory'
  /** Datagrams on their way in, packets on their way out, and packets that the engine makes itself. */
  readonly rx: Batch
  readonly tx: Batch
  readonly own: Batch
  /** `ADDRESS_ROWS.count` rows of `SOCKADDR_BYTES`. */
  readonly addresses: Uint8Array
  /** Address family of the socket (`emitSockaddr`). */
  readonly socketFamily: 4 | 6

  /** Waits until something can be read, somebody wakes us, or `timeoutMs` are over (-1: for ever). Bits of `READY`. */
  wait(timeoutMs: number): number
  /**
   * Reads datagrams without waiting: `offset`, `length` (0 for one that was truncated) and `address` are set, flags are
   * `none`. The number of datagrams.
   */
  receive(batch: Batch): number
  /**
   * Reads packets from the TUN without waiting, each with `HEAD_BYTES` in front: `offset` and `length` are set, flags
   * are `none`. (A set with offload splits super-packets here.) The number of packets.
   */
  readSplit(batch: Batch): number
  /** For `open`: `[offset, offset + length)` is ciphertext and tag; decrypted in place. */
  open(batch: Batch, count: number): void
  /** For `seal`: `[offset, offset + length)` is plaintext, encrypted in place; the tag is written behind it. */
  seal(batch: Batch, count: number): void
  /** For `write`: `[offset, offset + length)` is one packet for the TUN. (A set with offload joins segments here.) */
  coalesceWrite(batch: Batch, count: number): void
  /** For `send`: `[offset, offset + length)` goes to the address in row `address`. */
  send(batch: Batch, count: number): void

  /** Takes 32-byte keys into a slot; the caller may erase its copies. */
  setKeys(slot: number, sendKey: Uint8Array, receiveKey: Uint8Array): void
  /** Erases them. */
  clearKeys(slot: number): void
}

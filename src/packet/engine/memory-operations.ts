/**
 * The `memory` set of batch operations, for unit tests: links of `../link/memory.ts` and the AEAD of the crypto suite,
 * one packet at a time. It is the plain twin with which the `ffi` set is compared.
 */
import { setU32le } from '#base/bytes.ts'
import { type CryptoSuite, nodeSuite } from '#crypto/suite.ts'
import type { MemoryTun, MemoryUdp } from '../link/memory.ts'
import { emitSockaddr, parseSockaddr, SOCKADDR_BYTES } from '../link/sockaddr.ts'
import { TAG_BYTES } from '../wireguard/constants.ts'
import {
  type Batch,
  createBatch,
  DESCRIPTOR,
  DESCRIPTOR_WORDS,
  FLAG,
  HEAD_BYTES,
  slotBytesFor,
  TAIL_BYTES,
} from './batch.ts'
import { ADDRESS_ROWS, BATCH_PACKETS, type BatchOperations, READY } from './operations.ts'

const NOTHING = new Uint8Array(0)

export class MemoryOperations implements BatchOperations {
  readonly implementation = 'memory'
  readonly rx: Batch
  readonly tx: Batch
  readonly own: Batch
  readonly addresses = new Uint8Array(ADDRESS_ROWS.count * SOCKADDR_BYTES)
  readonly socketFamily = 6
  readonly udp: MemoryUdp
  readonly tun: MemoryTun
  readonly #suite: CryptoSuite
  readonly #keys = new Map<number, { readonly send: Uint8Array; readonly receive: Uint8Array }>()

  constructor(udp: MemoryUdp, tun: MemoryTun, mtu: number, suite: CryptoSuite = nodeSuite) {
    this.udp = udp
    this.tun = tun
    this.#suite = suite
    const slotBytes = slotBytesFor(mtu)
    const batch = (): Batch => createBatch(new Uint8Array(BATCH_PACKETS * slotBytes), BATCH_PACKETS, slotBytes)
    this.rx = batch()
    this.tx = batch()
    this.own = batch()
  }

  /** Never waits; commands are always looked at. */
  wait(_timeoutMs: number): number {
    return READY.woken | (this.udp.queue.length > 0 ? READY.udp : 0) | (this.tun.outgoing.length > 0 ? READY.tun : 0)
  }

  receive(batch: Batch): number {
    const taken = this.udp.queue.splice(0, batch.capacity)
    for (const [index, { from, bytes }] of taken.entries()) {
      const row = ADDRESS_ROWS.received + index
      const fits = bytes.length <= batch.slotBytes
      if (fits) batch.bytes.set(bytes, index * batch.slotBytes)
      describe(batch, index, index * batch.slotBytes, fits ? bytes.length : 0)
      batch.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR.address] = row
      emitSockaddr(this.addresses, row * SOCKADDR_BYTES, from.address, from.port, 6)
    }
    return taken.length
  }

  readSplit(batch: Batch): number {
    const taken = this.tun.outgoing.splice(0, batch.capacity)
    for (const [index, packet] of taken.entries()) {
      const offset = index * batch.slotBytes + HEAD_BYTES
      const length = Math.min(packet.length, batch.slotBytes - HEAD_BYTES - TAIL_BYTES)
      batch.bytes.set(packet.subarray(0, length), offset)
      describe(batch, index, offset, length)
    }
    return taken.length
  }

  open(batch: Batch, count: number): void {
    for (const { at, offset, length } of marked(batch, count, FLAG.open)) {
      const key = this.#keys.get(batch.descriptors[at + DESCRIPTOR.keySlot])
      const sealed = batch.bytes.slice(offset, offset + length)
      const plain = key && this.#suite.open(key.receive, nonceAt(batch.descriptors, at), sealed, NOTHING)
      if (plain !== undefined) batch.bytes.set(plain, offset)
      batch.descriptors[at + DESCRIPTOR.flags] = plain === undefined ? FLAG.forged : FLAG.opened
    }
  }

  seal(batch: Batch, count: number): void {
    for (const { at, offset, length } of marked(batch, count, FLAG.seal)) {
      const key = this.#keys.get(batch.descriptors[at + DESCRIPTOR.keySlot])
      if (key === undefined) {
        batch.descriptors[at + DESCRIPTOR.flags] = FLAG.refused
        batch.descriptors[at + DESCRIPTOR.aux] = 0
        continue
      }
      const plain = batch.bytes.slice(offset, offset + length)
      batch.bytes.set(this.#suite.seal(key.send, nonceAt(batch.descriptors, at), plain, NOTHING), offset)
      batch.descriptors[at + DESCRIPTOR.offset] = offset - HEAD_BYTES
      batch.descriptors[at + DESCRIPTOR.length] = HEAD_BYTES + length + TAG_BYTES
      batch.descriptors[at + DESCRIPTOR.flags] = FLAG.send
    }
  }

  coalesceWrite(batch: Batch, count: number): void {
    for (const { at, offset, length } of marked(batch, count, FLAG.write)) {
      finish(batch, at, this.tun.write(batch.bytes.subarray(offset, offset + length)))
    }
  }

  send(batch: Batch, count: number): void {
    for (const { at, offset, length } of marked(batch, count, FLAG.send)) {
      const to = parseSockaddr(this.addresses, batch.descriptors[at + DESCRIPTOR.address] * SOCKADDR_BYTES)
      finish(batch, at, this.udp.send(to, batch.bytes.subarray(offset, offset + length)))
    }
  }

  setKeys(slot: number, sendKey: Uint8Array, receiveKey: Uint8Array): void {
    this.#keys.set(slot, { send: Uint8Array.from(sendKey), receive: Uint8Array.from(receiveKey) })
  }

  clearKeys(slot: number): void {
    const keys = this.#keys.get(slot)
    keys?.send.fill(0)
    keys?.receive.fill(0)
    this.#keys.delete(slot)
  }

  [Symbol.dispose](): void {
    for (const slot of [...this.#keys.keys()]) this.clearKeys(slot)
  }
}

function describe(batch: Batch, index: number, offset: number, length: number): void {
  const at = index * DESCRIPTOR_WORDS
  batch.descriptors[at + DESCRIPTOR.offset] = offset
  batch.descriptors[at + DESCRIPTOR.length] = length
  batch.descriptors[at + DESCRIPTOR.flags] = FLAG.none
}

function* marked(
  batch: Batch,
  count: number,
  flag: number,
): Generator<{ readonly at: number; readonly offset: number; readonly length: number }> {
  for (let index = 0; index < count; index++) {
    const at = index * DESCRIPTOR_WORDS
    if (batch.descriptors[at + DESCRIPTOR.flags] !== flag) continue
    yield { at, offset: batch.descriptors[at + DESCRIPTOR.offset], length: batch.descriptors[at + DESCRIPTOR.length] }
  }
}

function finish(batch: Batch, at: number, code: number): void {
  batch.descriptors[at + DESCRIPTOR.flags] = code === 0 ? FLAG.none : FLAG.refused
  batch.descriptors[at + DESCRIPTOR.aux] = code
}

/** WireGuard paper §5.4.6: four zero bytes, then the counter, little-endian. */
function nonceAt(descriptors: Uint32Array, at: number): Uint8Array {
  const nonce = new Uint8Array(12)
  setU32le(nonce, 4, descriptors[at + DESCRIPTOR.counterLow])
  setU32le(nonce, 8, descriptors[at + DESCRIPTOR.counterHigh])
  return nonce
}

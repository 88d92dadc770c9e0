/**
 * The `ffi` set of batch operations: libc and OpenSSL through koffi. The plain and readable one; it needs no compiler.
 * Datagrams move by `recvmmsg` and `sendmmsg`, a batch a call; the TUN gives and takes one packet a call.
 */
import { AditError } from '#base/errors.ts'
import { ERRNO } from '../link/errno.ts'
import { WakeEvent } from '../link/event.ts'
import {
  errno,
  IOVEC,
  MMSGHDR,
  MSG_DONTWAIT,
  MSG_TRUNC,
  NativeMemory,
  poll,
  POLLERR,
  POLLFD,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  read,
  recvmmsg,
  sendmmsg,
  write,
} from '../link/libc.ts'
import { SOCKADDR_BYTES, sockaddrLength } from '../link/sockaddr.ts'
import { TAG_BYTES } from '../wireguard/constants.ts'
import { EvpAead } from './aead.ts'
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

/** How long a full send buffer may hold us up: then the TUN queue, which is short, is the better place to wait. */
const SEND_WAIT_MS = 10
const TWO_32 = 0x1_0000_0000

export interface FfiDescriptors {
  readonly tunFd: number
  readonly udpFd: number
  readonly udpFamily: 4 | 6
  readonly wakeFd: number
  readonly mtu: number
}

/** The memory of one batch outside the garbage collector, and its address. */
interface NativeBatch extends Batch {
  readonly address: number
}

export class FfiOperations implements BatchOperations {
  readonly implementation = 'ffi'
  readonly rx: NativeBatch
  readonly tx: NativeBatch
  readonly own: NativeBatch
  readonly addresses: Uint8Array
  readonly socketFamily: 4 | 6
  readonly #fds: FfiDescriptors
  readonly #aead = new EvpAead()
  readonly #memory = new DisposableStack()
  readonly #wake: WakeEvent
  readonly #addressesAt: number
  readonly #pollSet: NativeMemory
  readonly #receiveHeaders: NativeMemory
  readonly #receiveWords: Uint32Array
  readonly #sendHeaders: NativeMemory
  readonly #sendWords: Uint32Array
  /** For each message of `sendmmsg`: the index of its packet. */
  readonly #sendIndex = new Int32Array(BATCH_PACKETS)
  readonly #sealing = new Map<number, number>()
  readonly #opening = new Map<number, number>()

  constructor(fds: FfiDescriptors) {
    this.#fds = fds
    this.socketFamily = fds.udpFamily
    this.#wake = this.#memory.use(new WakeEvent(fds.wakeFd))
    this.rx = this.#batch(fds.mtu)
    this.tx = this.#batch(fds.mtu)
    this.own = this.#batch(fds.mtu)
    const rows = this.#memory.use(new NativeMemory(ADDRESS_ROWS.count * SOCKADDR_BYTES))
    this.addresses = rows.bytes
    this.#addressesAt = rows.address
    this.#pollSet = this.#memory.use(new NativeMemory(4 * POLLFD.bytes))
    this.#receiveHeaders = this.#memory.use(new NativeMemory(BATCH_PACKETS * (MMSGHDR.bytes + IOVEC.bytes)))
    this.#receiveWords = new Uint32Array(this.#receiveHeaders.bytes.buffer)
    this.#sendHeaders = this.#memory.use(new NativeMemory(BATCH_PACKETS * (MMSGHDR.bytes + IOVEC.bytes)))
    this.#sendWords = new Uint32Array(this.#sendHeaders.bytes.buffer)
    this.#memory.use(this.#aead)
    for (const [index, fd] of [fds.udpFd, fds.tunFd, fds.wakeFd, fds.udpFd].entries()) {
      this.#pollSet.view.setInt32(index * POLLFD.bytes + POLLFD.fd, fd, true)
      this.#pollSet.view.setInt16(index * POLLFD.bytes + POLLFD.events, index === 3 ? POLLOUT : POLLIN, true)
    }
    for (let index = 0; index < BATCH_PACKETS; index++) this.#prepareReceive(index)
  }

  wait(timeoutMs: number): number {
    const { address, view } = this.#pollSet
    // Interrupted by a signal: nothing is ready, and the next turn waits again.
    if (poll(address, 3, timeoutMs) <= 0) return 0
    const udp = view.getInt16(POLLFD.revents, true)
    const tun = view.getInt16(POLLFD.bytes + POLLFD.revents, true)
    const woken = view.getInt16(2 * POLLFD.bytes + POLLFD.revents, true)
    if (woken !== 0) this.#wake.clear()
    const broken = (tun & (POLLERR | POLLHUP | POLLNVAL)) !== 0 || (udp & POLLNVAL) !== 0
    return (
      (udp !== 0 ? READY.udp : 0) |
      ((tun & POLLIN) !== 0 ? READY.tun : 0) |
      (woken !== 0 ? READY.woken : 0) |
      (broken ? READY.broken : 0)
    )
  }

  receive(batch: Batch): number {
    const words = this.#receiveWords
    const count = recvmmsg(this.#fds.udpFd, this.#receiveHeaders.address, BATCH_PACKETS, MSG_DONTWAIT, 0)
    if (count <= 0) return 0
    const nameBytes = sockaddrLength(this.socketFamily)
    for (let index = 0; index < count; index++) {
      const header = (index * MMSGHDR.bytes) / 4
      const truncated = (words[header + MMSGHDR.flags / 4] & MSG_TRUNC) !== 0
      const at = index * DESCRIPTOR_WORDS
      batch.descriptors[at + DESCRIPTOR.offset] = index * batch.slotBytes
      batch.descriptors[at + DESCRIPTOR.length] = truncated ? 0 : words[header + MMSGHDR.length / 4]
      batch.descriptors[at + DESCRIPTOR.flags] = FLAG.none
      batch.descriptors[at + DESCRIPTOR.address] = ADDRESS_ROWS.received + index
      // The kernel wrote how long the address is; it must find the room again.
      words[header + MMSGHDR.nameLength / 4] = nameBytes
    }
    return count
  }

  readSplit(batch: NativeBatch): number {
    const { tunFd } = this.#fds
    const room = batch.slotBytes - HEAD_BYTES - TAIL_BYTES
    let count = 0
    while (count < batch.capacity) {
      const offset = count * batch.slotBytes + HEAD_BYTES
      const length = read(tunFd, batch.address + offset, room)
      if (length < 0) {
        const code = errno()
        if (code === ERRNO.again || code === ERRNO.intr) break
        throw new AditError('engine-tun', `TUN device: expected a packet, got error ${code}`)
      }
      const at = count * DESCRIPTOR_WORDS
      batch.descriptors[at + DESCRIPTOR.offset] = offset
      batch.descriptors[at + DESCRIPTOR.length] = length
      batch.descriptors[at + DESCRIPTOR.flags] = FLAG.none
      count++
    }
    return count
  }

  open(batch: NativeBatch, count: number): void {
    const { descriptors } = batch
    for (let index = 0; index < count; index++) {
      const at = index * DESCRIPTOR_WORDS
      if (descriptors[at + DESCRIPTOR.flags] !== FLAG.open) continue
      const context = this.#opening.get(descriptors[at + DESCRIPTOR.keySlot])
      const authentic =
        context !== undefined &&
        this.#aead.open(
          context,
          descriptors[at + DESCRIPTOR.counterLow],
          descriptors[at + DESCRIPTOR.counterHigh],
          batch.address + descriptors[at + DESCRIPTOR.offset],
          descriptors[at + DESCRIPTOR.length],
        )
      descriptors[at + DESCRIPTOR.flags] = authentic ? FLAG.opened : FLAG.forged
    }
  }

  seal(batch: NativeBatch, count: number): void {
    const { descriptors } = batch
    for (let index = 0; index < count; index++) {
      const at = index * DESCRIPTOR_WORDS
      if (descriptors[at + DESCRIPTOR.flags] !== FLAG.seal) continue
      const context = this.#sealing.get(descriptors[at + DESCRIPTOR.keySlot])
      const offset = descriptors[at + DESCRIPTOR.offset]
      const length = descriptors[at + DESCRIPTOR.length]
      const low = descriptors[at + DESCRIPTOR.counterLow]
      const high = descriptors[at + DESCRIPTOR.counterHigh]
      if (context === undefined || !this.#aead.seal(context, low, high, batch.address + offset, length)) {
        // The keys went between staging and sealing: the packet must not leave in clear.
        descriptors[at + DESCRIPTOR.flags] = FLAG.refused
        descriptors[at + DESCRIPTOR.aux] = 0
        continue
      }
      descriptors[at + DESCRIPTOR.offset] = offset - HEAD_BYTES
      descriptors[at + DESCRIPTOR.length] = HEAD_BYTES + length + TAG_BYTES
      descriptors[at + DESCRIPTOR.flags] = FLAG.send
    }
  }

  coalesceWrite(batch: NativeBatch, count: number): void {
    const { descriptors } = batch
    for (let index = 0; index < count; index++) {
      const at = index * DESCRIPTOR_WORDS
      if (descriptors[at + DESCRIPTOR.flags] !== FLAG.write) continue
      const from = batch.address + descriptors[at + DESCRIPTOR.offset]
      const written = write(this.#fds.tunFd, from, descriptors[at + DESCRIPTOR.length])
      descriptors[at + DESCRIPTOR.flags] = written < 0 ? FLAG.refused : FLAG.none
      if (written < 0) descriptors[at + DESCRIPTOR.aux] = errno()
    }
  }

  send(batch: NativeBatch, count: number): void {
    const total = this.#prepareSend(batch, count)
    let done = 0
    let waited = false
    while (done < total) {
      const sent = sendmmsg(
        this.#fds.udpFd,
        this.#sendHeaders.address + done * MMSGHDR.bytes,
        total - done,
        MSG_DONTWAIT,
      )
      if (sent > 0) {
        for (let index = done; index < done + sent; index++) this.#mark(batch, index, FLAG.none, 0)
        done += sent
        continue
      }
      const code = errno()
      if (code === ERRNO.intr) continue
      if (code === ERRNO.again && !waited) {
        waited = true
        poll(this.#pollSet.address + 3 * POLLFD.bytes, 1, SEND_WAIT_MS)
        continue
      }
      // A full buffer refuses all the rest; any other error is about this one datagram.
      const refused = code === ERRNO.again ? total - done : 1
      for (let index = done; index < done + refused; index++) this.#mark(batch, index, FLAG.refused, code)
      done += refused
    }
  }

  setKeys(slot: number, sendKey: Uint8Array, receiveKey: Uint8Array): void {
    this.clearKeys(slot)
    this.#sealing.set(slot, this.#aead.createSealing(sendKey))
    this.#opening.set(slot, this.#aead.createOpening(receiveKey))
  }

  clearKeys(slot: number): void {
    for (const contexts of [this.#sealing, this.#opening]) {
      const context = contexts.get(slot)
      if (context !== undefined) this.#aead.free(context)
      contexts.delete(slot)
    }
  }

  [Symbol.dispose](): void {
    for (const slot of [...this.#sealing.keys()]) this.clearKeys(slot)
    this.#memory.dispose()
  }

  #batch(mtu: number): NativeBatch {
    const slotBytes = slotBytesFor(mtu)
    const memory = this.#memory.use(new NativeMemory(BATCH_PACKETS * slotBytes))
    return { ...createBatch(memory.bytes, BATCH_PACKETS, slotBytes), address: memory.address }
  }

  /** Message header `index` of `recvmmsg` points to slot `index` of `rx` and to its row of addresses, for good. */
  #prepareReceive(index: number): void {
    const words = this.#receiveWords
    const iov = BATCH_PACKETS * MMSGHDR.bytes + index * IOVEC.bytes
    const header = index * MMSGHDR.bytes
    setPointer(words, iov + IOVEC.base, this.rx.address + index * this.rx.slotBytes)
    setPointer(words, iov + IOVEC.length, this.rx.slotBytes)
    setPointer(words, header + MMSGHDR.iov, this.#receiveHeaders.address + iov)
    setPointer(words, header + MMSGHDR.iovLength, 1)
    setPointer(words, header + MMSGHDR.name, this.#addressesAt + (ADDRESS_ROWS.received + index) * SOCKADDR_BYTES)
    words[(header + MMSGHDR.nameLength) / 4] = sockaddrLength(this.socketFamily)
  }

  /** Message headers for all packets to be sent. Their number. */
  #prepareSend(batch: NativeBatch, count: number): number {
    const words = this.#sendWords
    const { descriptors } = batch
    const nameBytes = sockaddrLength(this.socketFamily)
    let total = 0
    for (let index = 0; index < count; index++) {
      const at = index * DESCRIPTOR_WORDS
      if (descriptors[at + DESCRIPTOR.flags] !== FLAG.send) continue
      const iov = BATCH_PACKETS * MMSGHDR.bytes + total * IOVEC.bytes
      const header = total * MMSGHDR.bytes
      setPointer(words, iov + IOVEC.base, batch.address + descriptors[at + DESCRIPTOR.offset])
      setPointer(words, iov + IOVEC.length, descriptors[at + DESCRIPTOR.length])
      setPointer(words, header + MMSGHDR.iov, this.#sendHeaders.address + iov)
      setPointer(words, header + MMSGHDR.iovLength, 1)
      setPointer(
        words,
        header + MMSGHDR.name,
        this.#addressesAt + descriptors[at + DESCRIPTOR.address] * SOCKADDR_BYTES,
      )
      words[(header + MMSGHDR.nameLength) / 4] = nameBytes
      this.#sendIndex[total++] = index
    }
    return total
  }

  #mark(batch: Batch, message: number, flags: number, code: number): void {
    const at = this.#sendIndex[message] * DESCRIPTOR_WORDS
    batch.descriptors[at + DESCRIPTOR.flags] = flags
    batch.descriptors[at + DESCRIPTOR.aux] = code
  }
}

/** A 64-bit little-endian value at byte `at`; `value` is below 2^53. */
function setPointer(words: Uint32Array, at: number, value: number): void {
  words[at / 4] = value >>> 0
  words[at / 4 + 1] = Math.floor(value / TWO_32)
}

/**
 * Links for unit tests: UDP sockets on a network in memory, and TUN devices whose other end the test holds. Delivery is
 * immediate and in order, unless the test's `filter` says otherwise.
 */
import { ERRNO } from './errno.ts'

export interface MemoryAddress {
  readonly address: string
  readonly port: number
}

export interface MemoryDatagram {
  readonly from: MemoryAddress
  readonly to: MemoryAddress
  readonly bytes: Uint8Array
}

/** What reaches the receiver instead of one datagram: nothing (lost), it alone, or several (duplicated, reordered). */
export type MemoryFilter = (datagram: MemoryDatagram) => readonly MemoryDatagram[]

/** As many datagrams as a socket's buffer would hold. */
const QUEUE_PACKETS = 4096

export class MemoryNetwork {
  filter: MemoryFilter = (datagram) => [datagram]
  /** Datagrams longer than this are refused with EMSGSIZE. */
  pathMtu = 65_535
  readonly #sockets = new Map<string, MemoryUdp>()

  open(address: string, port: number): MemoryUdp {
    const socket = new MemoryUdp(this, { address, port })
    this.#sockets.set(keyOf(socket.local), socket)
    return socket
  }

  /** A NAT forgot its mapping, a phone changed networks: the same socket has another address from now on. */
  move(socket: MemoryUdp, address: string, port: number): void {
    this.#sockets.delete(keyOf(socket.local))
    socket.local = { address, port }
    this.#sockets.set(keyOf(socket.local), socket)
  }

  /** 0, or the error number with which the kernel would refuse. */
  send(datagram: MemoryDatagram): number {
    if (datagram.bytes.length > this.pathMtu) return ERRNO.msgSize
    for (const delivered of this.filter(datagram)) {
      const queue = this.#sockets.get(keyOf(delivered.to))?.queue
      if (queue !== undefined && queue.length < QUEUE_PACKETS) queue.push(delivered)
    }
    return 0
  }
}

export class MemoryUdp {
  readonly network: MemoryNetwork
  readonly queue: MemoryDatagram[] = []
  local: MemoryAddress

  constructor(network: MemoryNetwork, local: MemoryAddress) {
    this.network = network
    this.local = local
  }

  send(to: MemoryAddress, bytes: Uint8Array): number {
    return this.network.send({ from: this.local, to, bytes: Uint8Array.from(bytes) })
  }
}

/** `outgoing`: from the host into the tunnel. `incoming`: what the tunnel delivered. */
export class MemoryTun {
  readonly outgoing: Uint8Array[] = []
  readonly incoming: Uint8Array[] = []
  up = true

  /** 0, or EIO where the device is down. */
  write(packet: Uint8Array): number {
    if (!this.up) return ERRNO.io
    this.incoming.push(Uint8Array.from(packet))
    return 0
  }
}

function keyOf(address: MemoryAddress): string {
  return `${address.address} ${address.port}`
}

/**
 * A batch: fixed slots of memory for packets, and one descriptor of eight 32-bit words for each. Batch operations see
 * nothing else, so that a set of operations may live in TypeScript, behind FFI or in an addon.
 */
export const DESCRIPTOR = {
  /** Where the bytes of interest begin in the memory of the batch. */
  offset: 0,
  length: 1,
  /** One of `FLAG`. */
  flags: 2,
  /** Slot of the transport keys (`keys.ts`). */
  keySlot: 3,
  /** The message counter, which is the nonce. */
  counterLow: 4,
  counterHigh: 5,
  /** Row of the socket address: where from, where to. */
  address: 6,
  /** What an operation has to say: the error number of a packet that was refused. */
  aux: 7,
} as const
export const DESCRIPTOR_WORDS = 8

/** What the next operation is to do with a packet, or what the last one did. 0: nothing, skip it. */
export const FLAG = {
  none: 0,
  /** To be decrypted and authenticated; becomes `opened` or `forged`. */
  open: 1,
  opened: 2,
  forged: 3,
  /** To be sealed; becomes `send`. */
  seal: 4,
  /** To be sent; becomes `none`, or `refused` with an error number in `aux`. */
  send: 5,
  /** To be written to the TUN; becomes `none` or `refused`. */
  write: 6,
  refused: 7,
} as const

/** Bytes in front of an inner packet for the header of the data message. */
export const HEAD_BYTES = 16
/** Bytes behind it for padding and the tag. */
export const TAIL_BYTES = 32

export interface Batch {
  readonly bytes: Uint8Array
  readonly descriptors: Uint32Array
  /** Slots. */
  readonly capacity: number
  readonly slotBytes: number
  /** The engine's own notes on each packet, which operations do not see: peer, inner length, 1 for the meter's. */
  readonly peers: Int32Array
  readonly innerLengths: Uint32Array
  readonly meter: Uint8Array
}

/** Bytes of one slot for a tunnel of this MTU: whole cache lines, and room for what is somewhat too big. */
export function slotBytesFor(mtu: number): number {
  return Math.max(2048, Math.ceil((mtu + 256) / 64) * 64)
}

/** A batch over memory that the caller made: `capacity * slotBytes` bytes. */
export function createBatch(bytes: Uint8Array, capacity: number, slotBytes: number): Batch {
  return {
    bytes,
    descriptors: new Uint32Array(capacity * DESCRIPTOR_WORDS),
    capacity,
    slotBytes,
    peers: new Int32Array(capacity),
    innerLengths: new Uint32Array(capacity),
    meter: new Uint8Array(capacity),
  }
}

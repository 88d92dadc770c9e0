/** Amounts on the wire: 12 bytes, big-endian (`uint96` of the contracts). */
import { setU32be, setU64be, u32be, u64be } from './bytes.ts'

export function u96be(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(u32be(bytes, offset)) << 64n) | u64be(bytes, offset + 4)
}

export function setU96be(bytes: Uint8Array, offset: number, value: bigint): void {
  setU32be(bytes, offset, Number(value >> 64n))
  setU64be(bytes, offset + 4, value & 0xffff_ffff_ffff_ffffn)
}

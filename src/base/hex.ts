/**
 * Bytes as lower-case hex text with `0x`: how ids, hashes, addresses and signatures stand in JSON, in the store and in
 * state. Two values are equal when their texts are, so everything from outside goes through `hexText` or `parseHex`.
 */
import { bytesOfHex, hexOf } from './bytes.ts'

export type Hex = `0x${string}`
/** 20 bytes. */
export type Address = Hex
/** 32 bytes. */
export type Hash32 = Hex

/** `0x` and lower-case digits. */
export function hexText(bytes: Uint8Array): Hex {
  return `0x${hexOf(bytes)}`
}

/** Lower-case form of `text` when it is `0x` and exactly `length` bytes of hex digits, else undefined. */
export function parseHex(text: string, length: number): Hex | undefined {
  if (text.length !== 2 + length * 2 || !/^0x[0-9a-fA-F]*$/.test(text)) return undefined
  return text.toLowerCase() as Hex
}

/** The bytes of a text that `parseHex` accepted. Throws `RangeError` on anything else. */
export function bytesOf(hex: Hex): Uint8Array {
  return bytesOfHex(hex)
}

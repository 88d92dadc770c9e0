/** Byte views: reading and writing integers, comparing, joining, hex. No allocation unless the name says so. */

export function u16be(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1]
}

export function u32be(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3]) >>> 0
}

export function u64be(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(u32be(bytes, offset)) << 32n) | BigInt(u32be(bytes, offset + 4))
}

export function u32le(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0
}

export function u64le(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(u32le(bytes, offset + 4)) << 32n) | BigInt(u32le(bytes, offset))
}

export function setU16be(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
}

export function setU32be(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24
  bytes[offset + 1] = value >>> 16
  bytes[offset + 2] = value >>> 8
  bytes[offset + 3] = value
}

export function setU64be(bytes: Uint8Array, offset: number, value: bigint): void {
  setU32be(bytes, offset, Number((value >> 32n) & 0xffff_ffffn))
  setU32be(bytes, offset + 4, Number(value & 0xffff_ffffn))
}

export function setU32le(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
  bytes[offset + 2] = value >>> 16
  bytes[offset + 3] = value >>> 24
}

export function setU64le(bytes: Uint8Array, offset: number, value: bigint): void {
  setU32le(bytes, offset, Number(value & 0xffff_ffffn))
  setU32le(bytes, offset + 4, Number((value >> 32n) & 0xffff_ffffn))
}

/** A new array holding `parts` one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Compares public values. Secrets are compared by `crypto/constant-time.ts`. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Lower-case hex without prefix. */
export function hexOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Reads hex, with or without `0x`. Throws `RangeError` on anything else: for our own constants and validated input. */
export function bytesOfHex(hex: string): Uint8Array {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new RangeError(`hex: expected an even number of hex digits, got ${digits.length} characters`)
  }
  const bytes = new Uint8Array(digits.length / 2)
  for (let index = 0; index < bytes.length; index++) bytes[index] = parseInt(digits.slice(index * 2, index * 2 + 2), 16)
  return bytes
}

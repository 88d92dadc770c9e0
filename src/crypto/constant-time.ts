import { timingSafeEqual } from 'node:crypto'

/** Compares secrets (tags, macs, tokens) in a time that depends on the length only; different lengths are unequal. */
export function equalSecret(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}

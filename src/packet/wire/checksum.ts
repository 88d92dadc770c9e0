/** The internet checksum: RFC 1071 (definition), RFC 1624 §3 (incremental update). */

/** Unfolded one's complement sum over a range; add sums of several ranges before folding (all but the last even). */
export function sumWords(bytes: Uint8Array, offset: number, length: number): number {
  let sum = 0
  const even = offset + (length & ~1)
  for (let at = offset; at < even; at += 2) sum += (bytes[at] << 8) | bytes[at + 1]
  return length & 1 ? sum + (bytes[even] << 8) : sum
}

/** The 16-bit checksum of an unfolded sum. */
export function foldChecksum(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return ~folded & 0xffff
}

/** Sum of the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1). `addresses` is the offset of source and destination. */
export function sumPseudoHeader(
  bytes: Uint8Array,
  addresses: number,
  addressBytes: number,
  protocol: number,
  length: number,
): number {
  return sumWords(bytes, addresses, addressBytes * 2) + protocol + (length & 0xffff) + (length >>> 16)
}

/** RFC 1624 §3, equation 3: the checksum after one aligned 16-bit word changed. */
export function updateChecksum(checksum: number, before: number, after: number): number {
  return foldChecksum((~checksum & 0xffff) + (~before & 0xffff) + after)
}

/** Whether a range with its checksum in place, plus `initial` (a pseudo header's sum), is intact. */
export function checksumHolds(bytes: Uint8Array, offset: number, length: number, initial = 0): boolean {
  return foldChecksum(sumWords(bytes, offset, length) + initial) === 0
}

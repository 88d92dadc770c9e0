/**
 * Clamps the maximum segment size that a SYN announces (RFC 9293 §3.7.1), in place, so that TCP never builds segments
 * above the tunnel's MTU even where "too big" messages are lost. The checksum is updated incrementally (RFC 1624).
 */
import { setU16be, u16be } from '#base/bytes.ts'
import { updateChecksum } from './checksum.ts'
import { PROTOCOL } from './ipv4.ts'
import type { PacketView } from './packet.ts'
import { TCP_FLAG, TCP_HEADER_BYTES, TCP_OFFSET } from './tcp.ts'

/** IPv4 or IPv6 header and TCP header without options. */
const HEADERS_4 = 40
const HEADERS_6 = 60
const OPTION = { end: 0, nothing: 1, maximumSegment: 2 } as const
const MSS_OPTION_BYTES = 4

/** True when the packet was changed. `view` must be a sound reading of the packet in `bytes`. */
export function clampMss(bytes: Uint8Array, view: PacketView, mtu: number): boolean {
  if (view.protocol !== PROTOCOL.tcp || view.fragmentOffset > 0) return false
  if ((bytes[view.upper + TCP_OFFSET.flags] & TCP_FLAG.syn) === 0) return false
  const limit = mtu - (view.version === 4 ? HEADERS_4 : HEADERS_6)
  const header = (bytes[view.upper + TCP_OFFSET.dataOffset] >> 4) * 4
  if (header > view.upperLength) return false
  const end = view.upper + header
  let at = view.upper + TCP_HEADER_BYTES
  while (at < end) {
    const kind = bytes[at]
    if (kind === OPTION.end) return false
    if (kind === OPTION.nothing) {
      at += 1
      continue
    }
    if (at + 2 > end) return false
    const length = bytes[at + 1]
    if (length < 2 || at + length > end) return false
    if (kind === OPTION.maximumSegment && length === MSS_OPTION_BYTES) return lower(bytes, view.upper, at + 2, limit)
    at += length
  }
  return false
}

function lower(bytes: Uint8Array, tcp: number, at: number, limit: number): boolean {
  if (u16be(bytes, at) <= limit) return false
  const checksum = tcp + TCP_OFFSET.checksum
  // The value may stand at an odd offset (after a NOP): then it belongs to two words of the checksum.
  const first = at - ((at - tcp) & 1)
  const words = first === at ? 1 : 2
  let sum = u16be(bytes, checksum)
  const before = [u16be(bytes, first), words === 2 ? u16be(bytes, first + 2) : 0]
  setU16be(bytes, at, limit)
  for (let word = 0; word < words; word++) sum = updateChecksum(sum, before[word], u16be(bytes, first + word * 2))
  setU16be(bytes, checksum, sum)
  return true
}

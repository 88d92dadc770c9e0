/**
 * Socket addresses as the kernel lays them out: `struct sockaddr_in` and `sockaddr_in6`, family in the machine's order
 * (little-endian), port in the network's.
 */
import { setU16be, u16be } from '#base/bytes.ts'
import { formatIp, parseIp } from '#base/ip.ts'

export const AF_INET = 2
export const AF_INET6 = 10
/** Room for one address in our tables: the longer structure is 28 bytes, padded so that rows are whole words. */
export const SOCKADDR_BYTES = 32
export const SOCKADDR = { family: 0, port: 2, address4: 4, address6: 8, bytes4: 16, bytes6: 28 } as const

/**
 * Writes `address` and `port` as the kernel wants them into a row of `SOCKADDR_BYTES` at `offset`. False when `address`
 * is no IP address, or IPv6 on a socket of family 4.
 */
export function emitSockaddr(into: Uint8Array, offset: number, address: string, port: number, family: 4 | 6): boolean {
  const bytes = parseIp(address)
  if (bytes === undefined || (family === 4 && bytes.length !== 4)) return false
  into.fill(0, offset, offset + SOCKADDR_BYTES)
  into[offset] = family === 6 ? AF_INET6 : AF_INET
  setU16be(into, offset + SOCKADDR.port, port)
  if (family === 4) into.set(bytes, offset + SOCKADDR.address4)
  else if (bytes.length === 16) into.set(bytes, offset + SOCKADDR.address6)
  else {
    into.fill(0xff, offset + SOCKADDR.address6 + 10, offset + SOCKADDR.address6 + 12)
    into.set(bytes, offset + SOCKADDR.address6 + 12)
  }
  return true
}

/** The inverse of `emitSockaddr`: an IPv4-mapped address comes back as IPv4. */
export function parseSockaddr(bytes: Uint8Array, offset: number): { readonly address: string; readonly port: number } {
  const port = u16be(bytes, offset + SOCKADDR.port)
  if (bytes[offset] === AF_INET) {
    return { address: formatIp(bytes.subarray(offset + SOCKADDR.address4, offset + SOCKADDR.address4 + 4)), port }
  }
  const address = bytes.subarray(offset + SOCKADDR.address6, offset + SOCKADDR.address6 + 16)
  const mapped = address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff
  return { address: formatIp(mapped ? address.subarray(12) : address), port }
}

/** The length of the kernel's structure for a socket of this family. */
export function sockaddrLength(family: 4 | 6): number {
  return family === 6 ? SOCKADDR.bytes6 : SOCKADDR.bytes4
}

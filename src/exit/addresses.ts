/** Inner addresses: random, fresh for each session, never one that is in use (`docs/addressing.md`). */
import { GATEWAY_4, GATEWAY_6, INNER_PREFIX_4, INNER_PREFIX_6, type InnerAddresses } from '#base/addressing.ts'
import { AditError } from '#base/errors.ts'
import { equalBytes } from '#base/bytes.ts'
import { formatIp, maskedPrefix, parseIp, parsePrefix } from '#base/ip.ts'
import type { Random } from '#base/random.ts'
import type { AddressAllocator } from './types.ts'

/** The addresses say nothing about their order or number: each is drawn anew, not counted up. */
export function openAddressAllocator(random: Random): AddressAllocator {
  const used = new Set<string>()
  return {
    allocate(): InnerAddresses {
      const address4 = drawFree(INNER_PREFIX_4, GATEWAY_4, KEPT_BITS_4, random, used)
      const address6 = drawFree(INNER_PREFIX_6, GATEWAY_6, KEPT_BITS_6, random, used)
      used.add(address4).add(address6)
      return { address4, address6 }
    },
    release(addresses: InnerAddresses): void {
      used.delete(addresses.address4)
      used.delete(addresses.address6)
    },
  }
}

/** The lowest block, where the gateway stands, is never drawn: it is kept for addresses with a meaning. */
function drawFree(range: string, gateway: string, keptBits: number, random: Random, used: ReadonlySet<string>): string {
  const prefix = parsePrefix(range)!
  const kept = maskedPrefix(parseIp(gateway)!, keptBits).address
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const bytes = Uint8Array.from(random.bytes(prefix.address.length))
    for (let bit = 0; bit < prefix.length; bit++) {
      const mask = 0x80 >> (bit & 7)
      bytes[bit >> 3] = (bytes[bit >> 3] & ~mask) | (prefix.address[bit >> 3] & mask)
    }
    const text = formatIp(bytes)
    if (!used.has(text) && !equalBytes(maskedPrefix(bytes, keptBits).address, kept)) return text
  }
  throw new AditError('exit-addresses-exhausted', `no free address in ${range} after ${ATTEMPTS} draws`, {
    remedy: 'end some sessions: the range is nearly full',
  })
}

/** 198.18.0.0/24 and 2001:2::/112. */
const KEPT_BITS_4 = 24
const KEPT_BITS_6 = 112
/** With a range filled to 90 %, all of these fail once in 10^13. */
const ATTEMPTS = 300

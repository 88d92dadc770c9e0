/**
 * IP addresses and prefixes as bytes (4 or 16) and as text. Strict: no leading zeros, no shorthand IPv4, no zone index.
 * RFC 4291 §2.2 (text form), RFC 5952 (canonical form), RFC 4632 (prefixes).
 */
export interface Prefix {
  /** 4 or 16 bytes, host bits zero. */
  readonly address: Uint8Array
  readonly length: number
}

/** 4 or 16 bytes, or undefined where `text` is no address. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** `10.0.0.0/8` or `2001:db8::/32`; an address alone is a /32 or /128. Host bits are cleared. */
export function parsePrefix(text: string): Prefix | undefined {
  const parts = text.split('/')
  const address = parseIp(parts[0])
  if (address === undefined || parts.length > 2) return undefined
  const tail = parts.at(1)
  if (tail === undefined) return { address, length: address.length * 8 }
  if (!/^\d{1,3}$/.test(tail) || Number(tail) > address.length * 8) return undefined
  return maskedPrefix(address, Number(tail))
}

/** The prefix of `length` bits that holds `address`. */
export function maskedPrefix(address: Uint8Array, length: number): Prefix {
  const masked = Uint8Array.from(address)
  for (let bit = length; bit < masked.length * 8; bit++) masked[bit >> 3] &= ~(0x80 >> (bit & 7))
  return { address: masked, length }
}

export function prefixContains(prefix: Prefix, address: Uint8Array): boolean {
  if (prefix.address.length !== address.length) return false
  const whole = prefix.length >> 3
  for (let index = 0; index < whole; index++) if (prefix.address[index] !== address[index]) return false
  const rest = prefix.length & 7
  return rest === 0 || (prefix.address[whole] ^ address[whole]) >> (8 - rest) === 0
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.address)}/${prefix.length}`
}

export function formatIp(address: Uint8Array): string {
  return address.length === 4 ? Array.from(address).join('.') : formatIpv6(address)
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const address = new Uint8Array(4)
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    address[index] = Number(part)
  }
  return address
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0])
  const tail = halves.length === 2 ? groupsOf(halves[1]) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail]
  const address = new Uint8Array(16)
  for (const [index, group] of groups.entries()) {
    address[index * 2] = group >> 8
    address[index * 2 + 1] = group & 0xff
  }
  return address
}

/** The 16-bit groups of one side of `::`; a dotted IPv4 tail is two groups. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part)
      if (v4 === undefined) return undefined
      groups.push((v4[0] << 8) | v4[1], (v4[2] << 8) | v4[3])
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      groups.push(parseInt(part, 16))
    }
  }
  return groups
}

/** RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups as `::`, the first on a tie. */
function formatIpv6(address: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (address[index * 2] << 8) | address[index * 2 + 1])
  let best = { start: 0, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const hex = groups.map((group) => group.toString(16))
  if (best.length < 2) return hex.join(':')
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`
}

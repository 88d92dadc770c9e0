/** The header of a DNS message, RFC 1035 §4.1.1. Names and records are the resolver's business. */
import { setU16be, u16be } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { WireError } from './errors.ts'

export const DNS_OFFSET = { id: 0, flags: 2, questions: 4, answers: 6, authority: 8, additional: 10 } as const
export const DNS_HEADER_BYTES = 12
export const DNS_RCODE = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const
const FLAG_RESPONSE = 0x8000
const FLAG_TRUNCATED = 0x0200

export interface DnsHeader {
  readonly id: number
  readonly response: boolean
  readonly opcode: number
  readonly truncated: boolean
  readonly rcode: number
  readonly questions: number
  readonly answers: number
}

export function parseDns(message: Uint8Array): Result<DnsHeader, WireError> {
  if (message.length < DNS_HEADER_BYTES) return err('dns-length')
  const flags = u16be(message, DNS_OFFSET.flags)
  return ok({
    id: u16be(message, DNS_OFFSET.id),
    response: (flags & FLAG_RESPONSE) !== 0,
    opcode: (flags >> 11) & 0xf,
    truncated: (flags & FLAG_TRUNCATED) !== 0,
    rcode: flags & 0xf,
    questions: u16be(message, DNS_OFFSET.questions),
    answers: u16be(message, DNS_OFFSET.answers),
  })
}

/** Writes a header at `offset`; authority and additional counts are zero. */
export function emitDns(into: Uint8Array, offset: number, header: DnsHeader): void {
  into.fill(0, offset, offset + DNS_HEADER_BYTES)
  setU16be(into, offset + DNS_OFFSET.id, header.id)
  const flags = (header.response ? FLAG_RESPONSE : 0) | (header.truncated ? FLAG_TRUNCATED : 0)
  setU16be(into, offset + DNS_OFFSET.flags, flags | ((header.opcode & 0xf) << 11) | (header.rcode & 0xf))
  setU16be(into, offset + DNS_OFFSET.questions, header.questions)
  setU16be(into, offset + DNS_OFFSET.answers, header.answers)
}

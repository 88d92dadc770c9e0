/**
 * What the forwarder must read of a DNS message: its one question, the size of answer that the asker takes, and
 * whether the name is local to the provider's network. Pure. RFC 1035 §4.1, RFC 6891 §6.1.
 */
import { u16be } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import { DNS_HEADER_BYTES, DNS_OFFSET, DNS_RCODE, emitDns, parseDns } from '#packet/wire/dns.ts'
import type { ForwardDrop } from './types.ts'

export interface DnsQuestion {
  readonly id: number
  /** Lower-case labels joined by dots, without the last dot; '' is the root. */
  readonly name: string
  readonly type: number
  /** End of the question: header and question are `message.subarray(0, end)`. */
  readonly end: number
  /** Bytes of the largest UDP answer that the asker takes: 512 without EDNS. */
  readonly answerBytes: number
}

/** A query with exactly one question. The result keeps no reference to `message`. */
export function parseQuestion(message: Uint8Array): Result<DnsQuestion, ForwardDrop> {
  const header = parseDns(message)
  if (!header.ok || header.value.questions !== 1) return err('dns-malformed')
  if (header.value.response || header.value.opcode !== 0) return err('dns-not-a-query')
  const labels: string[] = []
  let offset = DNS_HEADER_BYTES
  for (;;) {
    const length = message[offset]
    // A question's name is not compressed: there is nothing before it to point to. Longer than 63 is a pointer.
    if (offset >= message.length || length > MAX_LABEL) return err('dns-malformed')
    offset += 1
    if (length === 0) break
    if (offset + length > message.length || offset - DNS_HEADER_BYTES + length > MAX_NAME) return err('dns-malformed')
    labels.push(String.fromCharCode(...message.subarray(offset, offset + length)).toLowerCase())
    offset += length
  }
  if (offset + 4 > message.length) return err('dns-malformed')
  const end = offset + 4
  const answerBytes = Math.max(MIN_ANSWER, ednsBytes(message, end))
  return ok({ id: header.value.id, name: labels.join('.'), type: u16be(message, offset), end, answerBytes })
}

/** The answer to `query` that carries no record, with the asker's id and question. */
export function emitEmptyAnswer(
  query: Uint8Array,
  question: DnsQuestion,
  rcode: number,
  truncated = false,
): Uint8Array {
  const answer = query.slice(0, question.end)
  emitDns(answer, 0, { id: question.id, response: true, opcode: 0, truncated, rcode, questions: 1, answers: 0 })
  // RFC 1035 §4.1.1: recursion desired is copied into the response; recursion is available.
  answer[DNS_OFFSET.flags] |= query[DNS_OFFSET.flags] & RECURSION_DESIRED
  answer[DNS_OFFSET.flags + 1] |= RECURSION_AVAILABLE
  return answer
}

/** Whether `answer` answers `query`: same id, a response, the same question byte for byte. */
export function answersQuery(answer: Uint8Array, query: Uint8Array, end: number): boolean {
  const header = parseDns(answer)
  if (!header.ok || !header.value.response || answer.length < end || header.value.questions !== 1) return false
  if (header.value.id !== u16be(query, DNS_OFFSET.id)) return false
  for (let index = DNS_HEADER_BYTES; index < end; index++) if (answer[index] !== query[index]) return false
  return true
}

/**
 * Names that the provider's own resolver may answer from its network: asking for them tells a stranger who lives there.
 * RFC 6761, RFC 6762 (.local), RFC 8375 (home.arpa), RFC 6303 (reverse zones of private addresses), ICANN's .internal,
 * names of one label, and the host's own search domains.
 */
export function isLocalName(name: string, searchDomains: readonly string[]): boolean {
  if (name === '') return false
  if (!name.includes('.')) return !TOP_LEVEL_IS_PUBLIC.has(name) && !name.startsWith('xn--')
  const zones = [...LOCAL_ZONES, ...searchDomains.map((zone) => zone.toLowerCase().replace(/^\.+|\.+$/g, ''))]
  return zones.some((zone) => zone !== '' && (name === zone || name.endsWith(`.${zone}`)))
}

export const LOCAL_ANSWER = DNS_RCODE.nameError

/** The size in the OPT record; 0 where there is none, or where the records cannot be walked. */
function ednsBytes(message: Uint8Array, questionEnd: number): number {
  const records = u16be(message, DNS_OFFSET.answers) + u16be(message, DNS_OFFSET.authority)
  let left = u16be(message, DNS_OFFSET.additional)
  if (records !== 0) return 0
  let offset = questionEnd
  while (left-- > 0) {
    const isRoot = message[offset] === 0
    while (offset < message.length && message[offset] > 0 && message[offset] <= MAX_LABEL) offset += message[offset] + 1
    offset += offset < message.length && message[offset] > MAX_LABEL ? 2 : 1
    if (offset + RECORD_BYTES > message.length) return 0
    if (isRoot && u16be(message, offset) === TYPE_OPT) return u16be(message, offset + 2)
    offset += RECORD_BYTES + u16be(message, offset + 8)
  }
  return 0
}

const MAX_LABEL = 63
const MAX_NAME = 255
const MIN_ANSWER = 512
/** Type, class, time to live, length. */
const RECORD_BYTES = 10
const TYPE_OPT = 41
const RECURSION_DESIRED = 0x01
const RECURSION_AVAILABLE = 0x80
/** Single labels that are asked for in earnest: the zones themselves (NS, DS). */
const TOP_LEVEL_IS_PUBLIC = new Set([
  'arpa',
  'com',
  'net',
  'org',
  'edu',
  'gov',
  'int',
  'mil',
  'info',
  'io',
  'dev',
  'app',
])
const PRIVATE_REVERSE = Array.from({ length: 16 }, (_, index) => `${16 + index}.172.in-addr.arpa`)
const SHARED_REVERSE = Array.from({ length: 64 }, (_, index) => `${64 + index}.100.in-addr.arpa`)
const LOCAL_ZONES: readonly string[] = [
  ...['local', 'localhost', 'localdomain', 'home.arpa', 'home', 'lan', 'internal', 'intranet', 'private', 'corp'],
  ...['invalid', 'test', 'onion', 'alt', 'fritz.box'],
  ...['10.in-addr.arpa', '168.192.in-addr.arpa', '254.169.in-addr.arpa', '127.in-addr.arpa', '0.in-addr.arpa'],
  ...PRIVATE_REVERSE,
  ...SHARED_REVERSE,
  ...['c.f.ip6.arpa', 'd.f.ip6.arpa', '8.e.f.ip6.arpa', '9.e.f.ip6.arpa', 'a.e.f.ip6.arpa', 'b.e.f.ip6.arpa'],
]

/**
 * The name server of the demo's internet: knows one name, and logs who asks.
 * `node name-server.ts NAME IPV4 IPV6`
 */
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

const [name = '', ip4 = '', ip6 = ''] = process.argv.slice(2)
const socket = createSocket('udp6')
socket.on('message', (query, from) => {
  const question = parseQuestion(query)
  if (question === undefined) return
  console.log(`${from.address.replace(/^::ffff:/, '')} asks ${question.name} type ${question.type}`)
  socket.send(emitAnswer(query, question), from.port, from.address)
})
socket.bind(53, '::', () => console.log('ready'))

interface Question {
  readonly name: string
  readonly type: number
  /** Offset behind the question section. */
  readonly end: number
}

/** RFC 1035 §4.1.2, one question. */
function parseQuestion(query: Buffer): Question | undefined {
  const labels: string[] = []
  let offset = 12
  while (offset < query.length && query[offset] !== 0) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + query[offset]))
    offset += 1 + query[offset]
  }
  if (offset + 5 > query.length) return undefined
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(offset + 1), end: offset + 5 }
}

function emitAnswer(query: Buffer, question: Question): Buffer {
  const known = question.name === name
  const data = !known ? undefined : question.type === 1 ? bytes4(ip4) : question.type === 28 ? bytes16(ip6) : undefined
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // QR, AA, RD as asked, RA; NXDOMAIN for other names.
  header.writeUInt16BE(0x8480 | (query.readUInt16BE(2) & 0x0100) | (known ? 0 : 3), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(data === undefined ? 0 : 1, 6)
  const asked = query.subarray(12, question.end)
  if (data === undefined) return Buffer.concat([header, asked])
  const record = Buffer.alloc(12)
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(question.type, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(60, 6)
  record.writeUInt16BE(data.length, 10)
  return Buffer.concat([header, asked, record, data])
}

function bytes4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

function bytes16(address: string): Buffer {
  if (!isIPv6(address)) throw new Error(`not an IPv6 address: ${address}`)
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string) => text.split(':').filter((group) => group !== '')
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill('0')
  const bytes = Buffer.alloc(16)
  const all = [...groups(head), ...zeros, ...groups(tail)]
  for (const [index, group] of all.entries()) bytes.writeUInt16BE(parseInt(group, 16), 2 * index)
  return bytes
}

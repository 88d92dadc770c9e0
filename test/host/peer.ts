/**
 * The other ends of the tests' connections, run inside a namespace:
 *   serve PORT                           TCP and UDP echo of the caller's address, both families; stays
 *   ask tcp|udp ADDRESS PORT [FROM-PORT] prints what the server saw, or the error
 *   ping ADDRESS                         one ICMP echo (raw socket)
 *   listen ADDRESS PORT                  prints each UDP datagram's source; stays
 *   marked ADDRESS PORT MARK             one UDP datagram from a socket with SO_MARK
 *   advertise DEVICE-INDEX                one router advertisement to all nodes
 *   send ADDRESS PORT FROM-PORT TEXT     one UDP datagram
 */
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import koffi from 'koffi'

const TIMEOUT_MS = 700
const AF_INET = 2
const AF_INET6 = 10
const SOCK_DGRAM = 2
const SOCK_RAW = 3
const SO_MARK = 36
const IPPROTO_IPV6 = 41
const IPV6_MULTICAST_HOPS = 18
const IPPROTO_ICMP = 1
const IPPROTO_ICMPV6 = 58
const SOL_SOCKET = 1
const SO_RCVTIMEO = 20

const [verb, ...args] = process.argv.slice(2)

switch (verb) {
  case 'serve':
    serve(Number(args[0]))
    break
  case 'ask':
    print(await (args[0] === 'tcp' ? askTcp : askUdp)(args[1], Number(args[2]), Number(args[3] ?? 0)))
    break
  case 'ping':
    print(ping(args[0]))
    break
  case 'listen':
    listen(args[0], Number(args[1]))
    break
  case 'advertise':
    print(advertise(Number(args[0])))
    break
  case 'marked':
    print(sendMarked(args[0], Number(args[1]), Number(args[2])))
    break
  case 'send':
    await send(args[0], Number(args[1]), Number(args[2]), args[3])
    break
  default:
    throw new Error(`peer: unknown verb ${verb}`)
}

function serve(port: number): void {
  createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify({ address: plain(socket.remoteAddress ?? ''), port: socket.remotePort }))
  }).listen(port, '::', () => print({ serving: port }))
  // A socket for each address, so that an answer comes from the address that was asked.
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  for (const { address, scopeid } of addresses) {
    if (scopeid !== undefined && scopeid !== 0) continue
    const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    udp.on('message', (_, from) => {
      udp.send(JSON.stringify({ address: from.address, port: from.port }), from.port, from.address)
    })
    udp.bind(port, address)
  }
}

function listen(address: string, port: number): void {
  const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  udp.on('message', (message, from) => print({ text: message.toString(), address: from.address, port: from.port }))
  udp.bind(port, address, () => print({ listening: port }))
}

async function send(address: string, port: number, fromPort: number, text: string): Promise<void> {
  const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  await new Promise<void>((resolve) => udp.bind(fromPort, resolve))
  const error = await new Promise((resolve) => udp.send(text, port, address, resolve))
  print({ sent: error === null, error: error instanceof Error && 'code' in error ? error.code : undefined })
  udp.close()
}

function askTcp(address: string, port: number, fromPort: number): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, localPort: fromPort, timeout: TIMEOUT_MS })
    let text = ''
    socket.on('data', (bytes) => (text += bytes.toString()))
    socket.on('end', () => resolve(JSON.parse(text)))
    socket.on('timeout', () => socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    socket.on('error', (error) => resolve({ error: 'code' in error ? error.code : error.message }))
  })
}

function askUdp(address: string, port: number, fromPort: number): Promise<unknown> {
  return new Promise((resolve) => {
    const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const finish = (value: unknown): void => {
      clearTimeout(timer)
      udp.close()
      resolve(value)
    }
    const timer = setTimeout(() => finish({ error: 'ETIMEDOUT' }), TIMEOUT_MS)
    udp.once('message', (message) => finish(JSON.parse(message.toString())))
    udp.once('error', (error) => finish({ error: 'code' in error ? error.code : error.message }))
    udp.once('connect', () => udp.send('who am I?'))
    // Without a callback, a refusal is the error event.
    udp.bind(fromPort, () => udp.connect(port, address))
  })
}

/** RFC 792 / RFC 4443 §4.1. The kernel fills in the ICMPv6 checksum of a raw socket. */
function ping(address: string): unknown {
  const six = address.includes(':')
  const libc = koffi.load(null)
  const socket = libc.func('int socket(int, int, int)')
  const sendto = libc.func('long sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)')
  const recv = libc.func('long recv(int, _Out_ uint8_t *, size_t, int)')
  const setsockopt = libc.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)')
  const fd = Number(socket(six ? AF_INET6 : AF_INET, SOCK_RAW, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
  const timeout = Buffer.alloc(16)
  timeout.writeBigInt64LE(0n, 0)
  timeout.writeBigInt64LE(BigInt(TIMEOUT_MS) * 1000n, 8)
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, 16)
  const echo = Buffer.from([six ? 128 : 8, 0, 0, 0, 0x12, 0x34, 0, 1])
  if (!six) echo.writeUInt16BE(0xffff - (0x0800 + 0x1234 + 1), 2)
  const sent = Number(sendto(fd, echo, echo.length, 0, socketAddress(address), six ? 28 : 16))
  const answer = Buffer.alloc(256)
  const until = Date.now() + TIMEOUT_MS
  while (sent > 0 && Date.now() < until) {
    const length = Number(recv(fd, answer, answer.length, 0))
    const icmp = six ? 0 : 20
    if (length > icmp && answer[icmp] === (six ? 129 : 0) && answer.readUInt16BE(icmp + 4) === 0x1234)
      return { answered: true }
  }
  return { error: sent > 0 ? 'ETIMEDOUT' : 'ESEND' }
}

/** RFC 4861 §4.2: a router for 1800 s, by the device with this index. */
function advertise(index: number): unknown {
  const libc = koffi.load(null)
  const socket = libc.func('int socket(int, int, int)')
  const sendto = libc.func('long sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)')
  const setsockopt = libc.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)')
  const fd = Number(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6))
  const hops = Buffer.alloc(4)
  hops.writeUInt32LE(255)
  setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, 4)
  const to = socketAddress('ff02::1')
  to.writeUInt32LE(index, 24)
  const message = Buffer.from([134, 0, 0, 0, 64, 0, 1800 >> 8, 1800 & 0xff, 0, 0, 0, 0, 0, 0, 0, 0])
  return { sent: Number(sendto(fd, message, message.length, 0, to, 28)) === message.length }
}

function sendMarked(address: string, port: number, mark: number): unknown {
  const libc = koffi.load(null)
  const socket = libc.func('int socket(int, int, int)')
  const sendto = libc.func('long sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)')
  const setsockopt = libc.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)')
  const six = address.includes(':')
  const fd = Number(socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0))
  const value = Buffer.alloc(4)
  value.writeUInt32LE(mark)
  setsockopt(fd, SOL_SOCKET, SO_MARK, value, 4)
  const to = socketAddress(address)
  to.writeUInt16BE(port, 2)
  return { sent: Number(sendto(fd, Buffer.from('handshake'), 9, 0, to, six ? 28 : 16)) === 9 }
}

function socketAddress(address: string): Buffer {
  const bytes = Buffer.alloc(28)
  bytes.writeUInt16LE(address.includes(':') ? AF_INET6 : AF_INET, 0)
  if (!address.includes(':')) Buffer.from(address.split('.').map(Number)).copy(bytes, 4)
  else {
    const [head, tail = ''] = address.split('::')
    const groups = (text: string): number[] =>
      text
        .split(':')
        .filter(Boolean)
        .map((group) => parseInt(group, 16))
    for (const [index, group] of groups(head).entries()) bytes.writeUInt16BE(group, 8 + index * 2)
    for (const [index, group] of groups(tail).toReversed().entries()) bytes.writeUInt16BE(group, 22 - index * 2)
  }
  return bytes
}

/** An IPv4 caller of a dual-stack socket. */
function plain(address: string): string {
  return address.replace(/^::ffff:/, '')
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

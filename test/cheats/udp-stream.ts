/**
 * A stream of datagrams at a steady rate, which unlike TCP does not slow down where packets are lost.
 *
 *     node udp-stream.ts serve PORT                        answers a request with what it asks for
 *     node udp-stream.ts ask ADDRESS PORT MBITS SECONDS    prints { sentBytes, receivedBytes }
 *     node udp-stream.ts push ADDRESS PORT MBITS SECONDS [FROM]   sends without having been asked
 */
import { createSocket, type Socket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'

export interface StreamReport {
  /** Payload bytes. */
  readonly sentBytes: number
  readonly receivedBytes: number
}

const PAYLOAD = Buffer.alloc(1200, 0x5a)
const TICK_MS = 10
const [mode = '', ...args] = process.argv[1] === import.meta.filename ? process.argv.slice(2) : []

if (mode === 'serve') serve(Number(args[0]))
else if (mode === 'ask') await ask(args[0], Number(args[1]), Number(args[2]), Number(args[3]))
else if (mode === 'push')
  await push(await openSocket(args[0], args[4]), args[0], Number(args[1]), Number(args[2]), Number(args[3]), true)

function serve(port: number): void {
  const socket = createSocket('udp6')
  const served = new Set<number>()
  socket.on('message', (request, from) => {
    // The request comes again until the first answer is there: any datagram may be lost.
    if (served.has(from.port)) return
    served.add(from.port)
    const [mbits, seconds] = String(request).split(' ').map(Number)
    void push(socket, from.address, from.port, mbits, seconds, false)
  })
  socket.bind(port, '::', () => console.log('ready'))
}

async function ask(address: string, port: number, mbits: number, seconds: number): Promise<void> {
  const socket = createSocket(family(address))
  let receivedBytes = 0
  socket.on('message', (message) => (receivedBytes += message.length))
  for (let tries = 0; receivedBytes === 0 && tries < 20; tries++) {
    socket.send(`${mbits} ${seconds}`, port, address)
    await delay(100)
  }
  await delay(seconds * 1000 + 500)
  socket.close()
  console.log(JSON.stringify({ sentBytes: packets(mbits, seconds) * PAYLOAD.length, receivedBytes }))
}

async function push(
  socket: Socket,
  address: string,
  port: number,
  mbits: number,
  seconds: number,
  close: boolean,
): Promise<void> {
  const total = packets(mbits, seconds)
  const started = performance.now()
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.ceil((total * (performance.now() - started + TICK_MS)) / (seconds * 1000)))
    for (; sent < due; sent++) socket.send(PAYLOAD, port, address)
    await delay(TICK_MS)
  }
  if (close) socket.close()
}

/** Bound to `from`, where one is given: an address of this host. */
async function openSocket(to: string, from: string | undefined): Promise<Socket> {
  const socket = createSocket(family(to))
  if (from !== undefined) await new Promise<void>((resolve) => socket.bind(0, from, resolve))
  return socket
}

function packets(mbits: number, seconds: number): number {
  return Math.round((mbits * 1e6 * seconds) / 8 / PAYLOAD.length)
}

function family(address: string): 'udp4' | 'udp6' {
  return address.includes(':') ? 'udp6' : 'udp4'
}

/**
 * UDP in a lab host. `serve PORT` answers each datagram with its own bytes. `ask ADDRESS PORT BYTES COUNT` sends so many of
 * this size, one every 50 ms, and prints how many came back. The kernel sets "don't fragment" until it was told a path's MTU.
 */
import { createSocket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'

const [mode, ...rest] = process.argv.slice(2)
if (mode === 'serve') {
  const socket = createSocket({ type: 'udp6', reuseAddr: true })
  // An error is the kernel's word for "too big": the next datagram is cut.
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address, () => undefined))
  socket.bind(Number(rest[0]), '::', () => console.log('ready'))
} else {
  const [address, port, bytes, count] = rest
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  let answers = 0
  socket.on('message', (answer) => (answers += answer.length === Number(bytes) ? 1 : 0))
  for (let sent = 0; sent < Number(count); sent++) {
    socket.send(new Uint8Array(Number(bytes)), Number(port), address, () => undefined)
    await delay(50)
  }
  await delay(500)
  socket.close()
  console.log(`answers ${answers}`)
}

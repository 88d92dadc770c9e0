/**
 * The chain's public JSON-RPC: the embedded chain listens on loopback only, as it should; this forwards one public TCP
 * port to it, as an operator's front would. `node rpc-gateway.ts ADDRESS PORT`: from ADDRESS to 127.0.0.1.
 */
import { connect, createServer } from 'node:net'

const address = process.argv[2]
const port = Number(process.argv[3])

const server = createServer((client) => {
  const chain = connect(port, '127.0.0.1')
  client.on('error', () => chain.destroy())
  chain.on('error', () => client.destroy())
  client.pipe(chain).pipe(client)
})
server.listen(port, address, () => console.log('ready'))

/**
 * The web server of the demo's internet, and the decoy's page.
 *
 *     GET  /content/NAME/BYTES   deterministic bytes (`content.ts`)
 *     POST /upload               { bytes, sha256 } of what came
 *     GET  /ip                   the address that the server sees
 *
 * `node web-server.ts PAGE [PORT]`: PAGE is the text of `/`.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { contentStream } from './content.ts'

const page = process.argv[2] ?? 'hello'
const port = Number(process.argv[3] ?? 80)

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.log(`${request.method ?? ''} ${request.url ?? ''}: ${String(error)}`)
    response.destroy()
  })
})
server.listen(port, '::', () => console.log('ready'))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const from = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const content = /^\/content\/([\w-]+)\/(\d+)$/.exec(request.url ?? '')
  console.log(`${from} ${request.method ?? ''} ${request.url ?? ''}`)
  if (content !== null) {
    const bytes = Number(content[2])
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
    await pipeline(contentStream(content[1], bytes), response)
  } else if (request.url === '/upload' && request.method === 'POST') {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
    }
    response.end(JSON.stringify({ bytes, sha256: hash.digest('hex') }))
  } else {
    response.end(request.url === '/ip' ? from : `${page}\n`)
  }
}

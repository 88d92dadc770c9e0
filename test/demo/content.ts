/** Bytes that look random and that both ends can make by themselves: AES-128-CTR of zeros under a key from a name. */
import { createCipheriv, createHash } from 'node:crypto'
import { Readable } from 'node:stream'

export function contentStream(name: string, bytes: number): Readable {
  return Readable.from(chunks(name, bytes))
}

export function contentSha256(name: string, bytes: number): string {
  const hash = createHash('sha256')
  for (const chunk of chunks(name, bytes)) hash.update(chunk)
  return hash.digest('hex')
}

function* chunks(name: string, bytes: number): Generator<Buffer> {
  const key = createHash('sha256').update(name).digest().subarray(0, 16)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(CHUNK)
  for (let left = bytes; left > 0; left -= CHUNK) yield cipher.update(left < CHUNK ? zeros.subarray(0, left) : zeros)
}

const CHUNK = 256 * 1024

// `node content.ts NAME BYTES` writes the stream: the demo's consumer uploads it.
if (process.argv[1] === import.meta.filename) {
  contentStream(process.argv[2] ?? '', Number(process.argv[3])).pipe(process.stdout)
}

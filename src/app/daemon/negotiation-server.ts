/**
 * The provider's public control port (`docs/protocol/session.md`): gives out the signed offer and takes sealed requests.
 * Everybody may connect, so everything is bounded: body, time, connections, requests per source network.
 */
import Fastify from 'fastify'
import { isIP, type AddressInfo, type Server } from 'node:net'
import { formatPrefix, maskedPrefix, parseIp } from '#base/ip.ts'
import type { Clock } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { SEALED_OVERHEAD } from '#crypto/sealed.ts'
import { MAX_REQUEST_BYTES } from './negotiation.ts'

export interface NegotiationServerOptions {
  readonly listenAddress: string
  readonly port: number
  /** The newest signed offer; undefined while there is none. */
  readonly offer: () => Uint8Array | undefined
  /** Answers one sealed request with a sealed reply; undefined for bytes that are no request of ours. */
  readonly answer: (sealed: Uint8Array) => Promise<Uint8Array | undefined>
  readonly clock: Clock
  readonly log: Log
}

export interface NegotiationServer extends AsyncDisposable {
  readonly port: number
}

/** Throws `control-port` where the port cannot be bound. */
export async function startNegotiationServer(options: NegotiationServerOptions): Promise<NegotiationServer> {
  const server = Fastify({
    bodyLimit: MAX_REQUEST_BYTES + SEALED_OVERHEAD,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 1_000,
    forceCloseConnections: true,
    logger: false,
  })
  server.server.maxConnections = MAX_CONNECTIONS
  limitConnections(server.server)
  const limiter = new SourceLimiter(options.clock)

  server.addHook('onRequest', async (request, reply) => {
    if (!limiter.admit(request.ip)) await reply.code(429).send()
  })
  server.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
  server.get('/v1/offer', async (_request, reply) => {
    const offer = options.offer()
    if (offer === undefined) return reply.code(503).send()
    return reply.type('application/octet-stream').send(Buffer.from(offer))
  })
  server.post('/v1/control', async (request, reply) => {
    if (!(request.body instanceof Uint8Array)) return reply.code(415).send()
    const answer = await options.answer(new Uint8Array(request.body))
    if (answer === undefined) return reply.code(400).send()
    return reply.type('application/octet-stream').send(Buffer.from(answer))
  })
  server.setErrorHandler(async (error, _request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500
    if (status >= 500) options.log.error({ error: String(error) }, 'control request failed')
    await reply.code(status).send()
  })

  const listen = (host: string) => server.listen({ host, port: options.port, ipv6Only: false })
  try {
    await listen(options.listenAddress).catch((error: unknown) => {
      // A kernel without IPv6 has no address `::`.
      if (options.listenAddress !== '::' || (error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error
      return listen('0.0.0.0')
    })
  } catch (cause) {
    throw new AditError('control-port', `cannot listen on ${options.listenAddress} port ${options.port}`, {
      remedy: 'choose another provider.control_port, or stop the program that uses it',
      cause,
    })
  }
  return {
    port: (server.server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** One source must not fill the table of connections: beyond a few of its own they are closed at once. */
function limitConnections(server: Server): void {
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const source = sourceNetwork(socket.remoteAddress ?? '')
    const count = (open.get(source) ?? 0) + 1
    open.set(source, count)
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1
      if (left === 0) open.delete(source)
      else open.set(source, left)
    })
    if (count > CONNECTIONS_PER_SOURCE) socket.destroy()
  })
}

/** A token bucket for each IPv4 /32 and IPv6 /64; bounded memory: the oldest source is forgotten first. */
class SourceLimiter {
  readonly #clock: Clock
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  admit(source: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    const key = sourceNetwork(source)
    const bucket = this.#buckets.get(key) ?? { tokens: BURST, atMs: nowMs }
    const tokens = Math.min(BURST, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * REQUESTS_PER_SECOND)
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: Math.max(0, tokens - 1), atMs: nowMs })
    if (this.#buckets.size > MAX_SOURCES) this.#buckets.delete(this.#buckets.keys().next().value!)
    return tokens >= 1
  }
}

function sourceNetwork(source: string): string {
  const text = source.startsWith('::ffff:') && isIP(source.slice(7)) === 4 ? source.slice(7) : source
  const bytes = parseIp(text)
  return bytes === undefined ? text : formatPrefix(maskedPrefix(bytes, bytes.length === 4 ? 32 : 64))
}

const REQUEST_TIMEOUT_MS = 15_000
const MAX_CONNECTIONS = 256
const CONNECTIONS_PER_SOURCE = 16
const REQUESTS_PER_SECOND = 5
const BURST = 20
const MAX_SOURCES = 4096

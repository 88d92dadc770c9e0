/**
 * The tunnel's DNS: a consumer's query, as the engine hands it over from the gateway's port 53, goes to the provider's
 * upstream resolver by UDP, by TCP when the answer was cut. Each try has its own socket (a random source port, the
 * kernel drops what comes from elsewhere) and a random id; the answer must repeat the question.
 *
 * Names local to the provider's network are answered NXDOMAIN here. What stays: a home router may answer other names
 * with its own address; the packets to it are refused by the exit, but the address is seen.
 */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { GATEWAY_4, GATEWAY_6, DNS_PORT } from '#base/addressing.ts'
import { setU16be, u16be } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import type { SystemResolver } from '#host/resolver.ts'
import { DNS_OFFSET, DNS_RCODE, parseDns } from '#packet/wire/dns.ts'
import { answersQuery, emitEmptyAnswer, isLocalName, LOCAL_ANSWER, parseQuestion } from './dns-question.ts'
import type { ForwardDrop, ResolverForwarder, ResolverForwarderOptions } from './types.ts'

export function openResolverForwarder(options: ResolverForwarderOptions): ResolverForwarder {
  return new UpstreamForwarder(options)
}

/** Owns the queries under way: closing ends them. */
class UpstreamForwarder implements ResolverForwarder {
  readonly #options: ResolverForwarderOptions
  readonly #closing = new AbortController()
  readonly #inFlight = new Map<string, number>()
  #total = 0

  constructor(options: ResolverForwarderOptions) {
    this.#options = options
  }

  /** Undefined while this host names no resolver: asked for anew at each query. */
  async #upstream(): Promise<SystemResolver | undefined> {
    try {
      return await this.#options.upstream()
    } catch (cause) {
      this.#options.log.warn({ error: String(cause) }, 'no resolver to ask')
      return undefined
    }
  }

  async forward(consumer: string, query: Uint8Array): Promise<Result<Uint8Array, ForwardDrop>> {
    if (this.#closing.signal.aborted) return err('dns-closed')
    const question = parseQuestion(query)
    if (!question.ok) return question
    const { value } = question
    const upstream = await this.#upstream()
    if (upstream === undefined) return ok(emitEmptyAnswer(query, value, DNS_RCODE.serverFailure))
    const { servers, searchDomains } = upstream
    if (isLocalName(value.name, searchDomains)) return ok(emitEmptyAnswer(query, value, LOCAL_ANSWER))
    const own = this.#inFlight.get(consumer) ?? 0
    const { maxInFlight = MAX_IN_FLIGHT, maxInFlightPerConsumer = MAX_PER_CONSUMER } = this.#options
    if (this.#total >= maxInFlight || own >= maxInFlightPerConsumer) return err('dns-too-many')
    this.#inFlight.set(consumer, own + 1)
    this.#total++
    try {
      const answer = await this.#askUpstreams(servers, query, value.end)
      if (answer === undefined) return ok(emitEmptyAnswer(query, value, DNS_RCODE.serverFailure))
      // The tunnel carries UDP only: what the asker cannot take is announced as cut.
      if (answer.length > Math.min(value.answerBytes, MAX_ANSWER))
        return ok(emitEmptyAnswer(query, value, DNS_RCODE.ok, true))
      setU16be(answer, DNS_OFFSET.id, value.id)
      return ok(answer)
    } finally {
      this.#total--
      const left = this.#inFlight.get(consumer)! - 1
      if (left === 0) this.#inFlight.delete(consumer)
      else this.#inFlight.set(consumer, left)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The first servers in turn; undefined when none answered. */
  async #askUpstreams(servers: readonly string[], query: Uint8Array, end: number): Promise<Uint8Array | undefined> {
    const { timeoutMs = TIMEOUT_MS, random, log, port = DNS_PORT } = this.#options
    // Asking the tunnel's own gateway would be asking ourselves.
    for (const server of servers.filter((own) => own !== GATEWAY_4 && own !== GATEWAY_6).slice(0, MAX_SERVERS)) {
      const asked = Uint8Array.from(query)
      setU16be(asked, DNS_OFFSET.id, u16be(random.bytes(2), 0))
      const target = {
        server,
        port,
        end,
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]),
      }
      const answer = await askUdp(asked, target)
      const header = answer === undefined ? undefined : parseDns(answer)
      if (header?.ok === true && header.value.truncated) return (await askTcp(asked, target)) ?? answer
      if (answer !== undefined) return answer
      log.debug({ timeoutMs }, 'an upstream resolver did not answer')
    }
    return undefined
  }
}

interface Target {
  readonly server: string
  readonly port: number
  readonly end: number
  readonly signal: AbortSignal
}

/** A copy of the first datagram that answers; undefined on time-out or a refusal. */
async function askUdp(query: Uint8Array, { server, port, end, signal }: Target): Promise<Uint8Array | undefined> {
  const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4')
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>()
  const giveUp = (): void => resolve(undefined)
  signal.addEventListener('abort', giveUp)
  socket.on('error', giveUp)
  socket.on('message', (message) => {
    if (answersQuery(message, query, end)) resolve(Uint8Array.from(message))
  })
  // Connected, so that only the server's own datagrams come in; the port is the kernel's random choice (RFC 5452 §9.2).
  socket.once('connect', () => socket.send(query))
  socket.connect(port, server)
  const answer = await promise
  signal.removeEventListener('abort', giveUp)
  socket.close()
  return answer
}

/** RFC 1035 §4.2.2: two bytes of length, then the message. */
async function askTcp(query: Uint8Array, { server, port, end, signal }: Target): Promise<Uint8Array | undefined> {
  const socket = connect({ host: server, port })
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>()
  const giveUp = (): void => resolve(undefined)
  signal.addEventListener('abort', giveUp)
  let received = Buffer.alloc(0)
  socket.on('error', giveUp).on('close', giveUp)
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
    const message = Uint8Array.from(received.subarray(2, 2 + received.readUInt16BE(0)))
    resolve(answersQuery(message, query, end) ? message : undefined)
  })
  const framed = Buffer.alloc(2 + query.length)
  framed.writeUInt16BE(query.length, 0)
  framed.set(query, 2)
  socket.write(framed)
  const answer = await promise
  signal.removeEventListener('abort', giveUp)
  socket.destroy()
  return answer
}

const TIMEOUT_MS = 2_000
const MAX_SERVERS = 3
const MAX_IN_FLIGHT = 512
const MAX_PER_CONSUMER = 64
/** Fits the smallest inner MTU (1280) with IPv6 and UDP headers. */
const MAX_ANSWER = 1232

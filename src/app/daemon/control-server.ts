/**
 * The control API on a Unix socket: the routes of `../control/routes.ts`, typed handlers behind them, OpenAPI at
 * `/openapi.json`, live events as server-sent events. One daemon of a role owns its socket; a stale one is replaced.
 */
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { AditError } from '#base/errors.ts'
import { SECOND_MS } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { encodeEvent } from '../control/events.ts'
import {
  controlErrorSchema,
  EVENTS_PATH,
  ROUTES,
  type ControlError,
  type ConsumerHandlers,
  type Handlers,
  type ProviderHandlers,
  type Role,
  type RouteName,
} from '../control/routes.ts'
import { withFileLock } from '../config/files.ts'

export interface ControlServer extends AsyncDisposable {
  readonly socketPath: string
  /** `0660` with the group `adit`, else `0600`. */
  readonly mode: number
  /** Ends open event streams, closes, and removes the socket. */
  close(): Promise<void>
}

export type ControlServerOptions = {
  readonly socketPath: string
  readonly log: Log
  readonly version: string
} & (
  | { readonly role: 'provider'; readonly handlers: ProviderHandlers }
  | { readonly role: 'consumer'; readonly handlers: ConsumerHandlers }
)

/**
 * Throws `daemon-running` where a live daemon owns the socket, `run-dir-unsafe` where its folder belongs to somebody
 * else, `socket-path-long`.
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { socketPath, role } = options
  const stopping = new AbortController()
  const app = await buildApp(options, stopping.signal)
  checkSocketPath(socketPath)
  prepareDirectory(dirname(socketPath))
  const mode = await withFileLock(`${socketPath}.lock`, async () => {
    await removeStaleSocket(socketPath, role)
    // Nobody else may connect between bind and chmod.
    const umask = process.umask(0o177)
    try {
      await app.listen({ path: socketPath })
    } finally {
      process.umask(umask)
    }
    return shareWithGroup(socketPath, options.log)
  })
  const close = async (): Promise<void> => {
    stopping.abort()
    await app.close()
    rmSync(socketPath, { force: true })
  }
  return { socketPath, mode, close, [Symbol.asyncDispose]: close }
}

async function buildApp(options: ControlServerOptions, stopping: AbortSignal): Promise<FastifyInstance> {
  const app = Fastify({ logger: false, bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler((error, _request, reply) => sendError(error, reply, options.log))
  app.setNotFoundHandler((request, reply) => {
    const message = `${request.method} ${request.url.split('?')[0]}: a ${options.role} has no such route`
    return reply.code(404).send({ code: 'route-unknown', message, remedy: 'GET /openapi.json lists them' })
  })
  await app.register(swagger, {
    openapi: { info: { title: `Adit control API, ${options.role}`, version: options.version } },
    transform: jsonSchemaTransform,
  })
  await app.register((routes) => {
    for (const name of Object.keys(ROUTES) as RouteName[]) addRoute(routes, name, options, stopping)
    routes.get(
      EVENTS_PATH,
      { schema: { summary: 'Live events (server-sent events): see docs/protocol/control.md.' } },
      (request, reply) => streamEvents(request, reply, options, stopping),
    )
    routes.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
    return Promise.resolve()
  })
  await app.ready()
  return app
}

function addRoute(app: FastifyInstance, name: RouteName, options: ControlServerOptions, stopping: AbortSignal): void {
  const { method, path, summary, params, input, output, roles } = ROUTES[name]
  if (!(roles as readonly Role[]).includes(options.role)) return
  // The table ties the types of input and output to the name; the loop over names loses that tie, nothing else.
  const handlers = options.handlers as unknown as Record<
    string,
    (given: object, signal: AbortSignal) => Promise<unknown>
  >
  const handler = handlers[name]
  const given = method === 'GET' ? { querystring: input } : { body: input }
  app.route({
    method,
    url: path,
    schema: {
      summary,
      operationId: name,
      params,
      ...given,
      response: { 200: output, '4xx': controlErrorSchema, '5xx': controlErrorSchema },
    },
    // A POST without a body means all defaults.
    preValidation: (request, _reply, done) => {
      if (method === 'POST') request.body ??= {}
      done()
    },
    handler: (request, reply) => {
      const gone = new AbortController()
      reply.raw.on('close', () => gone.abort())
      const all = {
        ...(request.query as object),
        ...(request.body as object | undefined),
        ...(request.params as object),
      }
      return handler(all, AbortSignal.any([gone.signal, stopping]))
    },
  })
}

async function streamEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ControlServerOptions,
  stopping: AbortSignal,
): Promise<void> {
  reply.hijack()
  const { raw } = reply
  const gone = new AbortController()
  request.raw.on('close', () => gone.abort())
  raw.on('close', () => gone.abort())
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  raw.flushHeaders()
  const heartbeat = setInterval(() => raw.write(': alive\n\n'), HEARTBEAT_MS)
  try {
    const handlers: Handlers<'provider'> | Handlers<'consumer'> = options.handlers
    for await (const event of handlers.events(AbortSignal.any([gone.signal, stopping]))) raw.write(encodeEvent(event))
  } catch (error) {
    if (!gone.signal.aborted && !stopping.aborted) {
      options.log.error({ error: error instanceof Error ? error.message : 'unknown' }, 'event stream failed')
    }
  } finally {
    clearInterval(heartbeat)
    raw.end()
  }
}

async function sendError(error: unknown, reply: FastifyReply, log: Log): Promise<void> {
  const [status, body] = describeError(error)
  if (status >= 500) log.error({ code: body.code, error: String(error) }, 'control request failed')
  await reply.code(status).send(body)
}

function describeError(error: unknown): readonly [status: number, body: ControlError] {
  if (error instanceof AditError) {
    return [409, { code: error.code, message: error.message, remedy: error.remedy }]
  }
  const status =
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
  if (status < 500 && error instanceof Error) {
    return [status, { code: 'request-invalid', message: error.message, remedy: 'GET /openapi.json has the schemas' }]
  }
  return [
    500,
    { code: 'internal', message: 'the daemon failed to answer', remedy: 'its log says more; please report it' },
  ]
}

function checkSocketPath(path: string): void {
  // sockaddr_un: 108 bytes with the final zero (104 on macOS).
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return
  throw new AditError(
    'socket-path-long',
    `control socket: expected a path of at most ${MAX_SOCKET_PATH} bytes, got ${path}`,
    {
      remedy: 'name a shorter --run-dir',
    },
  )
}

function prepareDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const found = lstatSync(directory)
  const uid = process.getuid?.() ?? found.uid
  const othersWrite = (found.mode & 0o002) !== 0
  if (found.isDirectory() && (found.uid === uid || found.uid === 0) && !othersWrite) return
  throw new AditError('run-dir-unsafe', `${directory}: expected a folder of this user that nobody else can write`, {
    remedy: 'remove it, or name another --run-dir',
  })
}

async function removeStaleSocket(path: string, role: Role): Promise<void> {
  const live = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EACCES'))
  })
  if (live) {
    throw new AditError('daemon-running', `a ${role} is running already (${path})`, {
      remedy: role === 'provider' ? '`adit status` shows it' : '`adit status` shows it, `adit disconnect` ends it',
    })
  }
  rmSync(path, { force: true })
}

/** Gives the socket and its folder to the group `adit` where that exists and we may; returns the socket's mode. */
function shareWithGroup(path: string, log: Log): number {
  chmodSync(path, 0o600)
  const gid = groupIdOf('adit')
  if (gid === undefined) return 0o600
  try {
    chownSync(path, -1, gid)
    chownSync(dirname(path), -1, gid)
    chmodSync(dirname(path), 0o750)
    chmodSync(path, 0o660)
    return 0o660
  } catch {
    log.debug({ group: 'adit' }, 'the control socket stays with its owner: this user may not give it to the group')
    return 0o600
  }
}

function groupIdOf(name: string): number | undefined {
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [group, , gid] = line.split(':')
    if (group === name) return Number(gid)
  }
  return undefined
}

const MAX_BODY_BYTES = 64 * 1024
const MAX_SOCKET_PATH = 103
const HEARTBEAT_MS = 15 * SECOND_MS

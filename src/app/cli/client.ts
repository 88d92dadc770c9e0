/** Calls the control API of a daemon: HTTP over its Unix socket, answers checked against the schemas. */
import { request, type IncomingMessage } from 'node:http'
import { AditError } from '#base/errors.ts'
import { controlEventSchema, type ControlEvent } from '../control/events.ts'
import {
  controlErrorSchema,
  EVENTS_PATH,
  ROUTES,
  type Role,
  type RouteName,
  type RouteOutput,
  type RouteRequest,
} from '../control/routes.ts'

export interface ControlClient {
  readonly role: Role
  readonly socketPath: string
  /**
   * Throws `AditError`: what the daemon said, or `daemon-not-running`, `daemon-forbidden`, `daemon-answer`. The answer
   * is checked by the route's schema.
   */
  call<N extends RouteName>(name: N, input: RouteRequest<N>, signal?: AbortSignal): Promise<RouteOutput<N>>
  /** Ends when the daemon closes the stream or `signal` aborts. Events of later releases are skipped. */
  events(signal: AbortSignal): AsyncIterable<ControlEvent>
}

export function controlClient(role: Role, socketPath: string): ControlClient {
  return {
    role,
    socketPath,
    async call(name, input, signal) {
      const { method, output } = ROUTES[name]
      const { path, rest } = fillPath(ROUTES[name].path, input)
      const query = method === 'GET' ? queryOf(rest) : ''
      const response = await send(
        { role, socketPath },
        method,
        `${path}${query}`,
        method === 'POST' ? rest : undefined,
        signal,
      )
      const body = await readJson(response)
      if (response.statusCode !== 200) throw errorOf(body)
      const parsed = output.safeParse(body)
      if (!parsed.success) throw strangeAnswer(`${name}: ${parsed.error.issues[0].path.join('.')}`)
      return parsed.data as RouteOutput<typeof name>
    },
    async *events(signal) {
      const response = await send({ role, socketPath }, 'GET', EVENTS_PATH, undefined, signal)
      if (response.statusCode !== 200) throw errorOf(await readJson(response))
      try {
        yield* parseEvents(response)
      } catch (error) {
        if (!signal.aborted) throw connectionError(error, role, socketPath)
      }
    },
  }
}

function fillPath(path: string, input: object): { readonly path: string; readonly rest: Record<string, unknown> } {
  const rest: Record<string, unknown> = { ...input }
  const filled = path.replace(/:(\w+)/g, (_, name: string) => {
    const value = String(rest[name])
    Reflect.deleteProperty(rest, name)
    return encodeURIComponent(value)
  })
  return { path: filled, rest }
}

function queryOf(fields: Record<string, unknown>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, textOf(value))
  return query.size === 0 ? '' : `?${query.toString()}`
}

function send(
  target: { readonly role: Role; readonly socketPath: string },
  method: string,
  path: string,
  body: Record<string, unknown> | undefined,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: target.socketPath,
        method,
        path,
        agent: false,
        headers: payload === undefined ? {} : { 'content-type': 'application/json' },
        ...(signal === undefined ? {} : { signal }),
      },
      resolve,
    )
    outgoing.on('error', (error) => reject(connectionError(error, target.role, target.socketPath)))
    outgoing.end(payload)
  })
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw strangeAnswer('not JSON')
  }
}

async function* parseEvents(response: IncomingMessage): AsyncIterable<ControlEvent> {
  response.setEncoding('utf8')
  let pending = ''
  for await (const chunk of response) {
    pending += chunk as string
    const blocks = pending.split('\n\n')
    pending = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '))
      if (data === undefined) continue
      const event = controlEventSchema.safeParse(JSON.parse(data.slice('data: '.length)))
      if (event.success) yield event.data
    }
  }
}

function errorOf(body: unknown): AditError {
  const parsed = controlErrorSchema.safeParse(body)
  if (!parsed.success) return strangeAnswer('an error without a code')
  return new AditError(parsed.data.code, parsed.data.message, { remedy: parsed.data.remedy })
}

function strangeAnswer(what: string): AditError {
  return new AditError('daemon-answer', `the daemon's answer is not understood (${what})`, {
    remedy: 'the daemon and this command may be of different releases: restart the daemon',
  })
}

function connectionError(error: unknown, role: Role, socketPath: string): AditError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new AditError('daemon-not-running', `no ${role} is running here (${socketPath})`, {
      remedy: role === 'provider' ? '`adit provide` starts one' : '`adit connect` starts one',
      cause: error,
    })
  }
  if (code === 'EACCES') {
    return new AditError('daemon-forbidden', `this user may not talk to the ${role} (${socketPath})`, {
      remedy: 'join the group `adit`, or use sudo',
      cause: error,
    })
  }
  return new AditError('daemon-connection', `the connection to the ${role} broke (${code})`, {
    remedy: '`adit status` tells whether it still runs',
    cause: error,
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

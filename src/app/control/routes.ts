/**
 * The control API as one table: the server registers it, the client calls it, OpenAPI and `docs/protocol/control.md`
 * describe it. A daemon implements `Handlers<'provider'>` or `Handlers<'consumer'>`.
 */
import { z } from 'zod'
import { explanationSchema, transactionSchema } from './explanation.ts'
import type { ControlEvent } from './events.ts'
import { doctorSchema, earningsSchema, infoSchema, offersSchema, sessionViewSchema, statusSchema } from './views.ts'
import { addressSchema, amountSchema, regionSchema, sessionIdSchema, unitsTextSchema } from './values.ts'

export type Role = 'provider' | 'consumer'

const nothing = z.object({})

interface RouteShape {
  readonly method: 'GET' | 'POST'
  /** Parameters as in `/v1/explain/:session`. */
  readonly path: string
  readonly roles: readonly Role[]
  readonly summary: string
  /** Path parameters, then the query of a GET or the body of a POST: handlers get all as one object. */
  readonly params: z.ZodObject
  readonly input: z.ZodObject
  readonly output: z.ZodType
}

const BOTH = ['provider', 'consumer'] as const
const PROVIDER = ['provider'] as const
const CONSUMER = ['consumer'] as const

export const ROUTES = {
  info: {
    method: 'GET',
    path: '/v1/info',
    roles: BOTH,
    summary: 'Who answers here: role, version, process.',
    params: nothing,
    input: nothing,
    output: infoSchema,
  },
  status: {
    method: 'GET',
    path: '/v1/status',
    roles: BOTH,
    summary: 'The state now: sessions, bytes, money, chain, counters.',
    params: nothing,
    input: nothing,
    output: statusSchema,
  },
  sessions: {
    method: 'GET',
    path: '/v1/sessions',
    roles: BOTH,
    summary: 'Sessions, newest first, ended ones too.',
    params: nothing,
    input: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(50) }),
    output: z.object({ sessions: z.array(sessionViewSchema) }),
  },
  explain: {
    method: 'GET',
    path: '/v1/explain/:session',
    roles: BOTH,
    summary: 'One session from bytes to transactions.',
    params: z.object({ session: sessionIdSchema }),
    input: nothing,
    output: explanationSchema,
  },
  doctor: {
    method: 'GET',
    path: '/v1/doctor',
    roles: BOTH,
    summary: 'Checks of the machine and of the running daemon.',
    params: nothing,
    input: nothing,
    output: doctorSchema,
  },
  withdraw: {
    method: 'POST',
    path: '/v1/withdraw',
    roles: BOTH,
    summary: "Claim what is due, then move the contract's balance to a wallet.",
    params: nothing,
    input: z.object({
      to: addressSchema.optional().describe("default: the daemon's own account"),
      amountUnits: unitsTextSchema.optional().describe('default: everything'),
    }),
    output: z.object({ withdrawn: amountSchema, to: addressSchema, transactions: z.array(transactionSchema) }),
  },
  stop: {
    method: 'POST',
    path: '/v1/stop',
    roles: BOTH,
    summary: 'End all sessions at their last reading, settle, restore the host, exit. Answers when the exit has begun.',
    params: nothing,
    input: z.object({ settle: z.boolean().default(true).describe('false: leave the channels open for later') }),
    output: z.object({ sessionsEnded: z.number().int().nonnegative() }),
  },
  earnings: {
    method: 'GET',
    path: '/v1/earnings',
    roles: PROVIDER,
    summary: 'What was earned, claimed, charged and is withdrawable, by day.',
    params: nothing,
    input: z.object({ days: z.coerce.number().int().min(1).max(3660).default(30) }),
    output: earningsSchema,
  },
  stake: {
    method: 'POST',
    path: '/v1/stake',
    roles: PROVIDER,
    summary: 'Enter the registry with this stake; nothing happens where that much is staked already.',
    params: nothing,
    input: z.object({ amountUnits: unitsTextSchema }),
    output: z.object({ stake: amountSchema, transactions: z.array(transactionSchema) }),
  },
  unstake: {
    method: 'POST',
    path: '/v1/unstake',
    roles: PROVIDER,
    summary: 'Begin to unbond the stake, or take it out when the unbonding time is over.',
    params: nothing,
    input: nothing,
    output: z.object({
      state: z.enum(['unbonding', 'released']),
      releaseAtMs: z.number().int().nullable(),
      transactions: z.array(transactionSchema),
    }),
  },
  offers: {
    method: 'GET',
    path: '/v1/offers',
    roles: CONSUMER,
    summary: 'Offers that can be believed, best first, and why the others are not there.',
    params: nothing,
    input: z.object({ region: regionSchema.optional(), maxPriceUnitsPerGib: unitsTextSchema.optional() }),
    output: offersSchema,
  },
  disconnect: {
    method: 'POST',
    path: '/v1/disconnect',
    roles: CONSUMER,
    summary: 'End the session at its last reading, restore the network, settle, exit.',
    params: nothing,
    input: z.object({ settle: z.boolean().default(true).describe('false: keep the channel for the next session') }),
    output: z.object({
      session: sessionViewSchema.nullable(),
      transactions: z.array(transactionSchema),
      refund: amountSchema.describe('what the cooperative close set free'),
      restored: z.boolean().describe('routes, rules and resolver are as before'),
    }),
  },
} as const satisfies Record<string, RouteShape>

export type RouteName = keyof typeof ROUTES
/** The type of an empty zod object forbids all keys; joined with another it must forbid none. */
type Fields<T> = string extends keyof T ? object : T
export type RouteInput<N extends RouteName> = Fields<z.output<(typeof ROUTES)[N]['params']>> &
  Fields<z.output<(typeof ROUTES)[N]['input']>>
export type RouteRequest<N extends RouteName> = Fields<z.input<(typeof ROUTES)[N]['params']>> &
  Fields<z.input<(typeof ROUTES)[N]['input']>>
export type RouteOutput<N extends RouteName> = z.output<(typeof ROUTES)[N]['output']>

type NamesOf<R extends Role> = {
  [N in RouteName]: R extends (typeof ROUTES)[N]['roles'][number] ? N : never
}[RouteName]

/**
 * What a daemon implements. A handler throws `AditError` for what the caller can mend (its code, message and remedy
 * cross the socket); anything else is answered as `internal` and logged.
 */
export type Handlers<R extends Role> = {
  readonly [N in NamesOf<R>]: (input: RouteInput<N>, signal: AbortSignal) => Promise<RouteOutput<N>>
} & {
  /** Ends when `signal` does. A new listener first gets what describes the present state. */
  events(signal: AbortSignal): AsyncIterable<ControlEvent>
}
export type ProviderHandlers = Handlers<'provider'>
export type ConsumerHandlers = Handlers<'consumer'>

/** Every answer with a status of 400 and above. */
export const controlErrorSchema = z.object({
  code: z.string(),
  message: z.string().describe('what happened and why'),
  remedy: z.string().describe('what to do; may be empty'),
})
export type ControlError = z.output<typeof controlErrorSchema>

export const EVENTS_PATH = '/v1/events'

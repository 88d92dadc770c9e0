/** Server-sent events of `GET /v1/events`: one JSON object each, told apart by `kind`. */
import { z } from 'zod'
import { consumerStatusSchema, sessionViewSchema, tunnelStateSchema } from './views.ts'
import { timeSchema } from './values.ts'

/** The steps of `adit connect`, in order. */
export const CONNECT_STEPS = [
  'chain',
  'discover',
  'choose',
  'channel',
  'negotiate',
  'guard',
  'tunnel',
  'voucher',
] as const
/** The steps of `adit provide`, in order. */
export const PROVIDE_STEPS = ['chain', 'stake', 'host', 'engine', 'control', 'offer'] as const

export const controlEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('progress'),
    atMs: timeSchema,
    step: z.enum([...CONNECT_STEPS, ...PROVIDE_STEPS, 'disconnect', 'settle', 'restore']),
    state: z.enum(['started', 'done', 'failed', 'skipped']),
    text: z.string().describe('one line for a person'),
  }),
  z.object({ kind: z.literal('tunnel'), atMs: timeSchema, state: tunnelStateSchema }),
  z.object({ kind: z.literal('session'), atMs: timeSchema, session: sessionViewSchema }),
  z.object({ kind: z.literal('connected'), atMs: timeSchema, status: consumerStatusSchema }),
  z.object({
    kind: z.literal('problem'),
    atMs: timeSchema,
    fatal: z.boolean().describe('the daemon gave up what it was asked to do'),
    code: z.string(),
    message: z.string(),
    remedy: z.string(),
  }),
])
export type ControlEvent = z.output<typeof controlEventSchema>

/** One event as it stands on the wire. */
export function encodeEvent(event: ControlEvent): string {
  return `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`
}

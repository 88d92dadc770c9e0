/** What a daemon tells about itself. `role` tells the two statuses apart. */
import { z } from 'zod'
import { channelSchema, sessionStateSchema } from './explanation.ts'
import {
  addressSchema,
  amountSchema,
  byteCountSchema,
  countersSchema,
  hash32Schema,
  regionSchema,
  sessionIdSchema,
  timeSchema,
} from './values.ts'

/** Changes when a released client could no longer read an answer; new fields do not change it. */
export const CONTROL_API_VERSION = 1

export const infoSchema = z.object({
  role: z.enum(['provider', 'consumer']),
  apiVersion: z.number().int(),
  version: z.string().describe('of the program'),
  pid: z.number().int(),
  startedAtMs: timeSchema,
  stateDir: z.string(),
})
export type Info = z.output<typeof infoSchema>

export const endpointSchema = z.object({ address: z.string(), port: z.number().int().min(1).max(65_535) })

export const chainStatusSchema = z.object({
  state: z.enum(['reachable', 'slow', 'unreachable', 'shorter']).describe('`shorter`: the chain lost blocks'),
  chainId: z.number().int().positive().nullable(),
  block: z.number().int().nonnegative().nullable(),
  seenAtMs: timeSchema.nullable().describe('when it last answered'),
  detail: z.string().nullable(),
})
export type ChainStatus = z.output<typeof chainStatusSchema>

export const sessionViewSchema = z.object({
  id: sessionIdSchema,
  state: sessionStateSchema,
  reason: z.string().nullable(),
  peer: addressSchema.describe('provider: the payer; consumer: the provider'),
  channel: hash32Schema,
  startedAtMs: timeSchema,
  endedAtMs: timeSchema.nullable(),
  bytesUp: byteCountSchema,
  bytesDown: byteCountSchema,
  writtenOff: byteCountSchema,
  meter: z
    .object({
      up: byteCountSchema,
      down: byteCountSchema,
      missingPackets: byteCountSchema.describe(
        'sent by the other side and not counted here: lost on the way, not paid for yet, or not asked for',
      ),
    })
    .nullable()
    .describe("what this side's own engine counts now, while the session runs; the readings follow it"),
  vouchers: z.number().int().nonnegative(),
  priceUnitsPerGib: amountSchema,
  sessionFee: amountSchema,
  due: amountSchema.describe('this session alone: fee + traffic'),
  paid: amountSchema.describe('covered by accepted vouchers, this session alone'),
})
export type SessionView = z.output<typeof sessionViewSchema>

export const providerStatusSchema = z.object({
  role: z.literal('provider'),
  state: z.enum(['starting', 'serving', 'waiting-for-chain', 'draining', 'stopped']),
  account: addressSchema,
  nodeKey: addressSchema,
  region: regionSchema,
  priceUnitsPerGib: amountSchema,
  sessionFee: amountSchema,
  stake: amountSchema,
  offer: z
    .object({ sequence: z.string(), issuedAtMs: timeSchema, expiresAtMs: timeSchema })
    .nullable()
    .describe('the offer that is published now'),
  tunnel: endpointSchema.nullable(),
  control: endpointSchema.nullable(),
  sharedRateUpBps: z.string().nullable().describe('bits per second, decimal; null: no limit'),
  sharedRateDownBps: z.string().nullable(),
  sessions: z.array(sessionViewSchema).describe('live ones'),
  totals: z.object({
    sessions: z.number().int().nonnegative(),
    bytesUp: byteCountSchema,
    bytesDown: byteCountSchema,
    earned: amountSchema.describe('due of all sessions'),
    claimed: amountSchema,
    unclaimed: amountSchema.describe('accepted vouchers that are not on the chain yet'),
  }),
  chain: chainStatusSchema,
  refusals: countersSchema.describe('session requests and vouchers refused, by code'),
  drops: countersSchema.describe('packets dropped, by reason'),
})
export type ProviderStatus = z.output<typeof providerStatusSchema>

export const tunnelStateSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('disconnected') }),
  z.object({ kind: z.literal('connecting'), step: z.string(), sinceMs: timeSchema }),
  z.object({ kind: z.literal('connected'), sinceMs: timeSchema }),
  z.object({ kind: z.literal('reconnecting'), reason: z.string(), sinceMs: timeSchema }),
  z.object({
    kind: z.literal('error'),
    code: z.string(),
    message: z.string(),
    remedy: z.string(),
    sinceMs: timeSchema,
  }),
])
export type TunnelStateView = z.output<typeof tunnelStateSchema>

export const consumerStatusSchema = z.object({
  role: z.literal('consumer'),
  state: tunnelStateSchema,
  account: addressSchema,
  region: regionSchema.nullable(),
  tunnel: z
    .object({
      interface: z.string(),
      endpoint: endpointSchema,
      address4: z.string(),
      address6: z.string(),
      resolver: z.string().nullable(),
      mtu: z.number().int(),
      lastHandshakeMs: timeSchema.nullable(),
    })
    .nullable(),
  session: sessionViewSchema.nullable(),
  channel: channelSchema.nullable(),
  spent: amountSchema.describe('by all sessions of this daemon'),
  spendLimit: amountSchema.nullable(),
  protection: z.object({
    state: z.enum(['off', 'blocking', 'tunnel-only']),
    detail: z.string().nullable(),
  }),
  chain: chainStatusSchema,
  refusals: countersSchema,
  drops: countersSchema,
})
export type ConsumerStatus = z.output<typeof consumerStatusSchema>

export const statusSchema = z.discriminatedUnion('role', [providerStatusSchema, consumerStatusSchema])
export type Status = z.output<typeof statusSchema>

export const earningsSchema = z.object({
  total: z.object({
    sessions: z.number().int().nonnegative(),
    bytesUp: byteCountSchema,
    bytesDown: byteCountSchema,
    earned: amountSchema,
    claimed: amountSchema.describe('gross, on the chain'),
    protocolFee: amountSchema.describe('part of `claimed`'),
    unclaimed: amountSchema,
    withdrawable: amountSchema.describe('balance in the channel contract'),
  }),
  days: z.array(
    z.object({
      day: z
        .string()
        .regex(/^\d{4}-\d\d-\d\d$/)
        .describe('UTC'),
      sessions: z.number().int().nonnegative(),
      bytesUp: byteCountSchema,
      bytesDown: byteCountSchema,
      earned: amountSchema,
    }),
  ),
})
export type Earnings = z.output<typeof earningsSchema>

export const offerViewSchema = z.object({
  provider: addressSchema,
  nodeKey: addressSchema,
  sequence: z.string(),
  region: regionSchema,
  priceUnitsPerGib: amountSchema,
  sessionFee: amountSchema,
  protocols: z.array(z.string()),
  control: z.array(z.string()).describe('host:port'),
  sharedRateUpBps: z.string(),
  sharedRateDownBps: z.string(),
  loadPercent: z.number().min(0).max(100),
  stake: amountSchema,
  expiresAtMs: timeSchema,
  chosen: z.boolean().describe('what `connect` would take now'),
  why: z.string().describe('why it stands where it stands'),
})
export type OfferView = z.output<typeof offerViewSchema>

export const offersSchema = z.object({
  offers: z.array(offerViewSchema).describe('best first'),
  refused: countersSchema.describe('offers that were not believed, by reason'),
  filtered: countersSchema.describe('believed offers that do not fit the wish, by reason'),
})
export type Offers = z.output<typeof offersSchema>

export const checkSchema = z.object({
  name: z.string(),
  state: z.enum(['ok', 'warning', 'failed', 'skipped']),
  detail: z.string(),
  remedy: z.string().describe('empty when there is nothing to do'),
})
export type CheckView = z.output<typeof checkSchema>
export const doctorSchema = z.object({ checks: z.array(checkSchema) })
export type Doctor = z.output<typeof doctorSchema>

/** What `adit explain SESSION` shows: bytes -> price -> vouchers -> transactions -> fee, without a gap. */
import { z } from 'zod'
import {
  addressSchema,
  amountSchema,
  byteCountSchema,
  hash32Schema,
  regionSchema,
  sessionIdSchema,
  timeSchema,
} from './values.ts'

export const sessionStateSchema = z.enum(['awaiting-voucher', 'open', 'paused', 'closing', 'ended'])

export const voucherSchema = z.object({
  seq: z.number().int().nonnegative(),
  amount: amountSchema.describe('cumulative over all sessions of the channel'),
  up: byteCountSchema,
  down: byteCountSchema,
  lost: byteCountSchema,
  reading: hash32Schema.describe('hash of the co-signed reading'),
  atMs: timeSchema,
})

export const transactionKindSchema = z.enum([
  'open',
  'top-up',
  'claim',
  'cooperative-close',
  'start-close',
  'finish-close',
  'withdraw',
  'stake',
  'unstake',
  'transfer',
  'other',
])

export const transactionSchema = z.object({
  kind: transactionKindSchema,
  hash: hash32Schema,
  status: z.enum(['pending', 'included', 'failed', 'reorged']),
  block: z.number().int().nonnegative().nullable(),
  atMs: timeSchema.nullable(),
  amount: amountSchema.describe('money moved: deposit added, gross amount claimed, amount withdrawn'),
  totalAfter: amountSchema.nullable().describe('claims and closes: cumulative amount of the channel afterwards'),
  fee: amountSchema.describe('protocol fee, part of `amount`'),
  tip: amountSchema.describe('tip to a submitter'),
  refund: amountSchema.describe('closes: what went back to the payer'),
})
export type TransactionView = z.output<typeof transactionSchema>

export const channelSchema = z.object({
  id: hash32Schema,
  chainId: z.number().int().positive(),
  contract: addressSchema,
  payer: addressSchema,
  signer: addressSchema,
  provider: addressSchema,
  deposit: amountSchema,
  claimed: amountSchema.describe('cumulative amount that the contract has credited to the provider, fee included'),
  feeBps: z.number().int().min(0).max(10_000),
  state: z.enum(['opening', 'open', 'closing', 'closed', 'expired', 'unknown']),
  closeAtMs: timeSchema.nullable(),
  expiryMs: timeSchema.nullable(),
})
export type ChannelView = z.output<typeof channelSchema>

export const quoteSchema = z.object({
  hash: hash32Schema,
  region: regionSchema.nullable(),
  priceUnitsPerGib: amountSchema.describe('for 2^30 bytes'),
  sessionFee: amountSchema,
  issuedAtMs: timeSchema,
  expiresAtMs: timeSchema,
})

export const explanationSchema = z.object({
  session: z.object({
    id: sessionIdSchema,
    role: z.enum(['provider', 'consumer']),
    state: sessionStateSchema,
    reason: z.string().nullable().describe('why it is paused or ended'),
    provider: addressSchema,
    payer: addressSchema,
    startedAtMs: timeSchema,
    endedAtMs: timeSchema.nullable(),
  }),
  quote: quoteSchema,
  bytes: z.object({
    up: byteCountSchema.describe('from the consumer, as the provider received them'),
    down: byteCountSchema.describe('to the consumer, as the consumer received them'),
    billed: byteCountSchema.describe('up + down of the last accepted reading'),
    writtenOff: byteCountSchema.describe('sent by the provider, lost on the way, billed to nobody'),
  }),
  due: z.object({
    base: amountSchema.describe('what the channel owed before this session'),
    sessionFee: amountSchema,
    traffic: amountSchema.describe('ceil(price x billed / 2^30)'),
    total: amountSchema.describe('base + sessionFee + traffic'),
    prepaid: amountSchema.describe('last voucher - total: the window paid ahead, returned by a cooperative close'),
  }),
  vouchers: z.object({
    count: z.number().int().nonnegative(),
    last: voucherSchema.nullable(),
    recent: z.array(voucherSchema).describe('newest first, at most 20'),
  }),
  channel: channelSchema,
  transactions: z.array(transactionSchema).describe('all of the channel, oldest first'),
})
export type Explanation = z.output<typeof explanationSchema>

/**
 * Messages of session control (`docs/protocol/session.md`): JSON inside a sealed box, signed on both sides over the same
 * EIP-712 struct shape. Pure: sockets are in `negotiation-client.ts` and `negotiation-server.ts`.
 */
import { z } from 'zod'
import { bytesOfHex, hexOf, utf8 } from '#base/bytes.ts'
import { err, ok, type Result } from '#base/result.ts'
import { units } from '#base/units/money.ts'
import { domainSeparator, structHash, typedDataDigest, typeHash, wordOfUint, type Domain } from '#crypto/eip712.ts'
import { keccak256 } from '#crypto/keccak.ts'
import { recoverAddress, signDigest } from '#crypto/secp256k1.ts'

export const NEGOTIATION_VERSION = 1
export const NEGOTIATION_INFO = utf8('adit control v1')
export const MAX_REQUEST_BYTES = 16_384
export const MAX_REPLY_BYTES = 16_384

const hexBytes = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${length * 2}}$`), `expected 0x and ${length * 2} lower-case hex digits`)
    .transform((text) => bytesOfHex(text))
const decimal = z
  .string()
  .regex(/^(0|[1-9]\d{0,38})$/)
  .transform((text) => BigInt(text))
const amount = decimal.refine((value) => value < 1n << 96n).transform((value) => units(value))
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/)
const signature = hexBytes(65)

const head = { version: z.literal(NEGOTIATION_VERSION), channel: hexBytes(32), sequence: decimal }

const openRequestSchema = z.object({
  ...head,
  kind: z.literal('open'),
  chainId: z.number().int().positive(),
  contract: address,
  quote: z
    .string()
    .regex(/^0x([0-9a-f]{2}){1,2048}$/)
    .transform((text) => bytesOfHex(text)),
  wireguardPublicKey: hexBytes(32),
  presharedKey: hexBytes(32),
})

const closeRequestSchema = z.object({
  ...head,
  kind: z.literal('close'),
  session: hexBytes(16),
  reading: z.object({
    seq: z.number().int().nonnegative(),
    up: decimal,
    down: decimal,
    lost: decimal,
    challenge: hexBytes(32),
    time: z.number().int().nonnegative(),
  }),
  amount,
  /** The signer's consent to a cooperative close at `amount`; null keeps the channel for later sessions. */
  close: z.object({ signature, deadline: z.number().int().positive() }).nullable(),
})

export const requestSchema = z.discriminatedUnion('kind', [openRequestSchema, closeRequestSchema])
export type ControlRequest = z.output<typeof requestSchema>
export type OpenRequest = z.output<typeof openRequestSchema>
export type CloseRequest = z.output<typeof closeRequestSchema>

const openedSchema = z.object({
  ...head,
  kind: z.literal('opened'),
  session: hexBytes(16),
  wireguardPublicKey: hexBytes(32),
  endpoints: z.array(z.string().max(64)).min(1).max(8),
  address4: z.string().max(64),
  address6: z.string().max(64),
  mtu: z.number().int().min(576).max(65_535),
  base: amount,
  voucher: z.object({ amount, reading: hexBytes(32), signature }).nullable(),
})

const closedSchema = z.object({
  ...head,
  kind: z.literal('closed'),
  amount,
  closeSignature: signature.nullable(),
  transaction: hexBytes(32).nullable(),
})

const refusedSchema = z.object({
  ...head,
  kind: z.literal('refused'),
  code: z.string().max(64),
  message: z.string().max(512),
})

export const replySchema = z.discriminatedUnion('kind', [openedSchema, closedSchema, refusedSchema])
export type ControlReply = z.output<typeof replySchema>
export type OpenedReply = z.output<typeof openedSchema>
export type ClosedReply = z.output<typeof closedSchema>

export type NegotiationError =
  | 'control-json' // the box did not hold the JSON of this protocol
  | 'control-signature' // not by the key that the channel or the offer names
  | 'control-mismatch' // answers another request

/** Bytes to seal. `privateKey` is the channel's signer (requests) or the node key (replies). */
export function encodeSigned(
  message: ControlRequest | ControlReply,
  domain: Domain,
  privateKey: Uint8Array,
): Uint8Array {
  const body = JSON.stringify(message, jsonValue)
  const digest = messageDigest(message, body, domain)
  return utf8(JSON.stringify({ body, signature: `0x${hexOf(signDigest(privateKey, digest))}` }))
}

export interface Signed<T> {
  readonly message: T
  /** 20 bytes: who signed. The caller compares it with the channel's signer or the offer's node key. */
  readonly signer: Uint8Array
}

export function decodeRequest(bytes: Uint8Array, domain: Domain): Result<Signed<ControlRequest>, NegotiationError> {
  return decodeSigned(bytes, domain, requestSchema)
}

export function decodeReply(bytes: Uint8Array, domain: Domain): Result<Signed<ControlReply>, NegotiationError> {
  return decodeSigned(bytes, domain, replySchema)
}

function decodeSigned<T extends ControlRequest | ControlReply>(
  bytes: Uint8Array,
  domain: Domain,
  schema: z.ZodType<T>,
): Result<Signed<T>, NegotiationError> {
  const envelope = envelopeSchema.safeParse(parseJson(new TextDecoder().decode(bytes)))
  if (!envelope.success) return err('control-json')
  const message = schema.safeParse(parseJson(envelope.data.body))
  if (!message.success) return err('control-json')
  const digest = messageDigest(message.data, envelope.data.body, domain)
  const signer = recoverAddress(digest, envelope.data.signature)
  return signer.ok ? ok({ message: message.data, signer: signer.value }) : err('control-signature')
}

function messageDigest(message: ControlRequest | ControlReply, body: string, domain: Domain): Uint8Array {
  const type = message.kind === 'open' || message.kind === 'close' ? REQUEST_TYPE : REPLY_TYPE
  const struct = structHash(type, message.channel, wordOfUint(message.sequence), keccak256(utf8(body)))
  return typedDataDigest(domainSeparator(domain), struct)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Foreign text: the schema refuses `undefined`.
  }
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return `0x${hexOf(value)}`
  return value
}

const envelopeSchema = z.object({ body: z.string().max(MAX_REQUEST_BYTES), signature })
const REQUEST_TYPE = typeHash('ControlRequest(bytes32 channel,uint64 sequence,bytes32 contentHash)')
const REPLY_TYPE = typeHash('ControlReply(bytes32 channel,uint64 sequence,bytes32 contentHash)')

/** The EIP-712 domain of the `Channels` contract. */
export function channelsDomain(chainId: number, contract: string): Domain {
  return { name: 'Adit Channels', version: '1', chainId: BigInt(chainId), verifyingContract: contract }
}

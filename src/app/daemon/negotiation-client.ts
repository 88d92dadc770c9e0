/** The consumer's side of session control: one sealed HTTP request to one of the provider's control addresses. */
import { equalBytes } from '#base/bytes.ts'
import { AditError } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import type { Domain } from '#crypto/eip712.ts'
import { SEALED_OVERHEAD, sealRequest } from '#crypto/sealed.ts'
import {
  decodeReply,
  encodeSigned,
  MAX_REPLY_BYTES,
  NEGOTIATION_INFO,
  type ControlReply,
  type ControlRequest,
} from './negotiation.ts'

export interface Counterparty {
  /** `host:port` list of the offer. */
  readonly controlAddresses: readonly string[]
  /** 32 bytes. */
  readonly controlKey: Uint8Array
  /** 20 bytes: the node key that must sign the reply. */
  readonly nodeKey: Uint8Array
}

/**
 * Sends `request`, signed by `signerKey`, and returns the authenticated reply. Throws `AditError`:
 * `provider-unreachable`, `provider-reply` (not authentic), or `refused:<code>` where the provider refuses.
 */
export async function negotiate<K extends 'opened' | 'closed'>(
  expected: K,
  request: ControlRequest,
  options: {
    readonly provider: Counterparty
    readonly domain: Domain
    readonly signerKey: Uint8Array
    readonly random: Random
    readonly signal: AbortSignal
  },
): Promise<Extract<ControlReply, { kind: K }>> {
  const { provider, domain, random, signal } = options
  const plaintext = encodeSigned(request, domain, options.signerKey)
  let failure: unknown
  for (const address of provider.controlAddresses) {
    const sealed = sealRequest(provider.controlKey, NEGOTIATION_INFO, plaintext, random)
    let body: Uint8Array
    try {
      body = await post(`http://${address}/v1/control`, sealed.sealed, signal)
    } catch (error) {
      if (signal.aborted) throw error
      failure = error
      continue
    }
    const opened = sealed.openResponse(body)
    if (!opened.ok) throw badReply('it is not sealed to this request')
    const reply = decodeReply(opened.value, domain)
    if (!reply.ok) throw badReply(`it cannot be read (${reply.error})`)
    return checked(expected, request, reply.value.message, reply.value.signer, provider)
  }
  throw new AditError('provider-unreachable', "none of the provider's control addresses answers", {
    remedy: 'check the connection, or choose another provider with adit offers',
    fields: { addresses: provider.controlAddresses.length },
    cause: failure,
  })
}

function checked<K extends 'opened' | 'closed'>(
  expected: K,
  request: ControlRequest,
  reply: ControlReply,
  signer: Uint8Array,
  provider: Counterparty,
): Extract<ControlReply, { kind: K }> {
  if (!equalBytes(signer, provider.nodeKey)) throw badReply("it is not signed by the offer's node key")
  if (reply.sequence !== request.sequence || !equalBytes(reply.channel, request.channel)) {
    throw badReply('it answers another request')
  }
  if (reply.kind === 'refused') {
    throw new AditError(`refused:${printable(reply.code)}`, `the provider refuses: ${printable(reply.message)}`, {
      remedy: 'adit offers shows other providers',
    })
  }
  if (reply.kind !== expected) throw badReply(`expected "${expected}", got "${reply.kind}"`)
  return reply as Extract<ControlReply, { kind: K }>
}

async function post(url: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.from(body),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(REPLY_TIMEOUT_MS)]),
  })
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  return readBounded(response, MAX_REPLY_BYTES + SEALED_OVERHEAD)
}

/** The body of a response, at most `limit` bytes. Throws beyond. */
async function readBounded(response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array
    length += bytes.length
    if (length > limit) throw new Error(`answer: expected at most ${limit} bytes`)
    chunks.push(bytes)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function badReply(why: string): AditError {
  return new AditError('provider-reply', `the provider's reply is not accepted: ${why}`, {
    remedy: 'choose another provider with adit offers',
  })
}

/** Network text for a message: printable ASCII only. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}

const REPLY_TIMEOUT_MS = 20_000

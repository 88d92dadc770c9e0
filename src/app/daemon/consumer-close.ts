/** Asks a provider to end a session, and with it the channel where that is wanted. */
import type { Clock } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { bytesOf, hexText } from '#base/hex.ts'
import type { Random } from '#base/random.ts'
import { maxUnits, type TokenUnits } from '#base/units/money.ts'
import { recoverAddress, signDigest } from '#crypto/secp256k1.ts'
import type { BelievedOffer } from '#market/discovery.ts'
import type { ClosingStatement } from '#payment/channel/session.ts'
import { cooperativeCloseDigest } from '#payment/channel/signer.ts'
import type { Store } from '../store/index.ts'
import type { ChainAccess } from './chain-access.ts'
import type { PayingChannel } from './consumer-channel.ts'
import { counterpartyOf } from './consumer-session.ts'
import { channelsDomain, NEGOTIATION_VERSION } from './negotiation.ts'
import { negotiate } from './negotiation-client.ts'

export interface CloseOutcome {
  readonly amount: TokenUnits
  /** The signed close, where one was wanted: whoever holds both signatures can send it. */
  readonly close:
    | { readonly deadline: number; readonly own: Uint8Array; readonly theirs: Uint8Array; readonly isSent: boolean }
    | undefined
}

/** Asks the provider to end the session at `statement`, and with `deadline` to close the channel on chain. */
export async function closeSession(options: {
  readonly access: ChainAccess
  readonly store: Store
  readonly offer: BelievedOffer
  readonly paying: PayingChannel
  readonly session: string
  readonly statement: ClosingStatement | undefined
  /** Unix seconds, block time; undefined keeps the channel. */
  readonly deadline: number | undefined
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}): Promise<CloseOutcome> {
  const { access, store, paying, statement, deadline, clock } = options
  const { channel, claimed } = paying.facts
  const amount = statement?.amount ?? maxUnits(store.vouchers.nextBase(channel, 'payer'), claimed)
  const domain = { chainId: BigInt(access.chain.chainId), channels: access.deployment.channels }
  const digest = deadline === undefined ? undefined : cooperativeCloseDigest(domain, channel, amount, deadline)
  const own = digest === undefined ? undefined : signDigest(paying.signerKey, digest)
  const reading = statement?.reading
  const reply = await negotiate(
    'closed',
    {
      version: NEGOTIATION_VERSION,
      kind: 'close',
      channel: bytesOf(channel),
      sequence: store.channels.nextSequence(channel, 'payer', clock.wallMs()),
      session: bytesOf(`0x${options.session}`),
      reading: {
        seq: reading?.seq ?? 0,
        up: reading?.up ?? 0n,
        down: reading?.down ?? 0n,
        lost: reading?.lost ?? 0n,
        challenge: reading === undefined ? new Uint8Array(32) : bytesOf(reading.challenge),
        time: reading?.timeMs ?? 0,
      },
      amount,
      close: own === undefined || deadline === undefined ? null : { signature: own, deadline },
    },
    {
      provider: counterpartyOf(options.offer),
      domain: channelsDomain(access.chain.chainId, access.deployment.channels),
      signerKey: paying.signerKey,
      random: options.random,
      signal: options.signal,
    },
  )
  if (reply.amount !== amount) throw new AditError('provider-reply', 'the provider answers with another final amount')
  if (statement !== undefined) store.vouchers.recordClosing('payer', statement, clock.wallMs())
  if (own === undefined || deadline === undefined || digest === undefined) return { amount, close: undefined }
  const theirs = reply.closeSignature
  const signer = theirs === null ? undefined : recoverAddress(digest, theirs)
  if (theirs === null || signer?.ok !== true || hexText(signer.value) !== paying.facts.provider) {
    throw new AditError('provider-reply', 'the provider did not sign the close', {
      remedy: '`adit withdraw` frees the rest 72 hours after `adit disconnect`',
    })
  }
  return { amount, close: { deadline, own, theirs, isSent: reply.transaction !== null } }
}

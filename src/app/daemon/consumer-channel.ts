/** The consumer's channel with one provider: use the open one, add to it, or open a new one with a key of its own. */
import type { Clock } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { hexText, type Address, type Hash32 } from '#base/hex.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { formatUnits, maxUnits, subUnitsFloor, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { createSigningKey } from '#crypto/secp256k1.ts'
import {
  channelIdOf,
  openChannel,
  readChannel,
  readChannelTerms,
  readTokenBalance,
  topUp,
} from '#payment/chain/channels.ts'
import { checkChannel, type ChannelFacts } from '#payment/channel/session.ts'
import { DEFAULT_PARAMETERS } from '#payment/tariff/constants.ts'
import { offeredBytesPerSecond, type Quote } from '#payment/tariff/quote.ts'
import { channelKeyName, type Keystore } from '../config/keystore.ts'
import type { Store, StoredChannel } from '../store/index.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordEvent } from './chain-ledger.ts'
import { topUpUnits } from './consumer-decisions.ts'
import { factsOf } from './facts.ts'

export interface ConsumerChannelOptions {
  readonly access: ChainAccess
  readonly store: Store
  readonly keystore: Keystore
  readonly quote: Quote
  readonly depositUnits: TokenUnits
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}

export interface PayingChannel {
  readonly facts: ChannelFacts
  /** 32 bytes: signs this channel's vouchers, and nothing else. */
  readonly signerKey: Uint8Array
  readonly isNew: boolean
}

/** Throws `insufficient-funds` and what the chain throws. */
export async function ensureChannel(options: ConsumerChannelOptions): Promise<PayingChannel> {
  const { store, access, quote } = options
  for (const stored of store.channels.list('payer')) {
    const isHere =
      stored.provider === quote.provider &&
      stored.chainId === access.chain.chainId &&
      stored.contract === access.deployment.channels
    if (!isHere || stored.state === 'closed') continue
    const usable = await reuse(options, stored)
    if (usable !== undefined) return usable
  }
  return openNew(options)
}

/** Adds to a deposit, e.g. while a session runs low. Returns the facts afterwards. */
export async function addDeposit(
  options: Pick<ConsumerChannelOptions, 'access' | 'store' | 'depositUnits' | 'clock' | 'signal'>,
  { channel, deposit }: Pick<ChannelFacts, 'channel' | 'deposit'>,
): Promise<ChannelFacts | undefined> {
  const { access, store, clock, signal } = options
  const added = topUpUnits(options.depositUnits, deposit, lastAmountOf(store, channel))
  await checkFunds(access, added, signal)
  // Named by the deposit before it: tried again after a crash or a chain that was down, it is the same top-up.
  const key = `top-up:${channel}:${deposit.toString()}`
  const written = await topUp(access, { channel, added }, { signal, key })
  for (const event of written.events) recordEvent(store, event, clock.wallMs())
  return factsOf(await readChannel(access, channel, { signal }))
}

/** Undefined where the channel is closing, expired, closed, or its key is lost. */
async function reuse(options: ConsumerChannelOptions, stored: StoredChannel): Promise<PayingChannel | undefined> {
  const { access, store, keystore, clock, signal, log } = options
  const signerKey = keystore.read(channelKeyName(stored.channel))
  if (signerKey === undefined) return undefined
  const state = await readChannel(access, stored.channel, { signal })
  if (state.kind === 'closed') {
    store.channels.update(stored.channel, { state: 'closed' }, clock.wallMs())
    return undefined
  }
  if (state.kind === 'none') {
    // A crash came before its open was included, or the chain lost it.
    log.warn({ channel: stored.channel }, 'the chain does not know this channel: opening it again')
    const opened = await sendOpen(options, stored)
    return { ...(await withEnough(options, opened)), signerKey, isNew: true }
  }
  const facts = factsOf(state)
  if (facts === undefined) return undefined
  store.channels.put({ ...stored, ...facts, feeBps: state.feeBps, state: state.kind, updatedAtMs: clock.wallMs() })
  const checked = check(options, facts)
  if (checked !== 'ok' && checked !== 'channel-deposit') return undefined
  return { ...(await withEnough(options, facts)), signerKey, isNew: false }
}

/** Adds to a deposit that is too low for a session. */
async function withEnough(
  options: ConsumerChannelOptions,
  facts: ChannelFacts,
): Promise<{ readonly facts: ChannelFacts }> {
  if (check(options, facts) !== 'channel-deposit') return { facts }
  options.log.info({ channel: facts.channel }, 'the channel runs low: adding to it')
  return { facts: (await addDeposit(options, facts)) ?? facts }
}

function check({ store, quote, clock }: ConsumerChannelOptions, facts: ChannelFacts) {
  const checked = checkChannel(
    facts,
    {
      quote,
      signer: facts.signer,
      baseUnits: maxUnits(store.vouchers.nextBase(facts.channel, 'payer'), lastAmountOf(store, facts.channel)),
      bytesPerSecond: offeredBytesPerSecond(quote),
      nowMs: clock.wallMs(),
    },
    { ...DEFAULT_PARAMETERS, minimumDepositUnits: ZERO_UNITS },
  )
  return checked.ok ? 'ok' : checked.error
}

/** The key and the intention are on disk before the transaction: a crash never leaves a deposit without its key. */
async function openNew(options: ConsumerChannelOptions): Promise<PayingChannel> {
  const { access, store, keystore, quote, clock, random, signal } = options
  const { minimumDeposit, feeBps } = await readChannelTerms(access, { signal })
  const deposit = maxUnits(options.depositUnits, minimumDeposit)
  await checkFunds(access, deposit, signal)
  const key = createSigningKey(random)
  const signer = hexText(key.address)
  const salt = hexText(random.bytes(32))
  const payer: Address = access.account.address
  const channel = channelIdOf({ payer, provider: quote.provider, signer, salt })
  await keystore.add(channelKeyName(channel), key.privateKey)
  const stored: StoredChannel = {
    channel,
    payer,
    signer,
    provider: quote.provider,
    deposit,
    claimed: ZERO_UNITS,
    closeAt: undefined,
    expiry: 0,
    role: 'payer',
    chainId: access.chain.chainId,
    contract: access.deployment.channels,
    salt,
    feeBps,
    state: 'opening',
    updatedAtMs: clock.wallMs(),
  }
  store.channels.put(stored)
  return { facts: await sendOpen(options, stored), signerKey: key.privateKey, isNew: true }
}

/**
 * The same channel has the same id whenever it is opened: what was signed for it stays good. A repeated call sends the
 * stored transaction again.
 */
async function sendOpen(
  { access, store, clock, signal, log }: ConsumerChannelOptions,
  stored: StoredChannel,
): Promise<ChannelFacts> {
  const { channel, provider, signer, salt, deposit } = stored
  if (salt === undefined) throw new RangeError(`store: channel ${channel} has no salt`)
  await checkFunds(access, deposit, signal)
  const written = await openChannel(access, { provider, signer, deposit, salt }, { signal })
  const state = await readChannel(access, channel, { signal })
  const facts = factsOf(state)
  if (facts === undefined) {
    throw new AditError('chain-error', 'the chain does not show the channel that was just opened', {
      remedy: 'try again; the deposit is safe: the next `adit connect` finds it by the channel id',
    })
  }
  store.channels.put({ ...stored, ...facts, state: 'open', updatedAtMs: clock.wallMs() })
  for (const event of written.events) recordEvent(store, event, clock.wallMs())
  log.info({ channel, transaction: written.hash }, 'channel opened')
  return facts
}

async function checkFunds(access: ChainAccess, wanted: TokenUnits, signal: AbortSignal): Promise<void> {
  const balance = await readTokenBalance(access, access.account.address, { signal })
  if (balance >= wanted) return
  const lacking = formatUnits(subUnitsFloor(wanted, balance))
  throw new AditError('insufficient-funds', `a deposit of $${formatUnits(wanted)} is wanted, $${lacking} is lacking`, {
    remedy: 'send tokens to the account that `adit wallet show` prints (on a local chain: `adit wallet fund`)',
    fields: { account: access.account.address },
  })
}

/** The highest amount that was ever signed for the channel. */
export function lastAmountOf(store: Store, channel: Hash32): TokenUnits {
  return store.vouchers.last(channel, 'payer')?.amount ?? ZERO_UNITS
}

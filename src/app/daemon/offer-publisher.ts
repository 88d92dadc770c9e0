/** Keeps a signed quote and a signed offer fresh: renewed at half their life, and when the load changes much. */
import type { Clock } from '#base/clock.ts'
import { MINUTE_MS } from '#base/clock.ts'
import type { Address } from '#base/hex.ts'
import { bytesOf, hexText } from '#base/hex.ts'
import { signDigest } from '#crypto/secp256k1.ts'
import { nodeIdentityOf } from '#market/identity.ts'
import { FULL_LOAD } from '#market/constants.ts'
import { signOffer, type SignedOffer } from '#market/offer.ts'
import type { Deployment } from '#payment/chain/types.ts'
import {
  emitQuote,
  emitSignedQuote,
  quoteDigest,
  quoteHash,
  type Quote,
  type SignedQuote,
} from '#payment/tariff/quote.ts'
import type { Config } from '../config/table.ts'
import { SETTING, type Store } from '../store/index.ts'

export interface OfferPublisherOptions {
  readonly config: Config
  readonly region: string
  readonly account: Address
  readonly nodeKey: Uint8Array
  readonly nodeKeyId: number
  readonly deployment: Deployment
  /** X25519: session requests are sealed to it. */
  readonly sealKey: Uint8Array
  readonly controlAddresses: readonly string[]
  /** 0 idle, 1 full. */
  readonly load: () => number
  readonly store: Store
  readonly clock: Clock
  readonly onOffer: (offer: SignedOffer) => void
}

export interface OfferPublisher extends Disposable {
  readonly offer: SignedOffer
}

export function publishOffers(options: OfferPublisherOptions): OfferPublisher {
  let quote = newQuote(options)
  let offer = newOffer(options, quote)
  const renew = (): void => {
    const nowMs = options.clock.wallMs()
    const isQuoteOld = quote.quote.expiresAtMs - nowMs < (options.config.provider.quoteMinutes * MINUTE_MS) / 2
    const isOfferOld = offer.offer.expiresAtMs - nowMs < (options.config.provider.offerMinutes * MINUTE_MS) / 2
    const loadChange = Math.abs(loadOf(options) - offer.offer.load)
    if (isQuoteOld) quote = newQuote(options)
    if (!isQuoteOld && !isOfferOld && loadChange < FULL_LOAD / 4) return
    offer = newOffer(options, quote)
    options.onOffer(offer)
  }
  const timer = setInterval(renew, LOOK_MS)
  options.onOffer(offer)
  return {
    get offer() {
      return offer
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** Stored before it is given out: a session request names it by its hash. */
function newQuote(options: OfferPublisherOptions): SignedQuote {
  const { config, deployment, clock, store, nodeKey } = options
  const nowMs = clock.wallMs()
  const quote: Quote = {
    version: 1,
    provider: options.account,
    nodeKeyId: options.nodeKeyId,
    region: options.region,
    priceUnitsPerGib: config.provider.priceUnitsPerGib,
    sessionFeeUnits: config.provider.sessionFeeUnits,
    token: deployment.token,
    chainId: BigInt(deployment.chainId),
    channels: deployment.channels,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + config.provider.quoteMinutes * MINUTE_MS,
    sequence: store.settings.increase(QUOTE_SEQUENCE, BigInt(nowMs)),
    // No limit is set, so none is stated: the first window then starts at its smallest.
    rateUpBps: 0n,
    rateDownBps: 0n,
  }
  const bytes = emitQuote(quote)
  const signature = hexText(signDigest(nodeKey, quoteDigest(bytes, quote)))
  const signed = { quote, bytes, hash: quoteHash(bytes), signature }
  store.quotes.put(signed, nowMs)
  return signed
}

function newOffer(options: OfferPublisherOptions, quote: SignedQuote): SignedOffer {
  const { config, deployment, clock, store } = options
  const nowMs = clock.wallMs()
  return signOffer(
    {
      provider: options.account,
      keyId: options.nodeKeyId,
      sequence: store.settings.increase(SETTING.offerSequence, BigInt(nowMs)),
      region: options.region,
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + config.provider.offerMinutes * MINUTE_MS,
      priceUnitsPerGib: config.provider.priceUnitsPerGib,
      sessionFeeUnits: config.provider.sessionFeeUnits,
      sealKey: options.sealKey,
      sharedRateUpBps: quote.quote.rateUpBps,
      sharedRateDownBps: quote.quote.rateDownBps,
      load: loadOf(options),
      policyHash: DEFAULT_POLICY,
      nat: 'unknown',
      protocols: ['wireguard'],
      control: options.controlAddresses,
      quote: emitSignedQuote(quote.bytes, bytesOf(quote.signature)),
      extensions: [],
    },
    nodeIdentityOf(options.nodeKey),
    { chainId: BigInt(deployment.chainId), registry: deployment.registry },
  )
}

function loadOf({ load }: OfferPublisherOptions): number {
  return Math.min(FULL_LOAD, Math.round(load() * FULL_LOAD))
}

const LOOK_MS = 5_000
const QUOTE_SEQUENCE = 'quote-sequence'
/** 32 zeros: the built-in exit policy (docs/addressing.md, "Refused destinations"). */
const DEFAULT_POLICY = new Uint8Array(32)

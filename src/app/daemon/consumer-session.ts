/**
 * One session of a consumer: negotiated, its tunnel up, its vouchers signed, until it is closed or breaks. The channel
 * outlives it. `openSession` is the packet's and the payment's way in; `consumer-close.ts` is the way out.
 */
import {
  GATEWAY_4,
  GATEWAY_6,
  INNER_PREFIX_4,
  INNER_PREFIX_6,
  METER_PORT,
  type InnerAddresses,
} from '#base/addressing.ts'
import { equalBytes, hexOf } from '#base/bytes.ts'
import type { Clock } from '#base/clock.ts'
import { SECOND_MS } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { bytesOf, hexText, type Hash32 } from '#base/hex.ts'
import { maskedPrefix, parseIp, parsePrefix, prefixContains } from '#base/ip.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { maxUnits, units, type TokenUnits } from '#base/units/money.ts'
import { recoverAddress } from '#crypto/secp256k1.ts'
import { dhKeyPairOf } from '#crypto/x25519.ts'
import type { DataEndpoint } from '#guard/state.ts'
import { configureLink } from '#host/link.ts'
import type { Journal } from '#host/journal.ts'
import { readPathTo } from '#host/routes.ts'
import type { BelievedOffer } from '#market/discovery.ts'
import { openTunnelDevice } from '#packet/engine/device.ts'
import type { TunnelDevice } from '#packet/engine/device-types.ts'
import { innerMtu } from '#packet/engine/mtu.ts'
import { openPacketEngine } from '#packet/engine/open.ts'
import type { PeerId } from '#packet/engine/types.ts'
import type { ConsumerEvent } from '#payment/channel/consumer-state.ts'
import { acceptBase } from '#payment/channel/session.ts'
import { voucherDigest } from '#payment/channel/signer.ts'
import { DEFAULT_PARAMETERS } from '#payment/tariff/constants.ts'
import { parseSignedQuote, quoteDigest, type SignedQuote } from '#payment/tariff/quote.ts'
import { SETTING, type Store } from '../store/index.ts'
import { billConsumer, type ConsumerBilling } from './billing.ts'
import type { ChainAccess } from './chain-access.ts'
import { lastAmountOf, type PayingChannel } from './consumer-channel.ts'
import { lower } from './facts.ts'
import { channelsDomain, NEGOTIATION_VERSION, type OpenedReply } from './negotiation.ts'
import { negotiate, type Counterparty } from './negotiation-client.ts'
import { openVoucherWorker } from './voucher-worker.ts'

export interface SessionOptions {
  readonly access: ChainAccess
  readonly store: Store
  readonly offer: BelievedOffer
  readonly quote: SignedQuote
  readonly paying: PayingChannel
  readonly tunName: string
  readonly fwmark: number
  readonly spendUnits: TokenUnits
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}

/** What was agreed over session control; nothing is up yet. */
export interface NegotiatedSession {
  readonly id: string
  readonly reply: OpenedReply
  readonly privateKey: Uint8Array
  readonly presharedKey: Uint8Array
  readonly endpoints: readonly DataEndpoint[]
  readonly addresses: InnerAddresses
  readonly baseUnits: TokenUnits
}

export interface ConsumerSession extends AsyncDisposable {
  readonly id: string
  readonly channel: Hash32
  readonly device: TunnelDevice
  readonly peer: PeerId
  readonly endpoint: DataEndpoint
  readonly addresses: InnerAddresses
  readonly billing: ConsumerBilling
  /** Resolves when the first voucher was accepted; rejects when the session broke before. */
  readonly serviceOpen: Promise<void>
}

/** The offer's quote, checked against the offer and the registry's key. Throws `offer-quote`. */
export function quoteOf(offer: BelievedOffer, access: ChainAccess, nowMs: number): SignedQuote {
  const parsed = parseSignedQuote(offer.offer.quote)
  const wrong = (why: string): AditError =>
    new AditError('offer-quote', `the quote in the offer is not accepted: ${why}`, {
      remedy: 'choose another provider with adit offers',
    })
  if (!parsed.ok) throw wrong(parsed.error)
  const { quote, bytes, signature } = parsed.value
  const signer = recoverAddress(quoteDigest(bytes, quote), bytesOf(signature))
  if (!signer.ok || hexText(signer.value) !== offer.signer) throw wrong("not signed by the offer's node key")
  const { deployment, chain } = access
  if (quote.chainId !== BigInt(chain.chainId) || quote.channels !== lower(deployment.channels))
    throw wrong('other chain')
  if (quote.token !== lower(deployment.token)) throw wrong('other token')
  if (quote.provider !== offer.offer.provider) throw wrong('other provider')
  if (quote.priceUnitsPerGib !== offer.offer.priceUnitsPerGib) throw wrong('other price than the offer')
  if (quote.sessionFeeUnits !== offer.offer.sessionFeeUnits) throw wrong('other session fee than the offer')
  if (quote.expiresAtMs <= nowMs) throw wrong('expired')
  return parsed.value
}

export function counterpartyOf(offer: BelievedOffer): Counterparty {
  return {
    controlAddresses: [...new Set([offer.source, ...offer.offer.control])],
    controlKey: offer.offer.sealKey,
    nodeKey: bytesOf(lower(offer.signer)),
  }
}

/** Asks the provider for a session. Keys are fresh for each. */
export async function negotiateSession(options: SessionOptions): Promise<NegotiatedSession> {
  const { access, store, offer, paying, clock, random, signal } = options
  const channel = paying.facts.channel
  const privateKey = random.bytes(32)
  const presharedKey = random.bytes(32)
  const reply = await negotiate(
    'opened',
    {
      version: NEGOTIATION_VERSION,
      kind: 'open',
      channel: bytesOf(channel),
      sequence: store.channels.nextSequence(channel, 'payer', clock.wallMs()),
      chainId: access.chain.chainId,
      contract: access.deployment.channels,
      quote: offer.offer.quote,
      wireguardPublicKey: dhKeyPairOf(privateKey).publicKey,
      presharedKey,
    },
    {
      provider: counterpartyOf(offer),
      domain: channelsDomain(access.chain.chainId, access.deployment.channels),
      signerKey: paying.signerKey,
      random,
      signal,
    },
  )
  const own = store.vouchers.nextBase(channel, 'payer')
  const base = acceptBase(reply.base, newerVoucher(options, reply) ?? own)
  if (!base.ok) {
    throw new AditError('provider-reply', 'the provider says that the channel owes more than was ever signed', {
      remedy: 'choose another provider; `adit explain` shows what was signed',
    })
  }
  const endpoints = reply.endpoints.flatMap(endpointOf)
  const isInner =
    isInnerAddress(reply.address4, INNER_PREFIX_4, GATEWAY_4, 24) &&
    isInnerAddress(reply.address6, INNER_PREFIX_6, GATEWAY_6, 112)
  if (endpoints.length === 0 || !isInner) {
    throw new AditError('provider-reply', "the provider's addresses are not usable", {
      remedy: 'choose another provider with adit offers',
    })
  }
  const { address4, address6 } = reply
  return {
    id: hexOf(reply.session),
    reply,
    privateKey,
    presharedKey,
    endpoints,
    addresses: { address4, address6 },
    baseUnits: base.value,
  }
}

/** Brings the tunnel up. The guard must be in force; `journal` is its own, so that a crash keeps the host closed. */
export async function openSession(
  options: SessionOptions & {
    readonly negotiated: NegotiatedSession
    readonly journal: Journal
    readonly onEvent: (event: ConsumerEvent) => void
    readonly onBroken: (code: string) => void
  },
): Promise<ConsumerSession> {
  const { negotiated, paying, quote, store, clock, log, signal } = options
  await using opening = new AsyncDisposableStack()
  const first = await reachable(negotiated.endpoints, options.fwmark)
  const device = opening.use(await openDevice(options, Math.min(negotiated.reply.mtu, first.mtu)))
  await configureLink(options.journal, {
    device: device.tun.name,
    prefixes: [`${negotiated.addresses.address4}/32`, `${negotiated.addresses.address6}/128`],
  })
  const crypto = opening.use(openVoucherWorker({ privateKey: paying.signerKey }))
  const peer = device.addPeer({
    publicKey: negotiated.reply.wireguardPublicKey,
    presharedKey: negotiated.presharedKey,
    endpoint: first.endpoint,
    role: 'exit',
    allowedIps: [parsePrefix('0.0.0.0/0')!, parsePrefix('::/0')!],
    persistentKeepaliveSeconds: KEEPALIVE_SECONDS,
  })
  const endpoint = await shakeHands(device, peer, [first.endpoint, ...first.others], signal)

  store.quotes.put(quote, clock.wallMs())
  store.sessions.insert({
    session: negotiated.id,
    role: 'payer',
    channel: paying.facts.channel,
    quote: quote.hash,
    payer: paying.facts.payer,
    provider: paying.facts.provider,
    baseUnits: negotiated.baseUnits,
    sessionFeeUnits: quote.quote.sessionFeeUnits,
    priceUnitsPerGib: quote.quote.priceUnitsPerGib,
    startedAtMs: clock.wallMs(),
  })
  const serviceOpen = Promise.withResolvers<undefined>()
  serviceOpen.promise.catch(() => undefined) // whoever waits for it sees the failure
  const breakOff = (code: string): void => {
    serviceOpen.reject(new AditError(code, `the session ended before service began (${code})`))
    options.onBroken(code)
  }
  const billing = opening.use(
    billConsumer(
      {
        agreement: {
          session: negotiated.id,
          quote: quote.quote,
          quoteHash: quote.hash,
          baseUnits: negotiated.baseUnits,
        },
        facts: paying.facts,
        lastAmount: maxUnits(lastAmountOf(store, paying.facts.channel), negotiated.reply.voucher?.amount ?? units(0n)),
        limits: { sessionUnits: options.spendUnits, minuteUnits: options.spendUnits },
        disputedBytes: 0n,
        holdUnanswered: true,
        rttMs: DEFAULT_PARAMETERS.defaultRttMs,
        parameters: DEFAULT_PARAMETERS,
      },
      {
        tunnel: {
          counters: () => device.counters(peer),
          send: (payload) =>
            device.sendGatewayDatagram(peer, {
              family: 4,
              gatewayPort: METER_PORT,
              peerPort: METER_PORT,
              peerAddress: negotiated.addresses.address4,
              payload,
            }),
        },
        ledger: {
          recordVoucher: (record) => store.vouchers.record(record),
          recordClosing: (statement) => store.vouchers.recordClosing('payer', statement, clock.wallMs()),
        },
        crypto,
        clock,
        onEvent: (event) => {
          if (event.kind === 'service-open') serviceOpen.resolve(undefined)
          options.onEvent(event)
        },
        onFailure: (error) => {
          log.error({ session: negotiated.id, error: String(error) }, 'vouchers cannot be recorded: the session ends')
          breakOff('record-failed')
        },
      },
    ),
  )
  device.on((event) => {
    if (event.kind === 'gatewayDatagram') billing.handleDatagram(event.datagram.payload)
    else if (event.kind === 'unreachable') breakOff('provider-unreachable')
    else if (event.kind === 'fatal') breakOff('engine-failed')
  })
  const resources = opening.move()
  return {
    id: negotiated.id,
    channel: paying.facts.channel,
    device,
    peer,
    endpoint,
    addresses: negotiated.addresses,
    billing,
    serviceOpen: serviceOpen.promise,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/**
 * The amount of a voucher that the provider holds and our store lost, when it is really ours: then the channel owes that
 * much. An older one says nothing: what it prepaid and was not used is our credit.
 */
function newerVoucher(
  { access, paying, store, log }: SessionOptions,
  { voucher }: OpenedReply,
): TokenUnits | undefined {
  const { channel, signer } = paying.facts
  if (voucher === null || voucher.amount <= lastAmountOf(store, channel)) return undefined
  const domain = { chainId: BigInt(access.chain.chainId), channels: access.deployment.channels }
  const digest = voucherDigest(domain, channel, voucher.amount, hexText(voucher.reading))
  const recovered = recoverAddress(digest, voucher.signature)
  if (recovered.ok && equalBytes(recovered.value, bytesOf(signer))) {
    log.warn({ channel }, 'the provider holds a newer voucher of ours than this store: taking it over')
    return voucher.amount
  }
  throw new AditError('provider-reply', 'the provider shows a voucher that we never signed', {
    remedy: 'choose another provider with adit offers',
  })
}

/** Inside the ranges of tunnels and nowhere else: an address of our LAN or of a server would be taken off the network. */
function isInnerAddress(text: string, range: string, gateway: string, keptBits: number): boolean {
  const address = parseIp(text)
  const kept = maskedPrefix(parseIp(gateway)!, keptBits)
  return address !== undefined && prefixContains(parsePrefix(range)!, address) && !prefixContains(kept, address)
}

async function openDevice(options: SessionOptions & { negotiated: NegotiatedSession }, mtu: number) {
  const { store, clock, random, log } = options
  const stored = store.settings.find(SETTING.lastTai64n)
  return openTunnelDevice({
    openEngine: openPacketEngine,
    engineOptions: {
      tunName: options.tunName,
      mtu,
      listenPort: 0,
      fwmark: options.fwmark,
      gateway: { address4: GATEWAY_4, address6: GATEWAY_6 },
      meterPort: METER_PORT,
      servicePorts: [],
    },
    privateKey: options.negotiated.privateKey,
    clock,
    random,
    log,
    pathMtu: async (address) => (await readPathTo(address, options.fwmark)).mtu,
    ...(stored === undefined ? {} : { lastTai64n: bytesOf(stored as Hash32) }),
    onTai64n: (stamp) => store.settings.put(SETTING.lastTai64n, hexText(stamp)),
  })
}

/** The first endpoint that this host has a route to, with the inner MTU of its path; and the others. */
async function reachable(endpoints: readonly DataEndpoint[], fwmark: number) {
  const usable: { endpoint: DataEndpoint; mtu: number }[] = []
  for (const endpoint of endpoints) {
    const path = await readPathTo(endpoint.address, fwmark).catch(() => undefined)
    if (path !== undefined) usable.push({ endpoint, mtu: innerMtu(path.mtu, endpoint.address.includes(':') ? 6 : 4) })
  }
  if (usable.length === 0) {
    throw new AditError('provider-unreachable', 'this host has no route to any endpoint of the provider', {
      remedy: 'check the connection, or choose another provider with adit offers',
    })
  }
  const mtu = Math.max(1280, Math.min(...usable.map((one) => one.mtu)))
  return { endpoint: usable[0].endpoint, others: usable.slice(1).map((one) => one.endpoint), mtu }
}

/** Tries the endpoints one after the other until a handshake completes. */
async function shakeHands(
  device: TunnelDevice,
  peer: PeerId,
  endpoints: readonly DataEndpoint[],
  signal: AbortSignal,
): Promise<DataEndpoint> {
  const done = Promise.withResolvers<undefined>()
  const stop = device.on((event) => {
    if (event.kind === 'handshake') done.resolve(undefined)
  })
  try {
    for (const endpoint of endpoints) {
      device.setEndpoint(peer, endpoint)
      device.initiate(peer)
      const isDone = await Promise.race([done.promise.then(() => true), waited(HANDSHAKE_MS, signal)])
      if (isDone) return endpoint
    }
  } finally {
    stop()
  }
  throw new AditError('tunnel-handshake', 'the provider does not answer WireGuard handshakes', {
    remedy: 'UDP may be blocked here, or its router does not forward the port: choose another provider',
  })
}

function waited(forMs: number, signal: AbortSignal): Promise<false> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), forMs)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

function endpointOf(text: string): DataEndpoint[] {
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text)
  const address = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (address === undefined || parseIp(address) === undefined || !(port >= 1 && port <= 65_535)) return []
  return [{ address, port }]
}

const KEEPALIVE_SECONDS = 25
const HANDSHAKE_MS = 8 * SECOND_MS

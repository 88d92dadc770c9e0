/** The control API of a running consumer. */
import { AditError } from '#base/errors.ts'
import { units } from '#base/units/money.ts'
import type { ConsumerHandlers } from '../control/routes.ts'
import { amountOf } from '../control/values.ts'
import { CONTROL_API_VERSION, type ChainStatus, type ConsumerStatus } from '../control/views.ts'
import type { ChainAccess } from './chain-access.ts'
import { spentOf, type ConsumerParts } from './consumer.ts'
import type { NewEvent } from './event-hub.ts'
import { checkOwnAccount, withdrawBalance } from './money-actions.ts'
import { offerMemoryOf } from './offer-memory.ts'
import { findOffers, offersView } from './offers.ts'
import { countsOf } from './provider-handlers.ts'
import { channelViewOf, explanationOf, liveViewOf, sessionViewOf } from './records.ts'

export function consumerHandlers(parts: ConsumerParts): ConsumerHandlers {
  const { options, store, events } = parts
  const { clock } = options
  return {
    info: () =>
      Promise.resolve({
        role: 'consumer' as const,
        apiVersion: CONTROL_API_VERSION,
        version: options.version,
        pid: process.pid,
        startedAtMs: parts.startedAtMs,
        stateDir: options.paths.stateDir,
      }),
    status: () => Promise.resolve(consumerStatusOf(parts)),
    sessions: ({ limit }) =>
      Promise.resolve({ sessions: store.sessions.list({ role: 'payer', limit }).map(sessionViewOf) }),
    explain: ({ session }) => Promise.resolve(explanationOf(store, session, 'payer')),
    doctor: () => Promise.resolve({ checks: checksOf(parts) }),
    withdraw: async ({ to, amountUnits }, signal) => {
      checkOwnAccount(to, accessOf(parts).account.address)
      const wish = {
        to: undefined,
        amount: amountUnits === undefined ? undefined : units(BigInt(amountUnits)),
      }
      return withdrawBalance(accessOf(parts), store, wish, clock, signal)
    },
    stop: async ({ settle }) => {
      const { session } = await parts.disconnect(settle)
      return { sessionsEnded: session === null ? 0 : 1 }
    },
    offers: async ({ region, maxPriceUnitsPerGib }, signal) => {
      const { wish, config } = options
      const found = await findOffers({
        chain: accessOf(parts),
        bootstrap: config.consumer.bootstrap,
        memory: offerMemoryOf(store),
        wish: {
          ...wish,
          region: region ?? wish.region,
          maxPriceUnitsPerGib:
            maxPriceUnitsPerGib === undefined
              ? wish.maxPriceUnitsPerGib
              : (BigInt(maxPriceUnitsPerGib) as typeof wish.maxPriceUnitsPerGib),
        },
        clock,
        signal,
      })
      return offersView(found)
    },
    disconnect: async ({ settle }) => {
      const { session, transactions, refund, restored } = await parts.disconnect(settle)
      return { session, transactions: [...transactions], refund: amountOf(refund), restored }
    },
    events: (signal) => events.listen(presentEvents(parts), signal),
  }
}

export function consumerStatusOf(parts: ConsumerParts): ConsumerStatus {
  const { options, store, live, access, guard } = parts
  const { wish } = options
  const session = live === undefined ? undefined : store.sessions.find(live.session.id, 'payer')
  const channel = live === undefined ? undefined : store.channels.find(live.session.channel, 'payer')
  return {
    role: 'consumer',
    state: parts.state,
    account: access?.account.address ?? NO_ADDRESS,
    region: live?.offer.offer.region ?? wish.region,
    tunnel: live === undefined ? null : tunnelOf(live),
    session: session === undefined || live === undefined ? null : liveViewOf(session, meterOf(live)),
    channel: channel === undefined ? null : channelViewOf(channel),
    spent: amountOf(spentOf(parts)),
    spendLimit: amountOf(wish.spendLimitUnits),
    protection: protectionOf(guard.state),
    chain: chainStatusOf(parts),
    refusals: {},
    drops: countsOf(live?.session.device.drops()),
  }
}

/** Downloads as they may be billed: flows that this side opened. */
function meterOf({ session }: NonNullable<ConsumerParts['live']>) {
  const { sentBytes, billableReceivedBytes, lostPackets } = session.device.counters(session.peer)
  const { unsolicited } = session.device.drops(session.peer)
  return { up: sentBytes, down: billableReceivedBytes, missingPackets: lostPackets + unsolicited }
}

function tunnelOf({ session, link }: NonNullable<ConsumerParts['live']>): ConsumerStatus['tunnel'] {
  const { device, peer } = session
  const status = device.peerStatus(peer)
  return {
    interface: link.device,
    endpoint: status.endpoint ?? session.endpoint,
    ...link.addresses,
    resolver: link.resolvers.at(0) ?? null,
    mtu: status.mtu,
    lastHandshakeMs: status.lastHandshakeMs ?? null,
  }
}

function protectionOf(state: ConsumerParts['guard']['state']): ConsumerStatus['protection'] {
  switch (state.kind) {
    case 'disconnected':
      return { state: 'off', detail: 'the network is open, as without adit' }
    case 'connected':
      return { state: 'tunnel-only', detail: null }
    case 'error':
      return { state: 'blocking', detail: state.cause }
    case 'connecting':
    case 'reconnecting':
      return { state: 'blocking', detail: state.kind }
  }
}

function chainStatusOf({ monitor, state, access }: ConsumerParts): ChainStatus {
  if (monitor !== undefined) return monitor.status()
  const isWaiting = state.kind === 'connecting' && access === undefined
  return {
    state: isWaiting ? 'unreachable' : 'reachable',
    chainId: access?.chain.chainId ?? null,
    block: null,
    seenAtMs: null,
    detail: isWaiting ? 'the chain has not answered yet' : null,
  }
}

function checksOf(parts: ConsumerParts) {
  const chain = chainStatusOf(parts)
  return [
    {
      name: 'chain',
      state: chain.state === 'reachable' ? ('ok' as const) : ('failed' as const),
      detail: chain.detail ?? `block ${chain.block ?? 'not read yet'}`,
      remedy: chain.state === 'reachable' ? '' : 'check chain.rpc_url; the running session goes on with its vouchers',
    },
    {
      name: 'tunnel',
      state: parts.state.kind === 'connected' ? ('ok' as const) : ('warning' as const),
      detail: parts.state.kind,
      remedy: '',
    },
  ]
}

/** A client that connects late still learns where things stand. */
function presentEvents(parts: ConsumerParts): readonly NewEvent[] {
  const { state } = parts
  const tunnel: NewEvent = { kind: 'tunnel', state }
  if (state.kind === 'connected') return [tunnel, { kind: 'connected', status: consumerStatusOf(parts) }]
  if (state.kind !== 'error') return [tunnel]
  const { code, message, remedy } = state
  return [tunnel, { kind: 'problem', fatal: true, code, message, remedy }]
}

function accessOf({ access }: ConsumerParts): ChainAccess {
  if (access !== undefined) return access
  throw new AditError('chain-unreachable', 'the chain has not answered yet', {
    remedy: 'check chain.rpc_url; `adit status` says when it answers',
  })
}

const NO_ADDRESS = `0x${'00'.repeat(20)}`

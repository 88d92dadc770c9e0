/** The control API of a running provider. */
import { AditError } from '#base/errors.ts'
import { units, ZERO_UNITS, addUnits } from '#base/units/money.ts'
import { readProvider, startUnbonding, withdrawStake } from '#payment/chain/registry.ts'
import { withdraw } from '#payment/chain/channels.ts'
import type { ChainStatus, ProviderStatus, SessionView } from '../control/views.ts'
import type { StoredSession } from '../store/index.ts'
import type { ProviderHandlers } from '../control/routes.ts'
import { CONTROL_API_VERSION } from '../control/views.ts'
import { amountOf } from '../control/values.ts'
import type { ChainAccess } from './chain-access.ts'
import type { NewEvent } from './event-hub.ts'
import { checkOwnAccount, withdrawBalance } from './money-actions.ts'
import { withdrawableOf, type ProviderParts } from './provider.ts'
import { earningsOf, explanationOf, liveViewOf, sessionViewOf } from './records.ts'
import { unclaimedOf } from './settlement.ts'

export function providerHandlers(parts: ProviderParts): ProviderHandlers {
  const { options, store, events } = parts
  const { clock } = options
  return {
    info: () =>
      Promise.resolve({
        role: 'provider' as const,
        apiVersion: CONTROL_API_VERSION,
        version: options.version,
        pid: process.pid,
        startedAtMs: parts.startedAtMs,
        stateDir: options.paths.stateDir,
      }),
    status: () => Promise.resolve(statusOf(parts)),
    sessions: ({ limit }) =>
      Promise.resolve({ sessions: store.sessions.list({ role: 'payee', limit }).map(sessionViewOf) }),
    explain: ({ session }) => Promise.resolve(explanationOf(store, session, 'payee')),
    doctor: () => Promise.resolve({ checks: checksOf(parts) }),
    withdraw: async ({ to, amountUnits }, signal) => {
      const access = accessOf(parts)
      checkOwnAccount(to, access.account.address)
      await parts.settlement?.claim({ all: true, signal })
      const wish = {
        to: undefined,
        amount: amountUnits === undefined ? undefined : units(BigInt(amountUnits)),
      }
      return withdrawBalance(access, store, wish, clock, signal)
    },
    stop: async ({ settle }) => ({ sessionsEnded: await parts.stop(settle) }),
    earnings: async ({ days }, signal) => earningsOf(store, await withdrawableOf(parts, signal), clock.wallMs(), days),
    stake: () =>
      Promise.reject(
        new AditError('stake-fixed', 'a stake cannot be raised while it is bonded', {
          remedy: 'unstake, wait for the release, and stake the new amount; a higher stake brings no advantage yet',
        }),
      ),
    unstake: (_input, signal) => unstake(parts, signal),
    events: (signal) => events.listen(presentEvents(parts), signal),
  }
}

async function unstake(parts: ProviderParts, signal: AbortSignal) {
  const access = accessOf(parts)
  const record = await readProvider(access, access.account.address, { signal })
  if (record === undefined) {
    throw new AditError('stake-missing', 'this account has no stake', { remedy: '`adit stake` makes one' })
  }
  if (record.unbondsAt === undefined) {
    await startUnbonding(access, { signal })
    const after = await readProvider(access, access.account.address, { signal })
    return { state: 'unbonding' as const, releaseAtMs: (after?.unbondsAt ?? 0) * 1000, transactions: [] }
  }
  await withdrawStake(access, access.account.address, { signal })
  await withdraw(access, { ledger: 'registry' }, { signal })
  return { state: 'released' as const, releaseAtMs: null, transactions: [] }
}

function statusOf(parts: ProviderParts): ProviderStatus {
  const { options, store, device, sessions, publisher, registration, access } = parts
  const { provider } = options.config
  const sums = store.sessions.sums('payee')
  const vouchers = store.vouchers.list('payee')
  const unclaimed = vouchers.reduce((sum, voucher) => addUnits(sum, unclaimedOf(store, voucher)), ZERO_UNITS)
  const claimed = store.channels.list('payee').reduce((sum, channel) => addUnits(sum, channel.claimed), ZERO_UNITS)
  const live = store.sessions.list({ role: 'payee', limit: 1000 }).filter((session) => session.state !== 'ended')
  const offer = publisher?.offer.offer
  return {
    role: 'provider',
    state: parts.state,
    account: access?.account.address ?? NO_ADDRESS,
    nodeKey: registration?.record.keys.find((key) => key.keyId === registration.nodeKeyId)?.key ?? NO_ADDRESS,
    region: parts.region,
    priceUnitsPerGib: amountOf(provider.priceUnitsPerGib),
    sessionFee: amountOf(provider.sessionFeeUnits),
    stake: amountOf(registration?.record.stake ?? ZERO_UNITS),
    offer:
      offer === undefined
        ? null
        : { sequence: offer.sequence.toString(), issuedAtMs: offer.issuedAtMs, expiresAtMs: offer.expiresAtMs },
    tunnel: device === undefined ? null : { address: '::', port: device.port },
    control: parts.controlPort === undefined ? null : { address: provider.listenAddress, port: parts.controlPort },
    sharedRateUpBps: null,
    sharedRateDownBps: null,
    sessions: live.map((session) => viewOfLive(parts, session)),
    totals: {
      sessions: sums.sessions,
      bytesUp: sums.up.toString(),
      bytesDown: sums.down.toString(),
      earned: amountOf(sums.due),
      claimed: amountOf(claimed),
      unclaimed: amountOf(unclaimed),
    },
    chain: chainStatusOf(parts),
    refusals: { ...sessions?.refusals },
    drops: countsOf(device?.drops()),
  }
}

function viewOfLive({ sessions, device }: ProviderParts, stored: StoredSession): SessionView {
  const live = sessions?.find(stored.session)
  if (live === undefined || device === undefined) return sessionViewOf(stored)
  const { receivedBytes, sentBytes, lostPackets } = device.counters(live.peer)
  const drops = device.drops(live.peer)
  const missingPackets = lostPackets + drops['over-allowance'] + drops.paused
  return liveViewOf(stored, { up: receivedBytes, down: sentBytes, missingPackets })
}

function chainStatusOf(parts: ProviderParts): ChainStatus {
  if (parts.monitor !== undefined) return parts.monitor.status()
  const isWaiting = parts.state === 'waiting-for-chain'
  return {
    state: isWaiting ? 'unreachable' : 'reachable',
    chainId: parts.access?.chain.chainId ?? null,
    block: null,
    seenAtMs: null,
    detail: isWaiting ? 'the chain has not answered yet' : null,
  }
}

function checksOf(parts: ProviderParts) {
  const chain = chainStatusOf(parts)
  return [
    {
      name: 'chain',
      state: chain.state === 'reachable' ? ('ok' as const) : ('failed' as const),
      detail: chain.detail ?? `block ${chain.block ?? 'not read yet'}`,
      remedy: chain.state === 'reachable' ? '' : 'check chain.rpc_url; running sessions go on with their vouchers',
    },
    {
      name: 'serving',
      state: parts.state === 'serving' ? ('ok' as const) : ('warning' as const),
      detail: `state ${parts.state}, ${parts.sessions?.count ?? 0} sessions`,
      remedy: '',
    },
  ]
}

/** A client that connects late still learns how far the start came. */
function presentEvents(parts: ProviderParts): readonly NewEvent[] {
  if (parts.state !== 'serving') return []
  return [{ kind: 'progress', step: 'offer', state: 'done', text: 'serving' }]
}

function accessOf(parts: ProviderParts): ChainAccess {
  if (parts.access !== undefined) return parts.access
  throw new AditError('chain-unreachable', 'the chain has not answered yet', {
    remedy: 'check chain.rpc_url; `adit status` says when it answers',
  })
}

/** Only what happened: a table of zeros says nothing. */
export function countsOf(drops: Readonly<Record<string, bigint>> | undefined): Record<string, number> {
  return Object.fromEntries(
    Object.entries(drops ?? {}).flatMap(([name, count]) => (count === 0n ? [] : [[name, Number(count)]])),
  )
}

const NO_ADDRESS = `0x${'00'.repeat(20)}`

/** What a consumer decides when something fails, whom its daemon may reach outside the tunnel, and what it has spent. */
import { AditError } from '#base/errors.ts'
import { addUnits, maxUnits, subUnitsFloor, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import type { ControlTarget } from '#guard/state.ts'
import { parseHostPort, type HostPort } from '../config/fields.ts'
import type { StoredSession } from '../store/index.ts'

/**
 * After a failure to connect: `retry`; `restore` the network and end, which only a connection that never protected
 * anything may do; `stay-closed` and wait for the owner.
 */
export type AfterFailure = 'retry' | 'restore' | 'stay-closed'

/**
 * `isProtecting`: this daemon was connected, or took over what a dead one left closed. The owner believes in that
 * protection, so nothing but `adit disconnect` ends it.
 */
export function afterFailure(error: unknown, isProtecting: boolean): AfterFailure {
  const code = error instanceof AditError ? error.code : 'internal'
  if (FINAL_CODES.includes(code)) return isProtecting ? 'stay-closed' : 'restore'
  return isProtecting || WAITING_CODES.includes(code) ? 'retry' : 'restore'
}

/** What a person reads below the error: in which state their network is now. */
export function consequenceOf(after: Exclude<AfterFailure, 'retry'>): string {
  return after === 'restore'
    ? 'your network is open, as it was before'
    : 'everything outside the tunnel stays blocked until `adit disconnect`'
}

/** The chain's RPC and the given `host:port` texts, each once. A chain on this machine needs no opening. */
export function controlHosts(rpcUrl: string, addresses: readonly string[]): readonly HostPort[] {
  const rpc = new URL(rpcUrl)
  const rpcPort = Number(rpc.port === '' ? (rpc.protocol === 'https:' ? 443 : 80) : rpc.port)
  const all = [
    { host: rpc.hostname.replace(/^\[|\]$/g, ''), port: rpcPort },
    ...addresses.flatMap((text) => parseHostPort(text) ?? []),
  ]
  return [...new Map(all.map(({ host, port }) => [`${host} ${port}`, { host, port }])).values()]
}

/** `addressesOf` gives the addresses of a name, or the literal itself. Loopback is open anyway. */
export function controlTargets(
  hosts: readonly HostPort[],
  addressesOf: (host: string) => readonly string[],
): readonly ControlTarget[] {
  const targets = hosts.flatMap(({ host, port }) =>
    addressesOf(host)
      .filter((address) => address !== '::1' && !address.startsWith('127.'))
      .map((address): ControlTarget => ({ address, port, protocol: 'tcp' })),
  )
  return [...new Map(targets.map((target) => [`${target.address} ${target.port}`, target])).values()]
}

/**
 * What these sessions cost: as agreed at their end; where one broke, all that was signed (the provider may claim it);
 * while one runs, what its last reading says.
 */
export function spentBy(sessions: readonly StoredSession[]): TokenUnits {
  return sessions.reduce((sum, session) => addUnits(sum, costOf(session)), ZERO_UNITS)
}

function costOf({ closingAmount, baseUnits, state, due, paid }: StoredSession): TokenUnits {
  if (closingAmount !== undefined) return subUnitsFloor(closingAmount, baseUnits)
  return state === 'ended' ? paid : due
}

/** How much to add to a deposit that is short: the usual step, and whatever was signed beyond the deposit. */
export function topUpUnits(step: TokenUnits, deposit: TokenUnits, signed: TokenUnits): TokenUnits {
  return addUnits(step, subUnitsFloor(maxUnits(signed, deposit), deposit))
}

/** After these pauses nothing comes back by waiting: a new session is asked for, here or elsewhere. */
export const ENDING_PAUSES: readonly string[] = ['loss-disputed', 'provider-stopping', 'channel-closing', 'expired']
/** What trying again does not mend. */
const FINAL_CODES: readonly string[] = [
  'spend-limit',
  'chain-id-mismatch',
  'config-missing',
  'deployment-missing',
  'deployment-stale',
  'insufficient-funds',
]
/** The chain is down, here or at the provider: a new connection waits for it. Nothing is closed yet then. */
const WAITING_CODES: readonly string[] = ['chain-unreachable', 'refused:chain-unavailable']

/**
 * The consumer's protection as one tagged union: each state is exactly one ruleset (`rules.ts`) and one set of policy
 * routes (`routes.ts`). Every state but `disconnected` blocks whatever is not named in it.
 */
import type { InnerAddresses } from '#base/addressing.ts'

/** The WireGuard endpoints: only sockets marked with the guard's `fwmark` reach them, by UDP. */
export interface DataEndpoint {
  /** Canonical text form, either family. */
  readonly address: string
  readonly port: number
}

/** What the daemon itself must reach outside the tunnel: a provider's control address, the chain's RPC. */
export interface ControlTarget {
  readonly address: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
}

export interface TunnelLink {
  readonly device: string
  readonly addresses: InnerAddresses
  /** Where DNS goes: addresses inside the tunnel, normally the gateway's. Empty: DNS settings are left alone. */
  readonly resolvers: readonly string[]
}

export type GuardState =
  /** Nothing of ours is in the kernel; traffic flows as without Adit. */
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'connecting'; readonly data: readonly DataEndpoint[]; readonly control: readonly ControlTarget[] }
  | {
      readonly kind: 'connected'
      readonly data: readonly DataEndpoint[]
      readonly control: readonly ControlTarget[]
      readonly tunnel: TunnelLink
    }
  /** Blocks like `connecting`; the tunnel's addresses stay protected against input from other interfaces. */
  | {
      readonly kind: 'reconnecting'
      readonly data: readonly DataEndpoint[]
      readonly control: readonly ControlTarget[]
      readonly tunnel: TunnelLink
    }
  /** Blocks everything but the control opening. `cause` is an error code. */
  | { readonly kind: 'error'; readonly control: readonly ControlTarget[]; readonly cause: string }

export type GuardStateKind = GuardState['kind']

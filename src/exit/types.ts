/**
 * The exit's interface: what protects a provider while consumers use its connection. `exit.ts` has `openExit`,
 * `addresses.ts` the allocator of inner addresses, `resolver-forwarder.ts` the tunnel's DNS.
 */
import type { InnerAddresses } from '#base/addressing.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Result } from '#base/result.ts'
import type { Journal } from '#host/journal.ts'
import type { SystemResolver } from '#host/resolver.ts'

export interface ExitOptions {
  /** Names the nft table: `adit_exit_<instance>`. 1-16 characters of `[a-z0-9_]`. */
  readonly instance: string
  /** The engine's TUN device; it must exist. The exit gives it the gateway addresses and brings it up. */
  readonly tunName: string
  /** Device of the uplink; by default the one of the default route, for each family. */
  readonly uplink?: string
  readonly journal: Journal
  /** Ports that no consumer's block may hold, besides those that listen now and `ip_local_port_range`. */
  readonly reservedPorts: readonly number[]
  /** Prefixes refused as destination besides the built-in ones: the router's public address, the host's own when rootless. */
  readonly extraRefused: readonly string[]
  readonly log: Log
  readonly limits?: Partial<ExitLimits>
}

export interface ExitLimits {
  /** SNAT ports of each consumer: a power of two, 64-4096. */
  readonly portsPerConsumer: number
  /** Conntrack entries of one consumer, for each family. */
  readonly flowsPerConsumer: number
  /** New flows per second of one consumer, and the burst on top. */
  readonly newFlowsPerSecond: number
  readonly newFlowsBurst: number
}

/** Inclusive. The same ports for TCP, UDP and ICMP ids, in both families: the key for answering an incident. */
export interface PortBlock {
  readonly first: number
  readonly last: number
}

export interface Exit extends AsyncDisposable {
  readonly uplink: { readonly device4: string | undefined; readonly device6: string | undefined }
  /** Opens the exit to one session's inner addresses. Throws `exit-ports-exhausted` when no block is free. */
  addConsumer(addresses: InnerAddresses): Promise<PortBlock>
  /** Closes it again: rules, block and living connections go. Unknown addresses are a no-op. */
  removeConsumer(address4: string): Promise<void>
  /** Reads the host's addresses again and replaces the refused set: call it when addresses or routes changed. */
  refresh(): Promise<void>
  /** Undoes everything that `openExit` did. */
  close(): Promise<void>
}

export interface AddressAllocator {
  /** Two fresh random addresses that no open session holds. Throws `exit-addresses-exhausted`. */
  allocate(): InnerAddresses
  release(addresses: InnerAddresses): void
}

export interface ResolverForwarderOptions {
  /** Servers in order of preference, and local domains, read at each query: `host/resolver.ts` `readSystemResolver`. */
  readonly upstream: () => SystemResolver | Promise<SystemResolver>
  /** Of the servers; 53 but for tests. */
  readonly port?: number
  readonly random: Random
  readonly log: Log
  readonly timeoutMs?: number
  /** Queries under way: in total, and for one consumer. */
  readonly maxInFlight?: number
  readonly maxInFlightPerConsumer?: number
}

export interface ResolverForwarder extends AsyncDisposable {
  /**
   * One DNS query as it stood in a UDP datagram -> the answer's payload, with the query's id. Local names and failed
   * queries are answered too (NXDOMAIN, SERVFAIL), so that a client need not wait; an error is what deserves no
   * answer. `consumer` is any key of the session, for the limit of queries under way.
   */
  forward(consumer: string, query: Uint8Array): Promise<Result<Uint8Array, ForwardDrop>>
  close(): Promise<void>
}

export type ForwardDrop = 'dns-malformed' | 'dns-not-a-query' | 'dns-too-many' | 'dns-closed'

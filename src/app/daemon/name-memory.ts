/**
 * Names that the daemon must reach while the guard blocks DNS (the chain's RPC, bootstrap addresses): what they
 * resolved to last is kept in the store, and answers where the system's resolver does not. Only the process's own
 * look-ups change (`dns.lookup`, which `net` and `fetch` use); applications of the host never come here.
 */
import dns, { type LookupAddress } from 'node:dns'
import { promisify } from 'node:util'
import { parseIp } from '#base/ip.ts'
import type { Store } from '../store/index.ts'

export interface NameMemory extends Disposable {
  /** Asks the system's resolver for each name and remembers what it says. */
  learn(hosts: readonly string[]): Promise<void>
  /** The literal itself, else what the name resolved to last; empty where that was never known. */
  addressesOf(host: string): readonly string[]
}

export function openNameMemory(store: Store): NameMemory {
  const systemLookup = dns.lookup
  const askSystem = promisify(systemLookup)
  const addressesOf = (host: string): readonly string[] =>
    parseIp(host) === undefined ? (store.settings.find(keyOf(host))?.split(' ') ?? []) : [host]

  const lookup = (host: string, options: unknown, callback?: unknown): void => {
    const done = (callback ?? options) as (error: Error | null, ...found: unknown[]) => void
    const wanted = typeof options === 'object' && options !== null ? (options as dns.LookupOptions) : {}
    systemLookup(host, { ...wanted, all: true }, (error, found) => {
      const answer = error === null ? found : remembered(addressesOf(host), wanted.family)
      if (answer.length === 0) done(error)
      else if (wanted.all === true) done(null, answer)
      else done(null, answer[0].address, answer[0].family)
    })
  }
  dns.lookup = Object.assign(lookup, { __promisify__: systemLookup.__promisify__ })

  return {
    learn: async (hosts) => {
      for (const host of new Set(hosts)) {
        if (parseIp(host) !== undefined) continue
        const found = await askSystem(host, { all: true }).catch(() => [])
        if (found.length > 0) store.settings.put(keyOf(host), found.map((one) => one.address).join(' '))
      }
    },
    addressesOf,
    [Symbol.dispose]: () => {
      dns.lookup = systemLookup
    },
  }
}

function remembered(addresses: readonly string[], family: dns.LookupOptions['family']): LookupAddress[] {
  const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0)
  return addresses
    .map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    .filter((one) => wanted === 0 || one.family === wanted)
}

function keyOf(host: string): string {
  return `address-of:${host.toLowerCase()}`
}

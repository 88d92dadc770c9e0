/**
 * Addresses, routes, rules and links of this network namespace, read by `ip -j` and parsed; the arguments that add or
 * delete ours. Ours carry routing protocol 173 (0xAD), which no daemon of iproute2's `rt_protos` uses: so an undo never
 * touches an equal entry of somebody else.
 */
import { z } from 'zod'
import { AditError } from '#base/errors.ts'
import { formatPrefix, maskedPrefix, parseIp, parsePrefix, type Prefix } from '#base/ip.ts'
import type { Family, IpRoute, IpRule } from './changes.ts'
import { checkDeviceName } from './nft.ts'
import { run, tryRun } from './run.ts'

export const ROUTE_PROTOCOL = '173'

export interface HostAddress {
  readonly device: string
  readonly family: Family
  readonly address: string
  readonly prefixLength: number
  readonly scope: string
}

/** Every address of every device. */
export async function readAddresses(): Promise<readonly HostAddress[]> {
  const links = ADDRESSES.parse(await ipJson(['address', 'show']))
  return links.flatMap((link) =>
    link.addr_info.flatMap((info) =>
      info.local === undefined
        ? []
        : [
            {
              device: link.ifname,
              family: info.family === 'inet' ? (4 as const) : (6 as const),
              address: info.local,
              prefixLength: info.prefixlen,
              scope: info.scope,
            },
          ],
    ),
  )
}

export interface HostRoute {
  readonly type: string
  readonly destination: Prefix
  readonly via: string | undefined
  readonly device: string | undefined
  readonly metric: number
  readonly protocol: string
}

/** Routes of one table (number, `main` or `all`). */
export async function readRoutes(family: Family, table: number | 'main' | 'all'): Promise<readonly HostRoute[]> {
  const outcome = await tryRun('ip', [`-${family}`, '-j', 'route', 'show', 'table', String(table)])
  // A table that never held a route "does not exist".
  if (outcome.exit !== 0 && outcome.stderr.includes('does not exist')) return []
  if (outcome.exit !== 0) throw new AditError('host-command-failed', `ip route show: ${outcome.stderr.trim()}`)
  return ROUTES.parse(jsonOrEmpty(outcome.stdout)).flatMap((route) => {
    const destination = parsePrefix(route.dst === 'default' ? ALL[family] : route.dst)
    if (destination === undefined) return []
    const { type, gateway, via, dev, metric, protocol } = route
    return [{ type, destination, via: gateway ?? via?.host, device: dev, metric, protocol }]
  })
}

export interface DefaultRoute {
  readonly device: string
  readonly via: string | undefined
}

/** The default route with the lowest metric in table main, past `excluded` devices; undefined when there is none. */
export async function readDefaultRoute(family: Family, excluded: readonly string[]): Promise<DefaultRoute | undefined> {
  const candidates = (await readRoutes(family, 'main'))
    .filter((route) => route.type === 'unicast' && route.destination.length === 0)
    .filter((route) => route.device !== undefined && !excluded.includes(route.device))
    .toSorted((left, right) => left.metric - right.metric)
  const best = candidates.at(0)
  return best?.device === undefined ? undefined : { device: best.device, via: best.via }
}

/** Prefixes that are on a link of this host: from its addresses and from its routes without a gateway. */
export async function readOnLinkPrefixes(excluded: readonly string[]): Promise<readonly string[]> {
  const prefixes = new Set<string>()
  for (const { device, address, prefixLength } of await readAddresses()) {
    if (!excluded.includes(device)) prefixes.add(formatPrefix(maskedPrefix(parseIp(address)!, prefixLength)))
  }
  for (const family of [4, 6] as const) {
    for (const route of await readRoutes(family, 'main')) {
      const onLink = route.type === 'unicast' && route.via === undefined && route.destination.length > 0
      if (onLink && !excluded.includes(route.device ?? '')) prefixes.add(formatPrefix(route.destination))
    }
  }
  return [...prefixes]
}

export interface PathTo {
  readonly device: string
  readonly via: string | undefined
  readonly source: string | undefined
  /** Bytes of the largest IP packet known to pass: the learned path MTU, else the device's. */
  readonly mtu: number
}

/** How the kernel would reach `address` now (from a socket with `mark`). Throws `host-command-failed` if it would not. */
export async function readPathTo(address: string, mark = 0): Promise<PathTo> {
  if (parseIp(address) === undefined) throw new AditError('host-name', 'route: expected an IP address')
  const marked = mark === 0 ? [] : ['mark', String(mark)]
  const [route] = PATHS.parse(await ipJson(['route', 'get', address, ...marked]))
  const mtu = route.metrics?.find((metric) => metric.mtu !== undefined)?.mtu ?? (await readLink(route.dev))?.mtu ?? 1500
  return { device: route.dev, via: route.gateway, source: route.prefsrc, mtu }
}

export interface LinkState {
  readonly index: number
  readonly mtu: number
  readonly up: boolean
  /** `veth`, `tun`, `bridge`, ...; '' for hardware. */
  readonly kind: string
}

/** undefined when there is no such device. */
export async function readLink(device: string): Promise<LinkState | undefined> {
  checkDeviceName(device)
  const outcome = await tryRun('ip', ['-j', '-d', 'link', 'show', 'dev', device])
  if (outcome.exit !== 0) return undefined
  const [link] = LINKS.parse(JSON.parse(outcome.stdout))
  return { index: link.ifindex, mtu: link.mtu, up: link.flags.includes('UP'), kind: link.linkinfo?.info_kind ?? '' }
}

/** Whether exactly this rule of ours stands. */
export async function hasRule(rule: IpRule): Promise<boolean> {
  const rules = RULES.parse(await ipJson([`-${rule.family}`, '-N', 'rule', 'show']))
  return rules.some(
    (seen) =>
      seen.protocol === ROUTE_PROTOCOL &&
      seen.priority === rule.priority &&
      Number(seen.fwmark ?? 0) === (rule.fwmark ?? rule.notFwmark ?? 0) &&
      (seen.not !== undefined) === (rule.notFwmark !== undefined) &&
      sameDestination(seen, rule) &&
      sameProtocol(seen.ipproto, rule.ipProtocol) &&
      (seen.dport ?? 0) === (rule.destinationPort ?? 0) &&
      (rule.action === 'unreachable'
        ? seen.action === '7' || seen.action === 'unreachable'
        : seen.table === String(rule.action.lookup)),
  )
}

export function ruleArguments(verb: 'add' | 'del', rule: IpRule): string[] {
  const args = [`-${rule.family}`, 'rule', verb, 'pref', String(rule.priority)]
  if (rule.notFwmark !== undefined) args.push('not', 'fwmark', String(rule.notFwmark))
  if (rule.fwmark !== undefined) args.push('fwmark', String(rule.fwmark))
  if (rule.to !== undefined) args.push('to', canonicalPrefix(rule.to))
  if (rule.ipProtocol !== undefined) args.push('ipproto', rule.ipProtocol)
  if (rule.destinationPort !== undefined) args.push('dport', String(rule.destinationPort))
  args.push(...(rule.action === 'unreachable' ? ['unreachable'] : ['lookup', String(rule.action.lookup)]))
  return [...args, 'protocol', ROUTE_PROTOCOL]
}

/** Whether exactly this route of ours stands. */
export async function hasRoute(wanted: IpRoute): Promise<boolean> {
  const destination = canonicalPrefix(wanted.destination)
  return (await readRoutes(wanted.family, wanted.table)).some(
    (route) =>
      route.protocol === ROUTE_PROTOCOL &&
      route.device === wanted.device &&
      route.via === wanted.via &&
      formatPrefix(route.destination) === destination,
  )
}

export function routeArguments(verb: 'add' | 'del', route: IpRoute): string[] {
  checkDeviceName(route.device)
  const via = route.via === undefined ? [] : ['via', route.via]
  const args = [`-${route.family}`, 'route', verb, canonicalPrefix(route.destination), ...via, 'dev', route.device]
  return [...args, 'table', String(route.table), 'proto', ROUTE_PROTOCOL]
}

export async function hasAddress(device: string, prefix: string): Promise<boolean> {
  const { address, length } = hostPrefix(prefix)
  return (await readAddresses()).some(
    (seen) => seen.device === device && seen.address === address && seen.prefixLength === length,
  )
}

export function addressArguments(verb: 'add' | 'del', change: { device: string; prefix: string }): string[] {
  checkDeviceName(change.device)
  const { address, length } = hostPrefix(change.prefix)
  // Duplicate address detection has no neighbours to ask on a tunnel, and would hold the address back for a second.
  const nodad = verb === 'add' && address.includes(':') ? ['nodad'] : []
  return ['address', verb, `${address}/${length}`, 'dev', change.device, ...nodad]
}

/** `ip -N` writes numbers as `ipproto-6`. */
function sameProtocol(seen: string | undefined, wanted: IpRule['ipProtocol']): boolean {
  return wanted === undefined
    ? seen === undefined
    : seen === wanted || seen === (wanted === 'tcp' ? 'ipproto-6' : 'ipproto-17')
}

function sameDestination(seen: z.infer<typeof RULES>[number], rule: IpRule): boolean {
  if (rule.to === undefined) return seen.dst === undefined
  if (seen.dst === undefined) return false
  const length = seen.dstlen === undefined ? '' : `/${seen.dstlen}`
  return canonicalPrefix(seen.dst + length) === canonicalPrefix(rule.to)
}

/** An address with its prefix length, host bits kept. */
function hostPrefix(text: string): { address: string; length: number } {
  const prefix = parsePrefix(text)
  const [address] = text.split('/')
  if (prefix === undefined)
    throw new AditError('host-name', `address: expected ADDRESS/LENGTH, got ${JSON.stringify(text)}`)
  return { address, length: prefix.length }
}

function canonicalPrefix(text: string): string {
  const prefix = parsePrefix(text)
  if (prefix === undefined)
    throw new AditError('host-name', `prefix: expected ADDRESS/LENGTH, got ${JSON.stringify(text)}`)
  return formatPrefix(prefix)
}

async function ipJson(args: readonly string[]): Promise<unknown> {
  return jsonOrEmpty((await run('ip', ['-j', ...args])).stdout)
}

/** `ip -j` prints nothing at all, not `[]`, for some empty listings. */
function jsonOrEmpty(text: string): unknown {
  return text.trim() === '' ? [] : JSON.parse(text)
}

const ALL: Record<Family, string> = { 4: '0.0.0.0/0', 6: '::/0' }

const ADDRESSES = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(
      z.object({
        family: z.enum(['inet', 'inet6']),
        local: z.string().optional(),
        prefixlen: z.int(),
        scope: z.string().default('global'),
      }),
    ),
  }),
)
const ROUTES = z.array(
  z.object({
    type: z.string().default('unicast'),
    dst: z.string(),
    gateway: z.string().optional(),
    /** A next hop of the other family. */
    via: z.object({ host: z.string() }).optional(),
    dev: z.string().optional(),
    metric: z.int().default(0),
    protocol: z.string().default(''),
  }),
)
const PATHS = z
  .array(
    z.object({
      dev: z.string(),
      gateway: z.string().optional(),
      prefsrc: z.string().optional(),
      metrics: z.array(z.object({ mtu: z.int().optional() })).optional(),
    }),
  )
  .min(1)
const LINKS = z
  .array(
    z.object({
      ifindex: z.int(),
      mtu: z.int(),
      flags: z.array(z.string()),
      linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    }),
  )
  .min(1)
const RULES = z.array(
  z.object({
    priority: z.int(),
    not: z.null().optional(),
    fwmark: z.string().optional(),
    dst: z.string().optional(),
    dstlen: z.int().optional(),
    ipproto: z.string().optional(),
    dport: z.int().optional(),
    table: z.string().optional(),
    action: z.string().optional(),
    protocol: z.string().default(''),
  }),
)

/**
 * The resolvers of this host: whom it asks now (a provider's upstream), and asking the tunnel's instead (a consumer).
 */
import { existsSync, readFileSync } from 'node:fs'
import { AditError } from '#base/errors.ts'
import { parseIp } from '#base/ip.ts'
import type { ChangeOf } from './changes.ts'
import { isMountPoint, readFileState } from './files.ts'
import { inHostNetworkNamespace } from './namespaces.ts'
import { tryRun } from './run.ts'

export interface SystemResolver {
  readonly servers: readonly string[]
  /** Domains that are searched for short names: local ones. */
  readonly searchDomains: readonly string[]
}

/**
 * Upstream resolvers, in order. Where resolv.conf names systemd-resolved's stub, the servers behind it. Throws
 * `host-no-resolver` when there are none.
 */
export function readSystemResolver(path = RESOLV_CONF): SystemResolver {
  const own = parseResolvConf(readTextOrEmpty(path))
  const isStub =
    own.servers.length > 0 && own.servers.every((server) => server === '127.0.0.53' || server === '127.0.0.54')
  const behind = isStub ? parseResolvConf(readTextOrEmpty(RESOLVED_UPSTREAMS)) : own
  // A stub whose upstreams are not written down still answers itself.
  const resolver = behind.servers.length > 0 ? behind : own
  if (resolver.servers.length > 0) return resolver
  throw new AditError('host-no-resolver', `${path}: no nameserver`, {
    remedy: 'write a nameserver line, or name the resolver in the configuration',
  })
}

/** resolv.conf(5). Addresses that are not plain IP addresses (zone indices) are left out. */
export function parseResolvConf(text: string): SystemResolver {
  const servers: string[] = []
  let searchDomains: readonly string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver' && values.length > 0 && parseIp(values[0]) !== undefined) servers.push(values[0])
    // The last of several `search` or `domain` lines counts.
    if (keyword === 'search' || keyword === 'domain') searchDomains = values
  }
  return { servers, searchDomains }
}

/**
 * The change that makes this system ask `servers`, reached by `device`: systemd-resolved's link settings where it runs
 * and is this namespace's, else the file. Reads only; the journal makes it.
 */
export async function resolverChange(
  device: string,
  servers: readonly string[],
): Promise<ChangeOf<'file'> | ChangeOf<'resolvedLink'>> {
  if (await resolvedServesUs()) return { kind: 'resolvedLink', device, servers: [...servers] }
  return {
    kind: 'file',
    path: RESOLV_CONF,
    before: readFileState(RESOLV_CONF),
    ours: emitResolvConf(servers),
    inPlace: isMountPoint(RESOLV_CONF),
  }
}

/** EDNS0 lets answers exceed 512 bytes: the tunnel's resolver speaks UDP only. */
export function emitResolvConf(servers: readonly string[]): string {
  const named = servers.map((server) => `nameserver ${server}\n`).join('')
  return `# Written by Adit while its tunnel is up; \`adit disconnect\` restores what stood here.\n${named}options edns0\n`
}

/** Its sockets are visible from other network namespaces too, where its link numbers mean other devices. */
async function resolvedServesUs(): Promise<boolean> {
  if (!existsSync(RESOLVED_SOCKET) || !inHostNetworkNamespace()) return false
  try {
    return (await tryRun('resolvectl', ['status', '--no-pager'])).exit === 0
  } catch (cause) {
    if (cause instanceof AditError && cause.code === 'host-command-missing') return false
    throw cause
  }
}

function readTextOrEmpty(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

const RESOLV_CONF = '/etc/resolv.conf'
const RESOLVED_SOCKET = '/run/systemd/resolve/io.systemd.Resolve'
const RESOLVED_UPSTREAMS = '/run/systemd/resolve/resolv.conf'

/** What this process is on this host: root or not, in which namespaces, and whether it may make a tunnel device. */
import { accessSync, closeSync, constants, openSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'

export interface Standing {
  /** Root of the host itself, not of a user namespace. */
  readonly hostRoot: boolean
  /** May configure this network namespace (CAP_NET_ADMIN). */
  readonly netAdmin: boolean
  readonly networkNamespace: string
  /** `reason` is one line for the user. */
  readonly tun: { readonly usable: true } | { readonly usable: false; readonly reason: string }
}

export function readStanding(): Standing {
  const netAdmin = hasCapability(CAP_NET_ADMIN)
  return {
    hostRoot: process.getuid?.() === 0 && inInitialUserNamespace(),
    netAdmin,
    networkNamespace: ownNetworkNamespace(),
    tun: probeTun(netAdmin),
  }
}

/** `/proc/self/uid_map` of the initial user namespace maps all ids to themselves. */
export function inInitialUserNamespace(): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'))
}

/** `net:[4026531840]`. */
export function ownNetworkNamespace(): string {
  return readlinkSync('/proc/self/ns/net')
}

/** Whether this is the network namespace of process 1, where the host's own services (systemd-resolved) live. */
export function inHostNetworkNamespace(): boolean {
  try {
    return readlinkSync('/proc/1/ns/net') === ownNetworkNamespace()
  } catch {
    // Not allowed to look: then this is a user namespace's, or an unprivileged process that configures nothing.
    return false
  }
}

/** Whether any process lives in `namespace`, or `ip netns` keeps it. */
export function networkNamespaceInUse(namespace: string): boolean {
  const inode = /\[(\d+)\]/.exec(namespace)?.[1]
  for (const name of namesIn('/run/netns')) {
    if (String(statSync(`/run/netns/${name}`, { throwIfNoEntry: false })?.ino) === inode) return true
  }
  for (const name of namesIn('/proc')) {
    if (/^\d+$/.test(name) && linkOf(`/proc/${name}/ns/net`) === namespace) return true
  }
  return false
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/**
 * Start time of a process in clock ticks since boot; '' when there is no such process, or only what its parent has not
 * taken notice of yet (a zombie). With the pid it names one.
 */
export function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // proc(5): the name in parentheses may hold anything, so count from the last one; starttime is field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : fields[19]
  } catch {
    return ''
  }
}

function probeTun(netAdmin: boolean): Standing['tun'] {
  if (!netAdmin) return { usable: false, reason: 'no CAP_NET_ADMIN: run as root, or inside `unshare -Urnm`' }
  try {
    accessSync(TUN_NODE, constants.R_OK | constants.W_OK)
    closeSync(openSync(TUN_NODE, 'r+'))
    return { usable: true }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : 'unknown'
    if (code === 'ENOENT') return { usable: false, reason: `${TUN_NODE} does not exist: the kernel has no TUN device` }
    if (code === 'EACCES' || code === 'EPERM') {
      return { usable: false, reason: `${TUN_NODE} is not open to this user (chmod 0666 by root opens it)` }
    }
    return { usable: false, reason: `${TUN_NODE} cannot be opened: ${String(code)}` }
  }
}

function hasCapability(bit: bigint): boolean {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return line !== null && ((BigInt(`0x${line[1]}`) >> bit) & 1n) === 1n
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

const TUN_NODE = '/dev/net/tun'
/** capability(7). */
const CAP_NET_ADMIN = 12n

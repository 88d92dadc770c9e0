/**
 * Network namespaces for the tests of `src/host`, `src/exit` and `src/guard`. Each lab has an id of its own; what a
 * killed run left is swept by the next one (namespaces whose process is gone).
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** One line why these tests cannot run here, or false: for node:test's `skip`. */
export const skipWithoutRoot: string | false =
  process.getuid?.() === 0 ? false : 'needs root: it makes network namespaces and loads nftables rules'

export class Lab implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'adit-host-'))
  readonly #names = new Set<string>()
  readonly #children = new Set<ChildProcess>()

  constructor() {
    sweepDeadRuns()
  }

  /** A new namespace with its loopback up; the returned name is unique to this run. */
  space(name: string): string {
    const full = `${PREFIX}${process.pid}-${name}`
    mkdirSync(`/etc/netns/${full}`, { recursive: true })
    writeFileSync(`/etc/netns/${full}/resolv.conf`, ORIGINAL_RESOLV_CONF)
    sh('ip', 'netns', 'add', full)
    this.#names.add(full)
    sh('ip', '-n', full, 'link', 'set', 'lo', 'up')
    return full
  }

  /** A cable between two namespaces; the ends are up and have the given addresses. */
  cable(
    left: string,
    leftName: string,
    right: string,
    rightName: string,
    addresses: { left?: string[]; right?: string[] },
  ): void {
    sh('ip', '-n', left, 'link', 'add', leftName, 'type', 'veth', 'peer', 'name', rightName, 'netns', right)
    for (const [space, device, list] of [
      [left, leftName, addresses.left ?? []],
      [right, rightName, addresses.right ?? []],
    ] as const) {
      sh('ip', '-n', space, 'link', 'set', device, 'up')
      for (const prefix of list) {
        sh('ip', '-n', space, 'address', 'add', prefix, 'dev', device, ...(prefix.includes(':') ? ['nodad'] : []))
      }
    }
  }

  /** Starts a TypeScript program inside a namespace and speaks JSON lines with it. */
  start(space: string, script: string, ...args: string[]): Program {
    const program = ['netns', 'exec', space, process.execPath, join(import.meta.dirname, script), ...args]
    const child = spawn('ip', program, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#children.add(child)
    return new Program(child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(Array.from(this.#children, exited))
    for (const name of this.#names) removeSpace(name)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** One child process: a request is a JSON line, so is its answer. */
export class Program {
  readonly child: ChildProcess
  readonly #lines: string[] = []
  readonly #waiting: ((line: string) => void)[] = []

  constructor(child: ChildProcess) {
    this.child = child
    const lines = createInterface({ input: child.stdout! })
    lines.on('line', (line) => {
      const waiter = this.#waiting.shift()
      if (waiter === undefined) this.#lines.push(line)
      else waiter(line)
    })
    lines.on('close', () => {
      for (const waiter of this.#waiting.splice(0)) waiter(JSON.stringify({ ended: true }))
    })
  }

  /** The next line that the program prints, parsed. */
  async next(): Promise<Record<string, unknown>> {
    const line = this.#lines.shift() ?? (await new Promise<string>((resolve) => this.#waiting.push(resolve)))
    return JSON.parse(line) as Record<string, unknown>
  }

  async ask(request: Record<string, unknown>): Promise<Record<string, unknown>> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`)
    return await this.next()
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await exited(this.child)
  }
}

/** Everything of a namespace that Adit may change. */
export function snapshot(space: string): Record<string, string> {
  const inSpace = (...command: string[]): string => sh('ip', 'netns', 'exec', space, ...command)
  return {
    nft: inSpace('nft', 'list', 'ruleset'),
    rules4: inSpace('ip', '-4', 'rule'),
    rules6: inSpace('ip', '-6', 'rule'),
    routes4: inSpace('ip', '-4', 'route', 'show', 'table', 'all'),
    routes6: inSpace('ip', '-6', 'route', 'show', 'table', 'all').replace(/ expires \d+sec/g, ''),
    addresses: inSpace('ip', '-o', 'address').replace(/valid_lft \d+sec|preferred_lft \d+sec/g, ''),
    sysctls: inSpace('sh', '-c', `for key in ${SYSCTLS}; do echo $key $(cat $key 2>/dev/null); done`),
    resolvConf: readFileSync(`/etc/netns/${space}/resolv.conf`, 'utf8'),
  }
}

/** Link-local addresses are tentative for about a second. */
export async function settled(space: string): Promise<void> {
  while (sh('ip', '-n', space, 'address', 'show', 'tentative') !== '')
    await new Promise((done) => setTimeout(done, 100))
}

export function sh(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Runs a short program of `peer.ts` inside a namespace and returns its only answer. */
export function peer(space: string, ...args: string[]): Record<string, unknown> {
  const output = sh('ip', 'netns', 'exec', space, process.execPath, join(import.meta.dirname, 'peer.ts'), ...args)
  return JSON.parse(output) as Record<string, unknown>
}

function sweepDeadRuns(): void {
  for (const name of existsSync('/run/netns') ? readdirSync('/run/netns') : []) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeSpace(name)
  }
}

function removeSpace(name: string): void {
  for (const pid of sh('ip', 'netns', 'pids', name).split('\n').filter(Boolean))
    sh('sh', '-c', `kill -9 ${pid} 2>/dev/null || true`)
  sh('ip', 'netns', 'delete', name)
  rmSync(`/etc/netns/${name}`, { recursive: true, force: true })
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((resolve) => child.once('exit', resolve))
}

const PREFIX = 'adithost-'
export const ORIGINAL_RESOLV_CONF = "# the host's own\nnameserver 192.168.7.1\nsearch home.arpa\n"
const SYSCTLS =
  '/proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_local_* /proc/sys/net/ipv[46]/conf/*/*forwarding ' +
  '/proc/sys/net/ipv6/conf/*/accept_ra /proc/sys/net/ipv4/conf/*/src_valid_mark /proc/sys/net/ipv4/conf/*/rp_filter ' +
  '/proc/sys/net/ipv4/conf/*/accept_redirects'

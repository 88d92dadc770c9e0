/**
 * A lab: hosts in network namespaces of their own, under a run id, so that two labs at once never meet. Nothing of it
 * stands in the machine's own network namespace. Closing it, an interrupt, a failure or the next run's sweep removes
 * all of it.
 */
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Host, holdMounts } from './host.ts'
import { MARKER, processId } from './processes.ts'
import { createRun, handOver, removeRun, type Run } from './registry.ts'
import { labEnvironment, labSupport } from './support.ts'

/** Opens a lab; `kind` names it in `--list`. Throws `LabUnsupported` with one line when this machine has no namespaces. */
export async function openLab(kind: string, needs: { readonly tun: boolean } = { tun: true }): Promise<Lab> {
  const support = labSupport(needs)
  if (!support.ok) throw new LabUnsupported(support.reason)
  const lab = new Lab(createRun(kind))
  openLabs.add(lab)
  installHandlers()
  return await Promise.resolve(lab)
}

export class LabUnsupported extends Error {
  readonly code = 'lab-unsupported'
}

export class Lab implements AsyncDisposable {
  readonly id: string
  /** Files of this run live here and go with it. Small ones: it may be memory. */
  readonly directory: string
  readonly hosts = new Map<string, Host>()
  #run: Run
  #closed = false

  constructor(run: Run) {
    this.#run = run
    this.id = run.record.id
    this.directory = run.directory
  }

  /**
   * Adds a host with nothing but a loopback. `etc` gives it a private /etc with these files replaced
   * (`{ 'resolv.conf': 'nameserver 192.0.2.53\n' }`); without it the host sees the machine's.
   */
  async addHost(name: string, options: { readonly etc?: Readonly<Record<string, string>> } = {}): Promise<Host> {
    if (this.hosts.has(name)) throw new Error(`there is already a host ${name}`)
    const netns = join(this.directory, 'ns', name)
    writeFileSync(netns, '')
    execFileSync('unshare', [`--net=${netns}`, 'true'], { env: labEnvironment() })
    const holder = options.etc === undefined ? undefined : await holdMounts(this.#run, name, options.etc)
    if (holder !== undefined) writeFileSync(join(this.directory, 'hosts', name, 'holder'), String(holder))
    const host = new Host(this.#run, name, holder)
    this.hosts.set(name, host)
    await host.ip('link set lo up')
    // Duplicate address detection would delay every address by a second or two.
    await host.sysctl({ 'net.ipv6.conf.all.accept_dad': 0, 'net.ipv6.conf.default.accept_dad': 0 })
    return host
  }

  host(name: string): Host {
    const host = this.hosts.get(name)
    if (host === undefined) throw new Error(`no host ${name} in this lab`)
    return host
  }

  /** Leaves the lab running after this process, for at most `ms`; another process ends it then. */
  async keep(ms: number, clean: readonly string[]): Promise<Date> {
    const script = 'sleep "$1"; shift; exec "$@"'
    // It carries the marker, so that whoever ends the run earlier ends it and its `sleep`, too.
    const keeper = spawn('sh', ['-c', script, 'sh', String(ms / 1000), ...clean], {
      env: { ...labEnvironment(), [MARKER]: this.id },
      detached: true,
      stdio: 'ignore',
    })
    await delay(20)
    const owner = keeper.pid === undefined ? undefined : processId(keeper.pid)
    if (owner === undefined) throw new Error('could not start the process that ends a kept run')
    keeper.unref()
    const expiresAt = Date.now() + ms
    this.#run = handOver(this.#run, owner, expiresAt)
    this.#closed = true
    openLabs.delete(this)
    return new Date(expiresAt)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    openLabs.delete(this)
    removeRun(this.#run)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await Promise.resolve()
  }
}

/** Closes every open lab: also from an exit handler, hence synchronous. */
export function closeLabs(): void {
  for (const lab of openLabs) lab.close()
}

function installHandlers(): void {
  if (installed) return
  installed = true
  process.on('exit', closeLabs)
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => process.exit(128 + number))
  }
}

let installed = false
const openLabs = new Set<Lab>()
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

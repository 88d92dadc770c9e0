/**
 * The provider's exit: routed NAT for the tunnel device. Opening it stands the filter first, then the tunnel's
 * addresses, then forwarding; closing undoes these in reverse, exactly.
 */
import { GATEWAY_4, GATEWAY_6, INNER_PREFIX_4, INNER_PREFIX_6, type InnerAddresses } from '#base/addressing.ts'
import { AditError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { EntryId, Journal } from '#host/journal.ts'
import { configureLink } from '#host/link.ts'
import { applyRuleset } from '#host/nft.ts'
import { readLocalPorts } from '#host/ports.ts'
import { readAddresses, readDefaultRoute, readOnLinkPrefixes } from '#host/routes.ts'
import { tryRun } from '#host/run.ts'
import { readSysctl, setSysctl } from '#host/sysctl.ts'
import { exitRules, type ExitRulesInput, type OpenConsumer, type Strangers } from './filter.ts'
import { applyForwarding, planForwarding } from './forwarding.ts'
import { addConsumerRules, removeConsumerRules } from './nat.ts'
import { refusedDestinations } from './policy.ts'
import { candidateBlocks, formatPortRanges, MIN_BLOCKS, openPortPool, parsePortRanges, RESERVED_POOL } from './ports.ts'
import type { PortPool } from './ports.ts'
import type { Exit, ExitLimits, ExitOptions, PortBlock } from './types.ts'

/**
 * Opens the exit. Throws `host-no-uplink` without any default route, `exit-option` for an option out of range,
 * `host-occupied` when the table's name is taken; whatever was done until then is undone.
 */
export async function openExit(options: ExitOptions): Promise<Exit> {
  checkOptions(options)
  const limits = { ...defaultLimits(), ...options.limits }
  const uplink = await findUplink(options)
  const plan = await planForwarding(options.tunName, uplink.device4, uplink.device6)
  const made: EntryId[] = []
  const { journal } = options
  try {
    const { pool, reserved } = await openPool(journal, limits, options.reservedPorts)
    made.push(...reserved)
    const table = `adit_exit_${options.instance}`
    made.push(await journal.apply({ kind: 'nftTable', family: 'inet', name: table, owner: options.instance }))
    const exit = new NatExit({ options, limits, table, pool, made, strangers: plan.strangers, uplink })
    await exit.refresh()
    const prefixes = [`${GATEWAY_4}/${lengthOf(INNER_PREFIX_4)}`, `${GATEWAY_6}/${lengthOf(INNER_PREFIX_6)}`]
    made.push(...(await configureLink(journal, { device: options.tunName, prefixes })))
    made.push(...(await applyForwarding(journal, plan)))
    return exit
  } catch (cause) {
    await undoInReverse(journal, made)
    throw cause
  }
}

interface NatExitParts {
  readonly options: ExitOptions
  readonly limits: ExitLimits
  readonly table: string
  readonly pool: PortPool
  /** Journal entries of this exit, oldest first. */
  readonly made: EntryId[]
  readonly strangers: Strangers
  readonly uplink: Exit['uplink']
}

/** Owns the nft table, the tunnel's addresses and the forwarding settings. */
class NatExit implements Exit {
  readonly #parts: NatExitParts
  readonly #log: Log
  readonly #consumers = new Map<string, OpenConsumer>()
  #uplink: Exit['uplink']
  #strangers: Strangers
  /** Changes wait for each other: a refresh must not write an older list of consumers. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: NatExitParts) {
    this.#parts = parts
    this.#log = parts.options.log
    this.#uplink = parts.uplink
    this.#strangers = parts.strangers
  }

  get uplink(): Exit['uplink'] {
    return this.#uplink
  }

  addConsumer(addresses: InnerAddresses): Promise<PortBlock> {
    return this.#inTurn(async () => {
      if (this.#consumers.has(addresses.address4)) throw new AditError('exit-consumer', 'consumer: already open')
      const block = this.#parts.pool.take(readLocalPorts())
      if (block === undefined) {
        throw new AditError(
          'exit-ports-exhausted',
          `no block of ${this.#parts.limits.portsPerConsumer} ports is free`,
          {
            remedy: 'serve fewer consumers, or set a smaller portsPerConsumer',
          },
        )
      }
      const consumer = { addresses, block }
      try {
        await applyRuleset(addConsumerRules(this.#parts.table, consumer))
      } catch (cause) {
        this.#parts.pool.give(block)
        throw cause
      }
      this.#consumers.set(addresses.address4, consumer)
      this.#log.debug({ firstPort: block.first, lastPort: block.last }, 'exit opened to a consumer')
      return block
    })
  }

  removeConsumer(address4: string): Promise<void> {
    return this.#inTurn(async () => {
      const consumer = this.#consumers.get(address4)
      if (consumer === undefined) return
      this.#consumers.delete(address4)
      try {
        await applyRuleset(removeConsumerRules(this.#parts.table, consumer))
      } catch (cause) {
        // The table is gone or not as we left it: written anew, it knows this consumer no more.
        this.#log.warn({ error: String(cause) }, 'the exit is written anew')
        await this.#rewrite()
      }
      await forgetFlows(consumer.addresses)
      this.#parts.pool.give(consumer.block)
      this.#log.debug({ firstPort: consumer.block.first }, 'exit closed to a consumer')
    })
  }

  refresh(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#followUplink()
      await this.#rewrite()
    })
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      const { made, options } = this.#parts
      // Packets stop first: the table goes last, after forwarding is off again.
      await undoInReverse(options.journal, made)
      for (const consumer of this.#consumers.values()) await forgetFlows(consumer.addresses)
      this.#consumers.clear()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The whole ruleset; another program's flush may have taken the table, which is then made again. */
  async #rewrite(): Promise<void> {
    const { table, options } = this.#parts
    await options.journal.ensure({ kind: 'nftTable', family: 'inet', name: table, owner: options.instance })
    await applyRuleset(exitRules(await this.#rulesInput()))
  }

  /** The default route may move to another device; the old one keeps its settings until the exit closes. */
  async #followUplink(): Promise<void> {
    const { options, made } = this.#parts
    const now = await findUplink(options).catch(() => this.#uplink)
    if (now.device4 === this.#uplink.device4 && now.device6 === this.#uplink.device6) return
    const plan = await planForwarding(options.tunName, now.device4, now.device6)
    this.#strangers = unionOf(this.#strangers, plan.strangers)
    this.#uplink = now
    await applyRuleset(exitRules(await this.#rulesInput()))
    made.push(...(await applyForwarding(options.journal, plan)))
    this.#log.info({ device4: now.device4, device6: now.device6 }, 'the uplink changed')
  }

  async #rulesInput(): Promise<ExitRulesInput> {
    const { table, options, limits } = this.#parts
    return {
      table,
      tun: options.tunName,
      uplink4: this.#uplink.device4,
      uplink6: this.#uplink.device6,
      refused: await readRefused(options),
      limits,
      consumers: [...this.#consumers.values()],
      strangers: this.#strangers,
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work, work)
    this.#turn = result.catch(() => undefined)
    return result
  }
}

async function findUplink({ uplink, tunName }: ExitOptions): Promise<Exit['uplink']> {
  const of = async (family: 4 | 6): Promise<string | undefined> => {
    const device = (await readDefaultRoute(family, [tunName]))?.device
    return uplink === undefined || device === uplink ? device : undefined
  }
  const found = { device4: await of(4), device6: await of(6) }
  if (found.device4 !== undefined || found.device6 !== undefined) return found
  throw new AditError(
    'host-no-uplink',
    `no default route${uplink === undefined ? '' : ` by ${uplink}`} in either family`,
    {
      remedy: 'connect this machine to the internet, or name the uplink in the configuration',
    },
  )
}

async function readRefused({ tunName, extraRefused }: ExitOptions): Promise<ReturnType<typeof refusedDestinations>> {
  const gateways = await Promise.all(([4, 6] as const).map((family) => readDefaultRoute(family, [tunName])))
  return refusedDestinations({
    ownAddresses: (await readAddresses()).filter((own) => own.device !== tunName).map((own) => own.address),
    onLinkPrefixes: await readOnLinkPrefixes([tunName]),
    gateways: gateways.flatMap((route) => route?.via ?? []),
    extra: extraRefused,
  })
}

/**
 * Blocks stand outside the ephemeral ports. A host that made nearly all ports ephemeral gets a part of them reserved:
 * `ip_local_reserved_ports` keeps the kernel from choosing them.
 */
async function openPool(
  journal: Journal,
  limits: ExitLimits,
  reservedPorts: readonly number[],
): Promise<{ pool: PortPool; reserved: readonly EntryId[] }> {
  const size = limits.portsPerConsumer
  const avoided = reservedPorts.map((port) => ({ first: port, last: port }))
  const [first, last] = (readSysctl('net/ipv4/ip_local_port_range') ?? '32768 60999').split(/\s+/).map(Number)
  const outside = [...avoided, { first, last }]
  if (candidateBlocks(size, outside).length >= MIN_BLOCKS) return { pool: openPortPool(size, outside), reserved: [] }
  const key = 'net/ipv4/ip_local_reserved_ports'
  const merged = formatPortRanges([...parsePortRanges(readSysctl(key) ?? ''), RESERVED_POOL])
  const id = await setSysctl(journal, key, merged)
  const rest = [
    { first: 1, last: RESERVED_POOL.first - 1 },
    { first: RESERVED_POOL.last + 1, last: 65_535 },
  ]
  return { pool: openPortPool(size, [...avoided, ...rest]), reserved: id === undefined ? [] : [id] }
}

/** Connections of a closed session would otherwise live on in the table until they time out; they pass no filter. */
async function forgetFlows({ address4, address6 }: InnerAddresses): Promise<void> {
  for (const [family, source] of [
    ['ipv4', address4],
    ['ipv6', address6],
  ]) {
    // Exit status 1 is "none were there"; without the program they expire.
    await tryRun('conntrack', ['-D', '-f', family, '-s', source]).catch((cause: unknown) => {
      if (!(cause instanceof AditError) || cause.code !== 'host-command-missing') throw cause
    })
  }
}

async function undoInReverse(journal: Journal, made: EntryId[]): Promise<void> {
  for (const id of made.toReversed()) await journal.undo(id)
  made.length = 0
}

function unionOf(left: Strangers, right: Strangers): Strangers {
  const join = (first: readonly string[], second: readonly string[]): string[] => [...new Set([...first, ...second])]
  return {
    from4: join(left.from4, right.from4),
    from6: join(left.from6, right.from6),
    all6: left.all6 || right.all6,
    bridges: join(left.bridges, right.bridges),
  }
}

function checkOptions({ instance, limits }: ExitOptions): void {
  if (!/^[a-z0-9_]{1,16}$/.test(instance)) {
    throw new AditError('exit-option', `instance: expected 1 to 16 of a-z 0-9 _, got ${JSON.stringify(instance)}`)
  }
  for (const [name, value] of Object.entries(limits ?? {})) {
    if (!Number.isInteger(value) || value < 1) {
      throw new AditError('exit-option', `${name}: expected a positive integer, got ${value}`)
    }
  }
}

/** The household shares the connection table: a consumer gets at most a sixteenth of it. */
function defaultLimits(): ExitLimits {
  const tableSize = Number(readSysctl('net/netfilter/nf_conntrack_max') ?? 65_536)
  return {
    portsPerConsumer: 512,
    flowsPerConsumer: Math.max(64, Math.min(2048, Math.floor(tableSize / 16))),
    newFlowsPerSecond: 100,
    newFlowsBurst: 400,
  }
}

function lengthOf(range: string): string {
  return range.slice(range.indexOf('/') + 1)
}

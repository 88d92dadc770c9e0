/**
 * Switches forwarding on for the tunnel and the uplink alone, through the journal, and says what must be dropped so that
 * it stays off for everybody else.
 */
import { existsSync, readdirSync } from 'node:fs'
import type { EntryId, Journal } from '#host/journal.ts'
import { readLink } from '#host/routes.ts'
import { deviceSysctl, readSysctl, setSysctl } from '#host/sysctl.ts'
import type { Strangers } from './filter.ts'

export interface ForwardingPlan {
  readonly strangers: Strangers
  /** Settings in the order in which they must be made. */
  readonly settings: readonly { readonly key: string; readonly value: string }[]
}

/**
 * `global6` forces the way of kernels before 6.17, which have no per-device IPv6 forwarding. Nothing is changed yet:
 * the filter that the plan asks for must stand first.
 */
export async function planForwarding(
  tun: string,
  uplink4: string | undefined,
  uplink6: string | undefined,
  global6 = !existsSync(`/proc/sys/${deviceSysctl(6, tun, 'force_forwarding')}`),
): Promise<ForwardingPlan> {
  const four = uplink4 === undefined ? NOTHING : planIpv4(tun, uplink4)
  const six = uplink6 === undefined ? NOTHING : global6 ? planIpv6Global() : planIpv6(tun, uplink6)
  const bridges: string[] = []
  for (const name of new Set([uplink4, uplink6])) {
    if (name !== undefined && (await readLink(name))?.kind === 'bridge') bridges.push(name)
  }
  return {
    settings: [...four.settings, ...six.settings],
    strangers: { from4: four.from, from6: six.from, all6: six.all, bridges },
  }
}

export async function applyForwarding(journal: Journal, plan: ForwardingPlan): Promise<readonly EntryId[]> {
  const made: EntryId[] = []
  for (const { key, value } of plan.settings) {
    const id = await setSysctl(journal, key, value)
    if (id !== undefined) made.push(id)
  }
  return made
}

interface FamilyPlan {
  readonly settings: ForwardingPlan['settings']
  readonly from: readonly string[]
  readonly all: boolean
}

/** The kernel asks the device on which a packet arrived; `ip_forward` itself would change every device. */
function planIpv4(tun: string, uplink: string): FamilyPlan {
  const wasOff = readSysctl(deviceSysctl(4, uplink, 'forwarding')) === '0'
  return {
    settings: [tun, uplink].map((name) => ({ key: deviceSysctl(4, name, 'forwarding'), value: '1' })),
    from: wasOff ? [uplink] : [],
    all: false,
  }
}

/** `force_forwarding` forwards without making the host a router: it goes on accepting router advertisements. */
function planIpv6(tun: string, uplink: string): FamilyPlan {
  if (readSysctl(ALL_FORWARDING_6) === '1') return NOTHING
  const wasOff = readSysctl(deviceSysctl(6, uplink, 'force_forwarding')) === '0'
  return {
    settings: [tun, uplink].map((name) => ({ key: deviceSysctl(6, name, 'force_forwarding'), value: '1' })),
    from: wasOff ? [uplink] : [],
    all: false,
  }
}

/**
 * `all.forwarding` deletes the default routes learned from router advertisements and ignores further ones, so that the
 * provider would lose its own IPv6 (measured): `accept_ra=2` keeps them and must be set before. It also overwrites every
 * device's `forwarding`; where that was 1, it is put to 0 first, so that undoing in reverse ends with 1 again. That 1
 * deletes the same routes once more, so `accept_ra` is first of all and is undone last.
 */
function planIpv6Global(): FamilyPlan {
  if (readSysctl(ALL_FORWARDING_6) === '1') return NOTHING
  const names = readdirSync('/proc/sys/net/ipv6/conf').filter((name) => name !== 'all')
  const where = (setting: string, value: string) =>
    names.map((name) => `net/ipv6/conf/${name}/${setting}`).filter((key) => readSysctl(key) === value)
  const acceptances = where('accept_ra', '1').map((key) => ({ key, value: '2' }))
  const switches = where('forwarding', '1').map((key) => ({ key, value: '0' }))
  return { settings: [...acceptances, ...switches, { key: ALL_FORWARDING_6, value: '1' }], from: [], all: true }
}

const ALL_FORWARDING_6 = 'net/ipv6/conf/all/forwarding'
const NOTHING: FamilyPlan = { settings: [], from: [], all: false }

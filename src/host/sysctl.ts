/** Kernel settings below /proc/sys, which are per network namespace where they concern the network. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { AditError } from '#base/errors.ts'
import { checkDeviceName } from './nft.ts'
import type { EntryId, Journal } from './journal.ts'

/** Trimmed value, or undefined where this kernel has no such setting. `key` is a path: `net/ipv4/ip_forward`. */
export function readSysctl(key: string): string | undefined {
  const path = pathOf(key)
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
}

export function writeSysctl(key: string, value: string): void {
  writeFileSync(pathOf(key), `${value}\n`)
}

/** Sets `key` through the journal; nothing is recorded when it already has the value. */
export async function setSysctl(journal: Journal, key: string, ours: string): Promise<EntryId | undefined> {
  const before = readSysctl(key)
  if (before === undefined) throw new AditError('host-name', `sysctl: this kernel has no ${key}`)
  return before === ours ? undefined : await journal.apply({ kind: 'sysctl', key, before, ours })
}

/** The key of a device's setting, e.g. `net/ipv6/conf/eth0/accept_ra`. */
export function deviceSysctl(family: 4 | 6, device: string, name: string): string {
  checkDeviceName(device)
  return `net/ipv${family}/conf/${device}/${name}`
}

function pathOf(key: string): string {
  if (!/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)+$/.test(key) || key.split('/').includes('..')) {
    throw new AditError('host-name', `sysctl: expected a path below /proc/sys, got ${JSON.stringify(key)}`)
  }
  return `/proc/sys/${key}`
}

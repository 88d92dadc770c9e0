/** A tunnel device's addresses, MTU and state. */
import { AditError } from '#base/errors.ts'
import type { Millis } from '#base/clock.ts'
import type { EntryId, Journal } from './journal.ts'
import { checkDeviceName } from './nft.ts'
import { readLink } from './routes.ts'
import { run } from './run.ts'

export interface LinkSettings {
  readonly device: string
  /** `ADDRESS/LENGTH`, either family. */
  readonly prefixes: readonly string[]
  readonly mtu?: number
}

/** Brings `device` up with its addresses, which go through the journal. The device must exist. */
export async function configureLink(journal: Journal, settings: LinkSettings): Promise<readonly EntryId[]> {
  const { device, prefixes, mtu } = settings
  checkDeviceName(device)
  if ((await readLink(device)) === undefined) throw new AditError('host-name', `device: there is no ${device}`)
  // Without it the kernel makes up a link-local address and talks to neighbours that a tunnel does not have.
  await run('ip', ['link', 'set', 'dev', device, 'addrgenmode', 'none'])
  await run('ip', ['link', 'set', 'dev', device, ...(mtu === undefined ? [] : ['mtu', String(mtu)]), 'up'])
  const made: EntryId[] = []
  for (const prefix of prefixes) made.push(await journal.ensure({ kind: 'address', device, prefix }))
  return made
}

/** Waits until `device` exists. Throws the signal's reason. */
export async function waitForLink(device: string, signal: AbortSignal, everyMs: Millis = 50): Promise<void> {
  while ((await readLink(device)) === undefined) {
    signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

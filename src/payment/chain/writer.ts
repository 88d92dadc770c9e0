/** A chain, its contracts and a sender: what every writing call takes; and how one call becomes a stored transaction. */
import { randomBytes } from 'node:crypto'
import { keccak256 } from 'viem'
import { AditError } from '#base/errors.ts'
import type { ChainContext, WaitOptions } from './client.ts'
import { decodeLogs } from './events.ts'
import type { Receipt, Sender } from './sender.ts'
import type { Address, ChainEvent, Hex } from './types.ts'

export interface ChainWriter extends ChainContext {
  readonly sender: Sender
}

export interface WriteOptions extends WaitOptions {
  /**
   * Names the intention for the sender's store: a repeated call with the same key never sends twice, also after a crash.
   * Where a call has an obvious one (a channel opened, an amount claimed) it is the default, else a fresh one.
   */
  readonly key?: string
}

/** What was included, and what our contracts logged in it. */
export interface Written extends Receipt {
  readonly events: readonly ChainEvent[]
}

export async function write(
  writer: ChainWriter,
  call: { readonly to: Address; readonly data: Hex; readonly key: string },
  options: WriteOptions,
): Promise<Written> {
  const receipt = await writer.sender.send({ ...call, key: options.key ?? call.key }, options)
  return { ...receipt, events: decodeLogs(writer.deployment, receipt.logs) }
}

/** A key for a call that may well be meant twice: only the caller knows. */
export function freshKey(name: string): string {
  return `${name}:${randomBytes(12).toString('hex')}`
}

/** A key for a call that is meant once with the same content. */
export function contentKey(name: string, data: Hex): string {
  return `${name}:${keccak256(data).slice(2, 26)}`
}

/** The event that a successful call of our own contract must have logged. */
export function eventOf<K extends ChainEvent['kind']>(written: Written, kind: K): Extract<ChainEvent, { kind: K }> {
  const event = written.events.find((one): one is Extract<ChainEvent, { kind: K }> => one.kind === kind)
  if (event === undefined) throw new AditError('chain-error', `transaction: no ${kind} event in the receipt`)
  return event
}

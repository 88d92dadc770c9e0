/**
 * Which keypairs a peer has (white paper §6.3). The keys themselves lie where packets are: here is only their order.
 * At most three live at a time:
 *
 *   current   what we send with; undefined without a session
 *   next      made by us as responder, not yet confirmed by a packet; receives, never sends
 *   others    former ones: they still receive what is on its way, so a rekey loses nothing
 */
import type { Millis } from '#base/clock.ts'
import { REJECT_AFTER_TIME_MS } from './constants.ts'

export interface Keypair {
  readonly localIndex: number
  readonly role: 'initiator' | 'responder'
  readonly createdMs: Millis
}

export interface Session {
  /** Oldest first; includes `current` and `next`. */
  keypairs: readonly Keypair[]
  current: Keypair | undefined
  next: Keypair | undefined
}

export function createSession(): Session {
  return { keypairs: [], current: undefined, next: undefined }
}

/** We initiated, so the peer already has the keys: send with them at once. Returns what has to be dropped. */
export function addInitiated(session: Session, keypair: Keypair): readonly Keypair[] {
  session.current = keypair
  // An unconfirmed `next` becomes a former keypair: both sides may have initiated at once, and the peer sends on it.
  session.next = undefined
  return trimmed(session, [...session.keypairs, keypair])
}

/** We answered. The initiator confirms with its first packet; until then we send on `current`. */
export function addResponded(session: Session, keypair: Keypair): readonly Keypair[] {
  const replaced = session.next
  session.next = keypair
  const dropped = trimmed(
    session,
    [...session.keypairs, keypair].filter((kept) => kept !== replaced),
  )
  return replaced === undefined ? dropped : [replaced, ...dropped]
}

/** A first authentic packet came on `next`. False where `localIndex` is not `next` (any more). */
export function confirmNext(session: Session, localIndex: number): boolean {
  if (session.next?.localIndex !== localIndex) return false
  session.current = session.next
  session.next = undefined
  return true
}

/** Takes away what is older than REJECT_AFTER_TIME, and returns it. */
export function dropExpired(session: Session, nowMs: Millis): readonly Keypair[] {
  const expired = session.keypairs.filter((keypair) => nowMs >= expiryOf(keypair))
  if (expired.length === 0) return expired
  session.keypairs = session.keypairs.filter((keypair) => nowMs < expiryOf(keypair))
  if (session.current !== undefined && expired.includes(session.current)) session.current = undefined
  if (session.next !== undefined && expired.includes(session.next)) session.next = undefined
  return expired
}

export function nextExpiry(session: Session): Millis {
  return session.keypairs.length === 0 ? Infinity : expiryOf(session.keypairs[0])
}

function expiryOf(keypair: Keypair): Millis {
  return keypair.createdMs + REJECT_AFTER_TIME_MS
}

/** Keeps the newest three, and `current` in any case. */
function trimmed(session: Session, keypairs: readonly Keypair[]): readonly Keypair[] {
  const former = keypairs.filter((keypair) => keypair !== session.current && keypair !== session.next)
  const room = MAX_KEYPAIRS - (keypairs.length - former.length)
  const dropped = former.slice(0, Math.max(0, former.length - room))
  session.keypairs = keypairs.filter((keypair) => !dropped.includes(keypair))
  return dropped
}

const MAX_KEYPAIRS = 3

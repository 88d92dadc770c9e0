/** What billing tells a consumer, and what follows: a pause noted, a session broken off, a deposit raised. */
import { SECOND_MS } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { subUnitsFloor } from '#base/units/money.ts'
import type { ConsumerEvent } from '#payment/channel/consumer-state.ts'
import { pause, type ChainAccess } from './chain-access.ts'
import { addDeposit } from './consumer-channel.ts'
import { ENDING_PAUSES } from './consumer-decisions.ts'
import { stopAtLimit } from './consumer-loop.ts'
import { spentOf, type ConsumerParts, type LiveConnection } from './consumer.ts'

/** `breakOff` ends the session that billed it. */
export function handleBilling(parts: ConsumerParts, event: ConsumerEvent, breakOff: (reason: string) => void): void {
  const { options, store, live } = parts
  const id = live?.session.id
  const note = (state: 'open' | 'paused' | 'closing', reason?: string): void => {
    if (id !== undefined) store.sessions.setState(id, 'payer', state, reason)
  }
  switch (event.kind) {
    case 'service-open':
      note('open')
      break
    case 'paused':
      options.log.warn({ reason: event.reason, unexplained: event.unexplainedBytes }, 'the provider paused the session')
      note('paused', event.reason)
      // Who disputes once disputes again, for another session fee each time.
      if (event.reason === 'loss-disputed') shun(parts)
      if (ENDING_PAUSES.includes(event.reason)) breakOff(event.reason)
      break
    case 'provider-closing':
      note('closing')
      break
    case 'refused':
      options.log.debug({ code: event.code }, 'a voucher was refused')
      break
    case 'top-up-wanted':
      if (live !== undefined && parts.access !== undefined) void addMoney(parts, live, parts.access)
      break
    case 'held':
      options.log.warn({ code: event.code }, 'nothing is signed for now')
      if (event.code === 'limit-session') void reachLimit(parts)
      break
    case 'resumed':
      options.log.info({}, 'signing again')
      break
    case 'stopped':
      shun(parts)
      breakOff(event.code)
      break
    case 'provider-withholds':
      shun(parts)
      breakOff('provider-withholds')
      break
    case 'provider-silent':
      breakOff('provider-silent')
  }
}

function shun({ live, shunned }: ConsumerParts): void {
  if (live !== undefined) shunned.add(live.offer.offer.provider)
}

/**
 * The deposit runs low: adds one more, within the limit of what may be spent. Tried again while the session lives: the
 * chain may be down just now, and billing asks once for each deposit.
 */
async function addMoney(parts: ConsumerParts, live: LiveConnection, access: ChainAccess): Promise<void> {
  const { options, store, leaving } = parts
  const { spendLimitUnits, depositUnits } = options.wish
  const { billing } = live.session
  let isTold = false
  while (parts.live === live && !leaving.aborted) {
    const { facts, lastAmount } = billing.state
    const left = subUnitsFloor(spendLimitUnits, spentOf(parts))
    if (left <= subUnitsFloor(facts.deposit, lastAmount)) return
    try {
      const signal = AbortSignal.any([leaving, AbortSignal.timeout(TOP_UP_WAIT_MS)])
      const added = await addDeposit({ access, store, depositUnits, clock: options.clock, signal }, facts)
      if (added !== undefined) billing.handleFacts(added)
      return
    } catch (error) {
      const known = error instanceof AditError ? error : new AditError('top-up-failed', 'the deposit was not raised')
      const { code, message, remedy } = known
      options.log.warn({ code, error: String(error) }, 'the deposit could not be raised yet')
      if (!isTold) parts.events.emit({ kind: 'problem', fatal: false, code, message, remedy })
      isTold = true
      await pause(TOP_UP_RETRY_MS, leaving).catch(() => undefined)
    }
  }
}

async function reachLimit(parts: ConsumerParts): Promise<void> {
  try {
    await stopAtLimit(parts)
  } catch (error) {
    parts.options.log.error({ error: String(error) }, 'the guard could not be closed at the spending limit')
  }
}

const TOP_UP_WAIT_MS = 60 * SECOND_MS
const TOP_UP_RETRY_MS = 5 * SECOND_MS

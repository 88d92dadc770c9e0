/**
 * Claims what vouchers promise: when enough is unclaimed, when a channel closes or expires, after a week at the latest,
 * and when the owner asks. A claim that fails is tried again; the vouchers stay on disk.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, type Clock } from '#base/clock.ts'
import type { Hash32 } from '#base/hex.ts'
import type { Log } from '#base/log.ts'
import { minUnits, subUnitsFloor, units, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { claimMany, readChannel } from '#payment/chain/channels.ts'
import type { Store, StoredVoucher } from '../store/index.ts'
import type { ChainAccess } from './chain-access.ts'
import { recordEvent } from './chain-ledger.ts'
import { lower } from './facts.ts'

export interface SettlementOptions {
  readonly access: ChainAccess
  readonly store: Store
  /** Claim a channel at this much unclaimed. */
  readonly claimUnits: TokenUnits
  readonly clock: Clock
  readonly log: Log
}

export interface Settlement extends AsyncDisposable {
  /** Claims what is due by the rules, or with `all` everything that is worth its gas. Returns transaction hashes. */
  claim(options: { readonly all: boolean; readonly signal?: AbortSignal }): Promise<readonly Hash32[]>
  /** This channel is closing or expires: claim it now, in the background. */
  urge(channel: Hash32): void
}

export function openSettlement(options: SettlementOptions): Settlement {
  const urgent = new Set<Hash32>()
  const stop = new AbortController()
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work, work)
    turn = result.catch(() => undefined)
    return result
  }
  const claim: Settlement['claim'] = ({ all, signal }) =>
    inTurn(() => claimDue(options, all, urgent, signal === undefined ? stop.signal : signal))
  const look = (): void => {
    claim({ all: false }).catch((error: unknown) => {
      if (!stop.signal.aborted) options.log.warn({ error: String(error) }, 'a claim failed; it will be tried again')
    })
  }
  const timer = setInterval(look, LOOK_MS)
  return {
    claim,
    urge: (channel) => {
      urgent.add(channel)
      look()
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      stop.abort()
      await turn
    },
  }
}

async function claimDue(
  { access, store, claimUnits, clock, log }: SettlementOptions,
  all: boolean,
  urgent: Set<Hash32>,
  signal: AbortSignal,
): Promise<readonly Hash32[]> {
  const nowMs = clock.wallMs()
  const due: StoredVoucher[] = []
  for (const voucher of store.vouchers.list('payee')) {
    if (!isHere(access, store, voucher)) continue
    const unclaimed = unclaimedOf(store, voucher)
    const isPressed = urgent.has(voucher.channel) || isPressing(store, voucher, nowMs)
    // A claim that is worth less than its own gas is left to the next session or the channel's end.
    const least = all || isPressed ? WORTHWHILE_UNITS : claimUnits
    if (unclaimed < least) urgent.delete(voucher.channel)
    else if (await isClaimable(access, store, voucher, clock, signal)) due.push(voucher)
  }
  const hashes: Hash32[] = []
  for (let first = 0; first < due.length; first += MAX_BATCH) {
    const batch = due.slice(first, first + MAX_BATCH)
    const written = await claimMany(access, batch, { signal })
    for (const event of written.events) {
      recordEvent(store, event, clock.wallMs())
      if (event.kind === 'voucher-skipped')
        log.warn({ channel: event.channel, why: event.reason }, 'a claim was skipped')
    }
    for (const { channel } of batch) urgent.delete(channel)
    log.info({ channels: batch.length, transaction: written.hash }, 'vouchers claimed')
    hashes.push(written.hash)
  }
  return hashes
}

/** A store may hold channels of an earlier chain or deployment. */
function isHere(access: ChainAccess, store: Store, voucher: StoredVoucher): boolean {
  const channel = store.channels.find(voucher.channel, 'payee')
  return channel?.chainId === access.chain.chainId && lower(channel.contract) === lower(access.deployment.channels)
}

/** Asks the chain before it costs gas: the channel may be closed or gone, or be claimed by a watcher. */
async function isClaimable(
  access: ChainAccess,
  store: Store,
  voucher: StoredVoucher,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const state = await readChannel(access, voucher.channel, { signal })
  if (state.kind === 'none' || state.kind === 'closed') {
    const gone = state.kind === 'none' ? 'unknown' : 'closed'
    store.channels.update(voucher.channel, { state: gone }, clock.wallMs())
    return false
  }
  store.channels.update(voucher.channel, { deposit: state.deposit, claimed: state.claimed }, clock.wallMs())
  return unclaimedOf(store, voucher) >= WORTHWHILE_UNITS
}

/** What the newest voucher is worth beyond what was claimed, within the deposit. */
export function unclaimedOf(store: Store, voucher: StoredVoucher): TokenUnits {
  const channel = store.channels.find(voucher.channel, 'payee')
  // `unknown`: the chain lost it. Its payer opens it again; until then there is nothing to claim from.
  if (channel === undefined || channel.state === 'closed' || channel.state === 'unknown') return ZERO_UNITS
  // After a closing statement the channel owes less than the voucher says; we take what was agreed.
  if (voucher.settled !== undefined && voucher.settled <= channel.claimed) return ZERO_UNITS
  return subUnitsFloor(minUnits(voucher.amount, channel.deposit), channel.claimed)
}

function isPressing(store: Store, voucher: StoredVoucher, nowMs: number): boolean {
  const channel = store.channels.find(voucher.channel, 'payee')
  if (channel === undefined) return false
  const isOld = nowMs - voucher.storedAtMs > CLAIM_AFTER_MS
  return channel.closeAt !== undefined || isOld || channel.expiry * 1000 - nowMs < EXPIRY_MARGIN_MS
}

const LOOK_MS = MINUTE_MS
const CLAIM_AFTER_MS = 7 * DAY_MS
const EXPIRY_MARGIN_MS = 6 * HOUR_MS
/** $0.001: about what the gas of a claim costs on a layer 2. */
const WORTHWHILE_UNITS = units(1_000n)
/** Gas of one claim falls with the batch (docs/protocol/contracts.md); beyond this blocks get tight. */
const MAX_BATCH = 50

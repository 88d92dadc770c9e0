/** What the tests of the control API share: values that the schemas accept. */
import { ZERO_UNITS } from '#base/units/money.ts'
import type { ConsumerStatus, SessionView } from './views.ts'
import type { Explanation, TransactionView } from './explanation.ts'
import { amountOf } from './values.ts'

const NOTHING = amountOf(ZERO_UNITS)
export const SESSION_ID = '0123456789abcdef0123456789abcdef'
export const ACCOUNT = `0x${'a1'.repeat(20)}`
const CHANNEL = `0x${'c0'.repeat(32)}`

export const SAMPLE_SESSION: SessionView = {
  id: SESSION_ID,
  state: 'open',
  reason: null,
  peer: ACCOUNT,
  channel: CHANNEL,
  startedAtMs: 1_790_000_000_000,
  endedAtMs: null,
  bytesUp: '1048576',
  bytesDown: '1073741824',
  writtenOff: '0',
  meter: null,
  vouchers: 3,
  priceUnitsPerGib: amountOf(100_000n),
  sessionFee: amountOf(1_000n),
  due: amountOf(101_098n),
  paid: amountOf(105_000n),
}

export const SAMPLE_CONSUMER: ConsumerStatus = {
  role: 'consumer',
  state: { kind: 'connected', sinceMs: 1_790_000_000_000 },
  account: ACCOUNT,
  region: 'JP',
  tunnel: null,
  session: SAMPLE_SESSION,
  channel: null,
  spent: amountOf(101_098n),
  spendLimit: amountOf(5_000_000n),
  protection: { state: 'tunnel-only', detail: null },
  chain: { state: 'reachable', chainId: 31_337, block: 7, seenAtMs: 1_790_000_000_000, detail: null },
  refusals: {},
  drops: {},
}

function transaction(changes: Partial<TransactionView>): TransactionView {
  return {
    kind: 'open',
    hash: `0x${'f0'.repeat(32)}`,
    status: 'included',
    block: 5,
    atMs: 1_790_000_000_000,
    amount: NOTHING,
    totalAfter: null,
    fee: NOTHING,
    tip: NOTHING,
    refund: NOTHING,
    ...changes,
  }
}

/** 1 GiB down, 1 MiB up at $0.10 per GiB, $0.001 fee, one claim, then a cooperative close; fee 2 %. */
export const SAMPLE_EXPLANATION: Explanation = {
  session: {
    id: SESSION_ID,
    role: 'consumer',
    state: 'ended',
    reason: 'disconnected',
    provider: ACCOUNT,
    payer: `0x${'b2'.repeat(20)}`,
    startedAtMs: 1_790_000_000_000,
    endedAtMs: 1_790_000_060_000,
  },
  quote: {
    hash: `0x${'d0'.repeat(32)}`,
    region: 'JP',
    priceUnitsPerGib: amountOf(100_000n),
    sessionFee: amountOf(1_000n),
    issuedAtMs: 1_790_000_000_000,
    expiresAtMs: 1_790_003_600_000,
  },
  bytes: { up: '1048576', down: '1073741824', billed: '1074790400', writtenOff: '4096' },
  due: {
    base: NOTHING,
    sessionFee: amountOf(1_000n),
    traffic: amountOf(100_098n),
    total: amountOf(101_098n),
    prepaid: amountOf(3_902n),
  },
  vouchers: {
    count: 3,
    last: {
      seq: 3,
      amount: amountOf(105_000n),
      up: '1048576',
      down: '1073741824',
      lost: '0',
      reading: `0x${'e0'.repeat(32)}`,
      atMs: 1_790_000_050_000,
    },
    recent: [],
  },
  channel: {
    id: CHANNEL,
    chainId: 31_337,
    contract: `0x${'cc'.repeat(20)}`,
    payer: `0x${'b2'.repeat(20)}`,
    signer: `0x${'b3'.repeat(20)}`,
    provider: ACCOUNT,
    deposit: amountOf(1_000_000n),
    claimed: amountOf(101_098n),
    feeBps: 200,
    state: 'closed',
    closeAtMs: null,
    expiryMs: 1_797_000_000_000,
  },
  transactions: [
    transaction({ kind: 'open', amount: amountOf(1_000_000n) }),
    transaction({ kind: 'claim', amount: amountOf(50_049n), totalAfter: amountOf(50_049n), fee: amountOf(1_000n) }),
    transaction({
      kind: 'cooperative-close',
      amount: amountOf(51_049n),
      totalAfter: amountOf(101_098n),
      fee: amountOf(1_021n),
      refund: amountOf(898_902n),
    }),
  ],
}

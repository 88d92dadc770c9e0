import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { units, ZERO_UNITS } from '#base/units/money.ts'
import type { ChainEvent } from '#payment/chain/types.ts'
import { openStore, type Store } from '../store/index.ts'
import { recordNews } from './chain-ledger.ts'

const channel = `0x${'0c'.repeat(32)}` as const
const payer = `0x${'01'.repeat(20)}` as const
const provider = `0x${'02'.repeat(20)}` as const
const stranger = `0x${'03'.repeat(20)}` as const
const usd = (dollars: number) => units(BigInt(Math.round(dollars * 1e6)))

function place(transaction: number, block = 7): Pick<ChainEvent, 'block' | 'blockHash' | 'transaction' | 'logIndex'> {
  const hash = `0x${transaction.toString(16).padStart(64, '0')}` as const
  return { block, blockHash: hash, transaction: hash, logIndex: 0 }
}

function withStore(work: (store: Store) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'adit-ledger-'))
  const store = openStore(join(folder, 'adit.db'))
  try {
    const parties = { channel, payer, provider, signer: stranger, contract: stranger, salt: undefined }
    const money = { deposit: usd(2), claimed: ZERO_UNITS, closeAt: undefined, expiry: 2_000_000_000, feeBps: 300 }
    store.channels.put({ ...parties, ...money, role: 'payer', chainId: 1, state: 'open', updatedAtMs: 1 })
    work(store)
  } finally {
    store.close()
    rmSync(folder, { recursive: true })
  }
}

const closed: ChainEvent = {
  ...place(1),
  kind: 'channel-closed',
  channel,
  payer,
  provider,
  total: usd(0.5),
  amount: usd(0.5),
  fee: usd(0.015),
  refund: usd(1.5),
}

test('a close is one row, however often it is told, and the channel is closed', () => {
  withStore((store) => {
    for (let time = 1; time <= 2; time++) recordNews(store, { kind: 'events', events: [closed] }, time)
    const rows = store.transactions.ofChannel(channel)
    assert.equal(rows.length, 1)
    assert.deepEqual([rows[0].kind, rows[0].amount, rows[0].refund], ['cooperative-close', usd(0.5), usd(1.5)])
    assert.equal(store.channels.find(channel, 'payer')?.state, 'closed')
  })
})

test('a tip stands with the action that it was paid for', () => {
  withStore((store) => {
    const start: ChainEvent = { ...place(2), kind: 'close-started', channel, payer, provider, closeAt: 1_900_000_000 }
    const tip: ChainEvent = { ...place(2), kind: 'tip-paid', from: payer, submitter: stranger, tip: usd(0.002) }
    recordNews(store, { kind: 'events', events: [start, tip] }, 1)
    assert.deepEqual(
      store.transactions.ofChannel(channel).map((row) => [row.kind, row.tip]),
      [['start-close', usd(0.002)]],
    )
  })
})

test("another account's withdrawal to ours is not our balance", () => {
  withStore((store) => {
    const gift: ChainEvent = { ...place(3), kind: 'withdrawn', account: stranger, to: payer, amount: usd(1) }
    const own: ChainEvent = { ...place(4), kind: 'withdrawn', account: payer, to: payer, amount: usd(1.5) }
    recordNews(store, { kind: 'events', events: [gift, own] }, 1)
    assert.deepEqual(
      store.transactions.list(10).map((row) => row.amount),
      [usd(1.5)],
    )
  })
})

test('what a reorganisation takes back is marked, and counted again when it comes back', () => {
  withStore((store) => {
    recordNews(store, { kind: 'events', events: [closed] }, 1)
    recordNews(store, { kind: 'reorg', ancestorBlock: 5, events: [] }, 2)
    assert.equal(store.transactions.ofChannel(channel)[0].status, 'reorged')
    recordNews(store, { kind: 'events', events: [{ ...closed, block: 8 }] }, 3)
    assert.deepEqual(
      store.transactions.ofChannel(channel).map((row) => [row.status, row.block]),
      [['included', 8]],
    )
  })
})

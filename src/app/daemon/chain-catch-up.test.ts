import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Address, Hash32 } from '#base/hex.ts'
import { units, ZERO_UNITS } from '#base/units/money.ts'
import type { ChannelState } from '#payment/chain/types.ts'
import { openStore, type Store, type StoredChannel } from '../store/index.ts'
import { rereadChannels } from './chain-catch-up.ts'
import { recordEvent, recordNews } from './chain-ledger.ts'
import { unclaimedOf } from './settlement.ts'

const CONTRACT: Address = `0x${'c0'.repeat(20)}`
const CHANNEL: Hash32 = `0x${'01'.repeat(32)}`
const TRANSACTION: Hash32 = `0x${'aa'.repeat(32)}`
const clock = { wallMs: () => 5_000, monotonicMs: () => 5_000 }
const place = (read: ChannelState) => ({
  role: 'payee' as const,
  chainId: 31337,
  contract: CONTRACT,
  read: () => Promise.resolve(read),
})

test('a channel that the chain lost is unknown: nothing is claimed of it, its deposit stays known', async (context) => {
  const store = storeWith(context, channel({ claimed: units(40n) }))
  const { gone, unclaimed } = await rereadChannels(store, place({ kind: 'none' }), clock)
  assert.deepEqual([gone, unclaimed], [[CHANNEL], [CHANNEL]])
  const after = store.channels.find(CHANNEL, 'payee')!
  assert.deepEqual([after.state, after.claimed, after.deposit], ['unknown', 0n, 1000n])
  assert.equal(unclaimedOf(store, voucherOf(units(500n))), 0n)
})

test('a claim that the chain lost is to be sent again', async (context) => {
  const store = storeWith(context, channel({ claimed: units(400n) }))
  const { gone, unclaimed } = await rereadChannels(store, place(onChain(units(100n))), clock)
  assert.deepEqual([gone, unclaimed], [[], [CHANNEL]])
  assert.equal(store.channels.find(CHANNEL, 'payee')!.claimed, 100n)
  assert.equal(unclaimedOf(store, voucherOf(units(500n))), 400n)
})

test('a close that the chain lost is open again; a claim that was missed is learnt', async (context) => {
  const store = storeWith(context, channel({ state: 'closed', closeAt: 99 }))
  const { unclaimed } = await rereadChannels(store, place(onChain(units(100n))), clock)
  assert.deepEqual(unclaimed, [])
  const after = store.channels.find(CHANNEL, 'payee')!
  assert.deepEqual([after.state, after.claimed, after.closeAt], ['open', 100n, undefined])
})

test('an open that is still under way, and channels of other deployments, are left alone', async (context) => {
  const store = storeWith(context, channel({ state: 'opening' }))
  const other: Hash32 = `0x${'02'.repeat(32)}`
  store.channels.put(channel({ channel: other, chainId: 1, claimed: units(7n) }))
  const { gone } = await rereadChannels(store, place({ kind: 'none' }), clock)
  assert.deepEqual(gone, [CHANNEL])
  assert.equal(store.channels.find(CHANNEL, 'payee')!.state, 'opening')
  assert.equal(store.channels.find(other, 'payee')!.claimed, 7n)
})

test('after a deep reorganisation no transaction counts until it is read again', (context) => {
  const store = storeWith(context, channel({}))
  const opened = {
    kind: 'channel-opened' as const,
    channel: CHANNEL,
    payer: CONTRACT,
    provider: CONTRACT,
    signer: CONTRACT,
    deposit: units(1000n),
    expiry: 1,
    feeBps: 0,
    block: 3,
    blockHash: TRANSACTION,
    transaction: TRANSACTION,
    logIndex: 0,
  }
  recordEvent(store, opened, 1)
  recordNews(store, { kind: 'deep-reorg', seen: 9, head: 5 }, 2)
  assert.deepEqual(states(store), ['reorged'])
  recordNews(store, { kind: 'events', events: [{ ...opened, block: 4 }] }, 3)
  assert.deepEqual(states(store), ['included'])
})

function states(store: Store): string[] {
  return store.transactions.ofChannel(CHANNEL).map(({ status }) => status)
}

function onChain(claimed: StoredChannel['claimed']): ChannelState {
  const { channel: id, payer, signer, provider, deposit, expiry, feeBps } = channel({})
  return { kind: 'open', channel: id, payer, signer, provider, deposit, claimed, remaining: deposit, expiry, feeBps }
}

function voucherOf(amount: StoredChannel['claimed']) {
  return {
    channel: CHANNEL,
    amount,
    reading: TRANSACTION,
    signature: '0x00',
    role: 'payee',
    session: '00'.repeat(16),
    storedAtMs: 1,
    settled: undefined,
  } as const
}

function channel(fields: Partial<StoredChannel>): StoredChannel {
  return {
    channel: CHANNEL,
    payer: CONTRACT,
    signer: CONTRACT,
    provider: CONTRACT,
    deposit: units(1000n),
    claimed: ZERO_UNITS,
    closeAt: undefined,
    expiry: 10,
    role: 'payee',
    chainId: 31337,
    contract: CONTRACT,
    salt: undefined,
    feeBps: 100,
    state: 'open',
    updatedAtMs: 1,
    ...fields,
  }
}

function storeWith(context: TestContext, stored: StoredChannel): Store {
  const folder = mkdtempSync(join(tmpdir(), 'adit-catch-up-'))
  const store = openStore(join(folder, 'adit.db'))
  context.after(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  store.channels.put(stored)
  return store
}

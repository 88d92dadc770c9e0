/** The life of a channel and of a stake on a real anvil, through the same code as the daemons use. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bytesOf, hexText } from '#base/hex.ts'
import { feeOfTotal, units } from '#base/units/money.ts'
import { keccak256 } from '#crypto/keccak.ts'
import { channelsAbi } from '#payment/chain/abi/channels.ts'
import { stakeRegistryAbi } from '#payment/chain/abi/stake-registry.ts'
import {
  parseSignedAction,
  signAddKey,
  signOpen,
  signRegister,
  signRetireKey,
  signStartClose,
  signStartUnbonding,
  signTopUp,
  signUpdate,
  signWithdraw,
  submitAction,
} from '#payment/chain/actions.ts'
import {
  channelIdOf,
  claim,
  claimMany,
  cooperativeClose,
  finishClose,
  mintTestTokens,
  openChannel,
  readBalance,
  readChannel,
  readTokenBalance,
  startClose,
  topUp,
  withdraw,
} from '#payment/chain/channels.ts'
import { accountOf, readHead, registryDomain } from '#payment/chain/client.ts'
import { deployContracts, readDeployment } from '#payment/chain/deploy.ts'
import { readEvents } from '#payment/chain/events.ts'
import {
  bindingDigest,
  addKey,
  listProviders,
  readProvider,
  register,
  reportEquivocation,
  resolveNodeKey,
  retireKey,
  startUnbonding,
  update,
  withdrawStake,
} from '#payment/chain/registry.ts'
import type { Deployment, Hex, ProviderProfile, SignedAction } from '#payment/chain/types.ts'
import { offerDigest } from '#market/offer.ts'
import { cooperativeCloseDigest, voucherDigest } from '#payment/channel/signer.ts'
import { eventOf } from '#payment/chain/writer.ts'
import { FEE_ACCOUNT, keyOf, makeWorld, moneyDomain, SALT, senderOf, usd, voucherOf, type World } from './world.ts'

let world: World
before(async () => {
  world = await makeWorld()
})
after(() => world[Symbol.asyncDispose]())

test('open, vouchers, claim, cooperative close, withdraw: the books add up', async () => {
  const { payer, provider, signer } = world
  const before = await readTokenBalance(payer, payer.sender.address)
  const opened = await openChannel(payer, {
    provider: provider.sender.address,
    signer: signer.address,
    deposit: usd(2),
    salt: SALT,
  })
  const { channel } = opened
  assert.equal(channel, eventOf(opened, 'channel-opened').channel)
  const state = await readChannel(provider, channel)
  assert.ok(state.kind === 'open')
  assert.deepEqual([state.deposit, state.claimed, state.remaining, state.feeBps], [usd(2), 0n, usd(2), 300])

  const first = eventOf(await claim(provider, await voucherOf(world, channel, 500_001n)), 'claimed')
  assert.deepEqual([first.total, first.amount, first.fee], [500_001n, 500_001n, feeOfTotal(units(500_001n), 300)])
  const batch = await claimMany(world.stranger, [
    await voucherOf(world, channel, 400_000n),
    await voucherOf(world, `0x${'07'.repeat(32)}`, 1n),
    await voucherOf(world, channel, 900_000n),
  ])
  assert.deepEqual(
    batch.events.map((event) => (event.kind === 'voucher-skipped' ? event.reason : event.kind)),
    ['nothing-to-claim', 'no-channel', 'claimed'],
  )

  const deadline = (await readHead(world.chain)).timestamp + 600
  const close = { channel, amount: usd(1.2), deadline }
  const digest = hexText(cooperativeCloseDigest(moneyDomain(world.deployment), channel, close.amount, deadline))
  const closed = eventOf(
    await cooperativeClose(provider, { ...close, signerSignature: await signer.sign({ hash: digest }) }),
    'channel-closed',
  )
  assert.deepEqual([closed.total, closed.amount, closed.refund], [usd(1.2), 300_000n, usd(0.8)])
  assert.equal((await readChannel(payer, channel)).kind, 'closed')

  const fee = await readBalance(payer, FEE_ACCOUNT)
  assert.equal(fee, feeOfTotal(usd(1.2), 300))
  const earned = eventOf(await withdraw(provider), 'withdrawn').amount
  const refund = eventOf(await withdraw(payer), 'withdrawn').amount
  assert.equal(earned + fee, usd(1.2))
  assert.equal((await readTokenBalance(payer, payer.sender.address)) + usd(2) - refund, before)
  assert.equal(refund, usd(0.8))
})

test('payer close: the voucher counts until the close has run, the top-up keeps its time', async () => {
  const { payer, provider, signer } = world
  const salt: Hex = `0x${'02'.repeat(32)}`
  const { channel } = await openChannel(payer, {
    provider: provider.sender.address,
    signer: signer.address,
    deposit: usd(1),
    salt,
  })
  await startClose(payer, channel)
  await assert.rejects(finishClose(world.stranger, channel), { code: 'reverted:CloseNotDue' })
  const closing = await readChannel(payer, channel)
  await topUp(payer, { channel, added: usd(1) })
  const topped = await readChannel(payer, channel)
  assert.ok(closing.kind === 'closing' && topped.kind === 'closing')
  assert.equal(topped.closeAt, closing.closeAt)
  await world.later(72 * 3600)
  await claim(world.stranger, await voucherOf(world, channel, 1_500_000n))
  const closed = eventOf(await finishClose(world.stranger, channel), 'channel-closed')
  assert.deepEqual([closed.total, closed.refund], [1_500_000n, 500_000n])
  await assert.rejects(claim(provider, await voucherOf(world, channel, 1_900_000n)), { code: 'reverted:NoSuchChannel' })
})

test('signed actions: the account needs no native token, the submitter keeps the tip', async () => {
  const { stranger, provider, signer, chain, deployment } = world
  const poor = accountOf(keyOf(77))
  await give(poor.address, 20n)
  assert.equal(await chain.client.getBalance({ address: poor.address }), 0n)
  const deadline = (await readHead(chain)).timestamp + 3600
  const terms = { maxTip: units(1_000n), deadline }
  const salt: Hex = `0x${'03'.repeat(32)}`
  const open = { provider: provider.sender.address, signer: signer.address, deposit: usd(2), salt }
  const context = { chain, deployment }
  const channel = channelIdOf({ ...open, payer: poor.address })

  const tips: bigint[] = []
  const submit = async (action: SignedAction): Promise<void> => {
    const parsed = parseSignedAction(JSON.parse(JSON.stringify(action)))
    assert.ok(parsed.ok)
    tips.push(eventOf(await submitAction(stranger, parsed.value), 'tip-paid').tip)
  }
  await submit(await signOpen(context, poor, { ...open, ...terms }))
  await submit(await signTopUp(context, poor, { channel, added: usd(1), ...terms }))
  const state = await readChannel(context, channel)
  assert.ok(state.kind === 'open')
  assert.equal(state.deposit, usd(3))
  await submit(await signStartClose(context, poor, { channel, ...terms }))
  assert.equal((await readChannel(context, channel)).kind, 'closing')
  await world.later(72 * 3600)
  await finishClose(stranger, channel)
  const later = { maxTip: units(1_000n), deadline: deadline + 73 * 3600 }
  const withdrawal = await signWithdraw(context, poor, { to: poor.address, ...later })
  await submit(withdrawal)
  assert.equal(await readBalance(context, poor.address), 0n)
  // 20 dollars, less four tips: three were paid from the account, one came out of the withdrawn amount.
  assert.equal(await readTokenBalance(context, poor.address), usd(20) - 4_000n)
  assert.deepEqual(tips, [1_000n, 1_000n, 1_000n, 1_000n])
  await assert.rejects(submitAction({ ...stranger, sender: senderOf(chain, stranger.sender.account) }, withdrawal), {
    code: 'reverted:NonceUsed',
  })
})

test('stake: register, keys, discovery, slash, unbond; also by signed actions', async () => {
  const { provider, stranger, chain, deployment } = world
  const context = { chain, deployment }
  const node = accountOf(keyOf(40))
  await register(provider, { stake: usd(10), nodeKey: node, profile: PROFILE })
  await addKey(provider, accountOf(keyOf(41)))
  await retireKey(provider, 1)
  await update(provider, { ...PROFILE, region: 'US-CA' })
  const [record] = await listProviders(context)
  assert.deepEqual(
    [record.owner, record.stake, record.region, record.active, record.keys.length, record.relayIds],
    [provider.sender.address, usd(10), 'US-CA', true, 2, PROFILE.relayIds],
  )
  assert.equal(record.keys[0].retiredAt, undefined)
  assert.ok(record.keys[1].retiredAt !== undefined)
  assert.deepEqual(await resolveNodeKey(context, node.address), {
    owner: provider.sender.address,
    keyId: 0,
    slashable: true,
  })
  assert.equal(await resolveNodeKey(context, FEE_ACCOUNT), undefined)

  await startUnbonding(provider)
  await assert.rejects(withdrawStake(provider), { code: 'reverted:UnbondingNotDue' })
  const [first, second] = await Promise.all(
    ['0xaa', '0xbb'].map(async (mark) => {
      const contentHash: Hex = `0x${mark.slice(2).repeat(32)}`
      const offer = { provider: provider.sender.address, sequence: 9n, contentHash }
      const digest = offerDigest(offerDomain(deployment), offer.provider, offer.sequence, bytesOf(contentHash))
      return { ...offer, signature: await node.sign({ hash: hexText(digest) }) }
    }),
  )
  const slashed = eventOf(await reportEquivocation(stranger, first, second), 'slashed')
  assert.deepEqual([slashed.reward, slashed.burned], [usd(1), usd(9)])
  assert.equal(await readProvider(context, provider.sender.address), undefined)

  await signedStake()
})

test('the digests of the payment and of the market are those of the contracts', async () => {
  const { chain, deployment } = world
  const channel: Hex = `0x${'0c'.repeat(32)}`
  const address = provider()
  const at = { address: deployment.channels, abi: channelsAbi } as const
  const registry = { address: deployment.registry, abi: stakeRegistryAbi } as const
  const domain = moneyDomain(deployment)
  assert.equal(
    hexText(voucherDigest(domain, channel, usd(3), channel)),
    await chain.client.readContract({ ...at, functionName: 'voucherDigest', args: [channel, usd(3), channel] }),
  )
  assert.equal(
    hexText(cooperativeCloseDigest(domain, channel, usd(3), 12345)),
    await chain.client.readContract({ ...at, functionName: 'closeDigest', args: [channel, usd(3), 12345n] }),
  )
  assert.equal(
    hexText(offerDigest(offerDomain(deployment), address, 7n, bytesOf(channel))),
    await chain.client.readContract({ ...registry, functionName: 'offerDigest', args: [address, 7n, channel] }),
  )
  assert.equal(
    hexText(bindingDigest(registryDomain(deployment), address)),
    await chain.client.readContract({ ...registry, functionName: 'bindingDigest', args: [address] }),
  )
})

test('deploying again keeps what stands; the file is the deployment', async () => {
  const { chain, deployment, payer, directory } = world
  const path = `${directory}/deployment.json`
  assert.deepEqual(await deployContracts({ chain, sender: payer.sender, path }), deployment)
  assert.deepEqual(readDeployment(path), deployment)
  assert.throws(() => readDeployment(`${directory}/none.json`), { code: 'deployment-missing' })
})

test('events: the whole history, by account, and from a cursor', async () => {
  const all = await readEvents(world.payer)
  assert.ok(all.kind === 'events' && all.events.length > 20)
  const mine = await readEvents(world.payer, { filter: { accounts: [world.payer.sender.address] } })
  assert.ok(mine.kind === 'events' && mine.events.length > 2 && mine.events.length < all.events.length)
  const none = await readEvents(world.payer, { cursor: all.cursor })
  assert.deepEqual(none, { kind: 'events', events: [], cursor: all.cursor })
})

async function signedStake(): Promise<void> {
  const { chain, deployment, stranger } = world
  const context = { chain, deployment }
  const poor = accountOf(keyOf(78))
  await give(poor.address, 20n)
  const terms = { maxTip: units(500n), deadline: (await readHead(chain)).timestamp + 3600 }
  for (const sign of [
    () => signRegister(context, poor, { stake: usd(10), nodeKey: accountOf(keyOf(50)), profile: PROFILE, ...terms }),
    () => signUpdate(context, poor, { profile: { ...PROFILE, region: 'FR' }, ...terms }),
    () => signAddKey(context, poor, { nodeKey: accountOf(keyOf(51)), ...terms }),
    () => signRetireKey(context, poor, { keyId: 0, ...terms }),
    () => signStartUnbonding(context, poor, terms),
  ]) {
    const parsed = parseSignedAction(JSON.parse(JSON.stringify(await sign())))
    assert.ok(parsed.ok)
    assert.equal(eventOf(await submitAction(stranger, parsed.value), 'tip-paid').tip, 500n)
  }
  const record = await readProvider(context, poor.address)
  assert.ok(record?.unbondsAt !== undefined)
  assert.deepEqual([record.region, record.keys.length, record.active], ['FR', 2, false])
  await world.later(14 * 86_400)
  await withdrawStake(stranger, poor.address)
  assert.equal(await readBalance(context, poor.address, { ledger: 'registry' }), usd(10))
}

async function give(account: Hex, dollars: bigint): Promise<void> {
  await mintTestTokens(world.payer, { to: account, amount: units(dollars * 1_000_000n) })
}

function provider(): Hex {
  return world.provider.sender.address
}

const PROFILE: ProviderProfile = {
  region: 'DE',
  contactHash: hexText(keccak256(new Uint8Array([1]))),
  protocolMin: 1,
  protocolMax: 1,
  active: true,
  relayIds: [`0x${'11'.repeat(32)}`],
}

function offerDomain({ chainId, registry }: Deployment) {
  return { chainId: BigInt(chainId), registry }
}

/** What goes wrong with chains: reorganisations, outages, another chain, stuck nonces, crashes. On a real anvil. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { claim, openChannel, readChannel } from '#payment/chain/channels.ts'
import { accountOf, openChain, pause, readHead, readNativeBalance } from '#payment/chain/client.ts'
import { checkDeployment, deployContracts } from '#payment/chain/deploy.ts'
import { embeddedStatus, fundNative, startEmbedded } from '#payment/chain/embedded.ts'
import { readEvents } from '#payment/chain/events.ts'
import type { Hex } from '#payment/chain/types.ts'
import { FAST, FEE_ACCOUNT, keyOf, makeWorld, memoryStore, senderOf, usd, voucherOf, type World } from './world.ts'

let world: World
before(async () => {
  world = await makeWorld()
})
after(() => world[Symbol.asyncDispose]())

test('a reorganisation is reported with its ancestor, and the new branch is read', async () => {
  const first = await readEvents(world.payer)
  assert.ok(first.kind === 'events')
  const opened = await open(1)
  const second = await readEvents(world.payer, { cursor: first.cursor })
  assert.ok(second.kind === 'events')
  assert.deepEqual(
    second.events.map((event) => event.kind),
    ['channel-opened'],
  )
  await world.rpc('anvil_reorg', 1, [])
  assert.equal((await readChannel(world.payer, opened)).kind, 'none')
  const third = await readEvents(world.payer, { cursor: second.cursor })
  assert.ok(third.kind === 'reorg')
  assert.ok(third.ancestor.block < second.cursor.block)
  assert.ok(!third.events.some((event) => event.kind === 'channel-opened' && event.channel === opened))
})

test('a chain that became shorter is a deep reorg, not an error', async () => {
  const snapshot = await world.rpc('evm_snapshot')
  await open(2)
  await world.rpc('anvil_mine', '0x5')
  const seen = await readEvents(world.payer)
  assert.ok(seen.kind === 'events')
  await world.rpc('evm_revert', snapshot)
  const page = await readEvents(world.payer, { cursor: seen.cursor })
  assert.ok(page.kind === 'deep-reorg')
  assert.equal(page.seen, seen.cursor.block)
  assert.ok(page.head < page.seen)
})

test('another chain at the same URL is refused, when opening and when sending', async () => {
  await assert.rejects(openChain({ urls: [world.url], chainId: 1 }), { code: 'chain-id-mismatch' })
  await world.rpc('anvil_setChainId', 4242)
  try {
    await assert.rejects(open(3), { code: 'chain-id-mismatch' })
  } finally {
    await world.rpc('anvil_setChainId', 31337)
  }
  assert.equal((await readChannel(world.payer, await open(3))).kind, 'open')
})

test('no chain: one code, at once; a transaction under way survives an outage', async () => {
  await assert.rejects(openChain({ urls: ['http://127.0.0.1:1'] }), { code: 'chain-unreachable' })
  const gate = await gateTo(world.url)
  const chain = await openChain({ urls: [gate.url], chainId: 31337 })
  const store = memoryStore()
  const sender = senderOf(chain, world.payer.sender.account, store)
  await world.rpc('evm_setAutomine', false)
  try {
    const sending = sender.send({ key: 'outage', to: FEE_ACCOUNT, data: '0x', value: 5n })
    await until(() => store.history.length > 0)
    await pause(100, undefined)
    gate.down = true
    await assert.rejects(readHead(chain), { code: 'chain-unreachable' })
    await world.rpc('evm_mine')
    await pause(100, undefined)
    gate.down = false
    assert.ok((await sending).block > 0)
  } finally {
    await world.rpc('evm_setAutomine', true)
    gate.server.closeAllConnections()
    gate.server.close()
  }
})

test('a stuck transaction is replaced under its nonce, with at least 12.5 % more, and happens once', async () => {
  const store = memoryStore()
  const sender = senderOf(world.chain, world.payer.sender.account, store)
  const before = await readNativeBalance(world.chain, TARGET)
  await world.rpc('evm_setAutomine', false)
  try {
    const sending = sender.send({ key: 'stuck', to: TARGET, data: '0x', value: 7n })
    await until(() => store.history.length > 1)
    const [first, second] = store.history
    assert.deepEqual([first.state, second.state], ['pending', 'pending'])
    assert.equal(second.nonce, first.nonce)
    assert.ok(BigInt(second.maxFeePerGas) * 1000n >= BigInt(first.maxFeePerGas) * 1125n)
    assert.ok(BigInt(second.maxPriorityFeePerGas) * 1000n >= BigInt(first.maxPriorityFeePerGas) * 1125n)
    await world.rpc('evm_mine')
    await sending
  } finally {
    await world.rpc('evm_setAutomine', true)
  }
  assert.equal((await readNativeBalance(world.chain, TARGET)) - before, 7n)
})

test('a crash between storing and sending: the next run sends the same transaction, once', async () => {
  const store = memoryStore()
  const before = await readNativeBalance(world.chain, TARGET)
  await world.rpc('evm_setAutomine', false)
  const crash = new AbortController()
  const crashed = senderOf(world.chain, world.payer.sender.account, store)
    .send({ key: 'once', to: TARGET, data: '0x', value: 11n }, { signal: crash.signal })
    .catch((error: unknown) => error)
  await until(() => store.history.length > 0)
  crash.abort()
  await crashed
  await world.rpc('anvil_dropAllTransactions') // it never reached the network
  await world.rpc('evm_setAutomine', true)
  const again = senderOf(world.chain, world.payer.sender.account, store)
  const [resumed] = await again.resume()
  const repeated = await again.send({ key: 'once', to: TARGET, data: '0x', value: 11n })
  assert.equal(repeated.hash, resumed.hash)
  assert.equal((await readNativeBalance(world.chain, TARGET)) - before, 11n)
})

test('a nonce that another program used: the transaction takes the next one', async () => {
  const store = memoryStore()
  const before = await readNativeBalance(world.chain, TARGET)
  const account = world.payer.sender.account
  await world.rpc('evm_setAutomine', false)
  const sending = senderOf(world.chain, account, store).send({ key: 'taken', to: TARGET, data: '0x', value: 13n })
  await until(() => store.history.length > 0)
  await pause(100, undefined)
  await world.rpc('anvil_dropAllTransactions')
  const nonce = store.history[0].nonce
  const raw = await account.signTransaction({
    ...{ type: 'eip1559', chainId: 31337, nonce, to: TARGET, value: 1n, gas: 21_000n },
    ...{ maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 10n },
  })
  await world.rpc('evm_setAutomine', true)
  await world.rpc('eth_sendRawTransaction', raw)
  await sending
  assert.equal(store.history.at(-1)?.nonce, nonce + 1)
  assert.equal((await readNativeBalance(world.chain, TARGET)) - before, 14n)
})

test('no native token: said in one code', async () => {
  const poor = senderOf(world.chain, accountOf(keyOf(99)))
  await assert.rejects(poor.send({ key: 'poor', to: TARGET, data: '0x', value: 1n }), { code: 'insufficient-funds' })
})

test('kill -9 of the embedded chain: at most the last second is lost, what stands goes on', async () => {
  const channel = await open(9)
  await claim(world.stranger, await voucherOf(world, channel, 100_000n))
  await pause(2_500, undefined) // two dumps of the state
  const kept = await readHead(world.chain)
  const status = embeddedStatus(world.directory)
  assert.ok(status.kind === 'running')
  process.kill(status.pid, 'SIGKILL')
  while (embeddedStatus(world.directory).kind === 'running') await pause(20, undefined)
  await assert.rejects(readHead(world.chain), { code: 'chain-unreachable' })
  const restarted = await startEmbedded({ directory: world.directory })
  assert.equal(restarted.url, world.url, 'the same port')
  assert.ok((await readHead(world.chain)).block >= kept.block)
  await checkDeployment(world.chain, world.deployment)
  const state = await readChannel(world.payer, channel)
  assert.ok(state.kind === 'open')
  assert.equal(state.claimed, 100_000n)
  await claim(world.stranger, await voucherOf(world, channel, 200_000n))
  assert.equal((await startEmbedded({ directory: world.directory })).started, false)
})

test('a chain that was thrown away: the deployment is stale, deploying works again', async () => {
  await world.rpc('anvil_reset')
  await fundNative(world.chain, world.stranger.sender.address, 10n ** 20n)
  await assert.rejects(checkDeployment(world.chain, world.deployment), { code: 'deployment-stale' })
  const path = `${world.directory}/deployment.json`
  const sender = senderOf(world.chain, world.stranger.sender.account, memoryStore(), FAST)
  const deployment = await deployContracts({ chain: world.chain, sender, path })
  await checkDeployment(world.chain, deployment)
})

async function open(index: number): Promise<Hex> {
  const salt: Hex = `0x${index.toString(16).padStart(64, '0')}`
  const { signer, provider } = world
  const writer = { ...world.payer, sender: senderOf(world.chain, world.payer.sender.account) }
  const opened = await openChannel(writer, {
    provider: provider.sender.address,
    signer: signer.address,
    deposit: usd(1),
    salt,
  })
  return opened.channel
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    assert.ok(waitedMs < 10_000, 'the condition came true in time')
    await pause(10, undefined)
  }
}

/** A proxy that can be switched off, as a chain that goes away and comes back. */
async function gateTo(target: string): Promise<{ url: string; down: boolean; server: Server }> {
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      if (gate.down) {
        response.destroy()
        return
      }
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(target, { method: 'POST', headers, body: Buffer.concat(parts) })
      response.writeHead(answer.status, headers).end(await answer.text())
    })()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const gate = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, down: false, server }
  return gate
}

const TARGET: Hex = '0x00000000000000000000000000000000000000cc'

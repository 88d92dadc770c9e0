/** A real anvil in a temporary directory with the contracts on it, and people with keys; gone at the end of the test. */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '#base/clock.ts'
import { units, type TokenUnits } from '#base/units/money.ts'
import { mintTestTokens } from '#payment/chain/channels.ts'
import { accountOf, openChain, type Chain, type ChainAccount } from '#payment/chain/client.ts'
import { deployContracts } from '#payment/chain/deploy.ts'
import { embeddedStatus, fundNative, startEmbedded, stopEmbedded } from '#payment/chain/embedded.ts'
import {
  createSender,
  type Sender,
  type SenderTiming,
  type TransactionRecord,
  type TransactionStore,
} from '#payment/chain/sender.ts'
import type { Address, Deployment, Hex, SignedVoucher } from '#payment/chain/types.ts'
import { voucherDigest } from '#payment/channel/signer.ts'
import type { ChainWriter } from '#payment/chain/writer.ts'
import { hexText } from '#base/hex.ts'

export interface World extends AsyncDisposable {
  readonly directory: string
  readonly url: string
  readonly chain: Chain
  readonly deployment: Deployment
  readonly payer: ChainWriter
  readonly provider: ChainWriter
  readonly stranger: ChainWriter
  readonly signer: ChainAccount
  /** A raw JSON-RPC call, such as `evm_increaseTime`. */
  rpc(method: string, ...params: unknown[]): Promise<unknown>
  /** Moves block time. */
  later(seconds: number): Promise<void>
}

export const CLOCK: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }
export const USD = 1_000_000n
export const FAST: Partial<SenderTiming> = { pollMs: 10, resendMs: 150, replaceMs: 600, giveUpMs: 8_000 }

export async function makeWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'adit-chain-test-'))
  const { url } = await startEmbedded({ directory })
  const chain = await openChain({ urls: [url], chainId: 31337 })
  const people = [1, 2, 3].map((index) => accountOf(keyOf(index)))
  for (const person of people) await fundNative(chain, person.address, 10n ** 20n)
  const deployer = senderOf(chain, people[0])
  const deployment = await deployContracts({
    chain,
    sender: deployer,
    feeAccount: FEE_ACCOUNT,
    path: join(directory, 'deployment.json'),
  })
  const [payer, provider, stranger] = people.map((account) => ({ chain, deployment, sender: senderOf(chain, account) }))
  for (const { sender } of [payer, provider]) {
    await mintTestTokens(payer, { to: sender.address, amount: units(1_000n * USD) })
  }
  const rpc = (method: string, ...params: unknown[]): Promise<unknown> => call(url, method, params)
  return {
    directory,
    url,
    chain,
    deployment,
    payer,
    provider,
    stranger,
    signer: accountOf(keyOf(4)),
    rpc,
    later: async (seconds) => {
      await rpc('evm_increaseTime', seconds)
      await rpc('evm_mine')
    },
    [Symbol.asyncDispose]: async () => {
      if (embeddedStatus(directory).kind === 'running') await stopEmbedded(directory)
      await rm(directory, { recursive: true })
    },
  }
}

export function keyOf(index: number): Hex {
  return `0x${index.toString(16).padStart(64, '0')}`
}

export function senderOf(
  chain: Chain,
  account: ChainAccount,
  store: TransactionStore = memoryStore(),
  timing: Partial<SenderTiming> = FAST,
): Sender {
  return createSender({ chain, account, store, clock: CLOCK, timing })
}

/** In memory, through JSON as a file would keep it; `history` is every record ever put. */
export function memoryStore(): TransactionStore & { readonly history: TransactionRecord[] } {
  const records = new Map<string, string>()
  const history: TransactionRecord[] = []
  const all = (): TransactionRecord[] => [...records.values()].map((text) => JSON.parse(text) as TransactionRecord)
  return {
    history,
    put: (record) => {
      history.push(record)
      records.set(record.key, JSON.stringify(record))
    },
    byKey: (key) => all().find((record) => record.key === key),
    pending: (account) => all().filter((record) => record.account === account && record.state === 'pending'),
  }
}

/** The domain of vouchers and closes, as the payment's path names it. */
export function moneyDomain({ chainId, channels }: Deployment) {
  return { chainId: BigInt(chainId), channels }
}

export async function voucherOf(world: World, channel: Hex, amount: bigint): Promise<SignedVoucher> {
  const reading: Hex = `0x${'5a'.repeat(32)}`
  const voucher = { channel, amount: units(amount), reading }
  const digest = voucherDigest(moneyDomain(world.deployment), channel, voucher.amount, reading)
  return { ...voucher, signature: await world.signer.sign({ hash: hexText(digest) }) }
}

export function usd(dollars: number): TokenUnits {
  return units(BigInt(Math.round(dollars * 1e6)))
}

async function call(url: string, method: string, params: unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } }
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
  return answer.result
}

export const FEE_ACCOUNT: Address = '0x00000000000000000000000000000000000000fe'
export const SALT: Hex = `0x${'01'.repeat(32)}`

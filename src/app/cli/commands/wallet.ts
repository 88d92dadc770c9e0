/** `adit wallet`: the account that pays deposits and gets earnings. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { AditError } from '#base/errors.ts'
import { bytesOf, hexText, parseHex } from '#base/hex.ts'
import { parseUnits } from '#base/units/money.ts'
import { createSigningKey, signingKeyOf } from '#crypto/secp256k1.ts'
import { readBalance, readTokenBalance, mintTestTokens } from '#payment/chain/channels.ts'
import { accountOf, readNativeBalance } from '#payment/chain/client.ts'
import { fundNative } from '#payment/chain/embedded.ts'
import { readProvider } from '#payment/chain/registry.ts'
import { createSender } from '#payment/chain/sender.ts'
import {
  createKeystore,
  keystoreExists,
  NODE_KEY,
  openKeystore,
  WALLET_KEY,
  type Keystore,
} from '../../config/keystore.ts'
import { readPassphrase } from '../../config/passphrase.ts'
import { keystorePathOf } from '../../config/paths.ts'
import { amountOf } from '../../control/values.ts'
import { memoryTransactionStore, openChainContext, keyNamed } from '../chain-access.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { usageError } from '../errors.ts'
import { usd } from '../output.ts'
import { withProgress } from '../progress.ts'
import { askHidden, askNewPassphrase } from '../prompt.ts'

export function registerWallet(program: Command): void {
  const wallet = program.command('wallet').description('the account that pays deposits and receives earnings')
  withCommonOptions(wallet.command('create')).description('make the keys, encrypted under a passphrase').action(create)
  withCommonOptions(wallet.command('import'))
    .description('take over an existing private key, read from a file or the terminal')
    .option('--key-file <file>', 'file with 64 hex digits; - is standard input')
    .action(importKey)
  withCommonOptions(wallet.command('show')).description('its address, and that of the node key').action(show)
  withCommonOptions(wallet.command('balance')).description('what it holds, and where').action(balance)
  withCommonOptions(wallet.command('fund'))
    .description('local test chains only: mint test dollars and gas')
    .option('--usd <amount>', 'test dollars', '100')
    .action(fund)
}

async function create(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const keystore = await openOrCreate(context)
  const key = createSigningKey(context.random)
  await keystore.add(WALLET_KEY, key.privateKey)
  await report(context, keystore)
}

async function importKey(options: CommonOptions & { readonly keyFile?: string }): Promise<void> {
  const context = openContext(options)
  const { keyFile } = options
  const text = keyFile === undefined ? await typedKey() : readFileSync(keyFile === '-' ? 0 : keyFile, 'utf8')
  const digits = text.trim()
  const parsed = parseHex(digits.startsWith('0x') ? digits : `0x${digits}`, 32)
  if (parsed === undefined) {
    throw new AditError('wallet-key-invalid', 'private key: expected 64 hex digits, got something else', {
      remedy: 'export it from the other wallet as hex',
    })
  }
  const key = signingKeyOf(bytesOf(parsed))
  const keystore = await openOrCreate(context)
  await keystore.add(WALLET_KEY, key.privateKey)
  await report(context, keystore)
}

function typedKey(): Promise<string> {
  if (process.stdin.isTTY) return askHidden('Private key (hex): ')
  throw new AditError('usage', 'wallet import: expected --key-file, got none, and there is no terminal', {
    remedy: 'adit wallet import --key-file FILE, or - for standard input',
  })
}

async function openOrCreate(context: Context): Promise<Keystore> {
  const path = keystorePathOf(context.paths)
  if (keystoreExists(path)) return context.keystore()
  const passphrase = await readPassphrase({
    file: context.config().keystore.passphraseFile,
    env: process.env,
    prompt: process.stdin.isTTY ? askNewPassphrase : undefined,
  })
  await createKeystore(path, passphrase, context.random)
  return openKeystore(path, passphrase, context.random)
}

/** The node key is made with the wallet: a provider needs both. */
async function report(context: Context, keystore: Keystore): Promise<void> {
  if (!keystore.has(NODE_KEY)) await keystore.add(NODE_KEY, createSigningKey(context.random).privateKey)
  const address = addressOf(keystore.read(WALLET_KEY))
  context.out.result({ address, nodeKey: addressOf(keystore.read(NODE_KEY)), keystore: keystore.path }, () => {
    context.out.line(`wallet ${address}`)
    context.out.line(`Back up ${keystore.path} and remember the passphrase: both together are the money.`)
  })
}

async function show(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const address = addressOf(await keyNamed(context, WALLET_KEY))
  const nodeKey = addressOf(await keyNamed(context, NODE_KEY))
  context.out.result({ address, nodeKey, keystore: keystorePathOf(context.paths) }, () =>
    context.out.facts([
      ['wallet', address],
      ['node key', nodeKey],
      ['keystore', keystorePathOf(context.paths)],
    ]),
  )
}

async function balance(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const chainContext = await openChainContext(context)
  const { address } = accountOf(await keyNamed(context, WALLET_KEY))
  const wait = { signal: context.signal }
  const [tokens, credited, provider, wei] = await Promise.all([
    readTokenBalance(chainContext, address, wait),
    readBalance(chainContext, address, wait),
    readProvider(chainContext, address, wait),
    readNativeBalance(chainContext.chain, address, wait),
  ])
  const view = {
    address,
    wallet: amountOf(tokens),
    withdrawable: amountOf(credited),
    stake: amountOf(provider?.stake ?? 0n),
    wei: wei.toString(),
  }
  context.out.result(view, () =>
    context.out.facts([
      ['wallet', `${usd(view.wallet)} in ${address}`],
      ['withdrawable', `${usd(view.withdrawable)}  earnings and refunds in the contract: adit withdraw`],
      ['stake', usd(view.stake)],
      ['for gas', `${(Number(wei / 10n ** 12n) / 1e6).toFixed(6)} of the native token`],
    ]),
  )
}

async function fund(options: CommonOptions & { readonly usd: string }): Promise<void> {
  const context = openContext(options)
  const amount = parseUnits(options.usd) ?? usageError('--usd', 'USD such as 100', options.usd)
  const { chain, deployment } = await openChainContext(context)
  if (!deployment.testToken) {
    throw new AditError('wallet-fund-real', 'wallet fund: this chain holds real money, which nobody can mint', {
      remedy: `send tokens to the address of \`adit wallet show\``,
    })
  }
  const { address } = accountOf(await keyNamed(context, WALLET_KEY))
  const wait = { signal: context.signal }
  const hash = await withProgress(context.out.json, `minting $${options.usd} of test money`, async () => {
    await fundNative(chain, address, GAS_WEI, wait)
    // A key for this one transaction: a daemon that uses the wallet keeps its nonces to itself.
    const minter = accountOf(hexText(createSigningKey(context.random).privateKey))
    await fundNative(chain, minter.address, GAS_WEI, wait)
    const store = memoryTransactionStore()
    const sender = createSender({ chain, account: minter, store, clock: context.clock })
    return (await mintTestTokens({ chain, deployment, sender }, { to: address, amount }, wait)).hash
  })
  context.out.result({ address, minted: amountOf(amount), transaction: hash }, () =>
    context.out.line(`${usd(amountOf(amount))} of test money minted to ${address}`),
  )
}

function addressOf(privateKey: Uint8Array | undefined): string {
  if (privateKey === undefined) throw new AditError('wallet-missing', 'keystore: there is no wallet key')
  return hexText(signingKeyOf(privateKey).address)
}

const GAS_WEI = 10n ** 18n

/** Payment channels: opening, paying, closing and reading (`docs/protocol/contracts.md`). */
import { encodeAbiParameters, encodeFunctionData, erc20Abi, keccak256 } from 'viem'
import { units, type TokenUnits } from '#base/units/money.ts'
import { channelsAbi } from './abi/channels.ts'
import { stakeRegistryAbi } from './abi/stake-registry.ts'
import { testDollarAbi } from './abi/test-dollar.ts'
import { reading, type ChainContext, type WaitOptions } from './client.ts'
import { compactSignature, permitIfNeeded } from './permit.ts'
import type { Address, ChannelState, Hex, SignedVoucher } from './types.ts'
import { contentKey, freshKey, write, type ChainWriter, type WriteOptions, type Written } from './writer.ts'

export interface ChannelParties {
  readonly payer: Address
  readonly provider: Address
  /** Address of the channel key, made for this channel alone. */
  readonly signer: Address
  /** 32 bytes; another one for a second channel of the same three. */
  readonly salt: Hex
}

export interface OpenParams {
  readonly provider: Address
  readonly signer: Address
  readonly deposit: TokenUnits
  readonly salt: Hex
}

export interface CloseParams {
  readonly channel: Hex
  /** Final cumulative amount, between what was claimed and the deposit. */
  readonly amount: TokenUnits
  /** Unix seconds, block time. */
  readonly deadline: number
  readonly signerSignature: Hex
  /** May be absent where the sender is the provider. */
  readonly providerSignature?: Hex
}

/** `Channels` or `StakeRegistry`: each keeps internal balances of its own. */
export type LedgerName = 'channels' | 'registry'

/** The id that the contract gives a channel. */
export function channelIdOf({ payer, provider, signer, salt }: ChannelParties): Hex {
  const types = [{ type: 'address' }, { type: 'address' }, { type: 'address' }, { type: 'bytes32' }] as const
  return keccak256(encodeAbiParameters(types, [payer, provider, signer, salt]))
}

/** Reads at the newest block. */
export async function readChannel(
  { chain, deployment }: ChainContext,
  channel: Hex,
  options: WaitOptions = {},
): Promise<ChannelState> {
  const state = await reading('channel', options, () =>
    chain.client.readContract({
      address: deployment.channels,
      abi: channelsAbi,
      functionName: 'channels',
      args: [channel],
    }),
  )
  const provider = lower(state.provider)
  if (BigInt(provider) === 0n) return { kind: 'none' }
  if (state.closeAt === CLOSED) return { kind: 'closed', provider }
  const terms = {
    channel,
    payer: lower(state.payer),
    signer: lower(state.signer),
    provider,
    deposit: units(state.deposit),
    claimed: units(state.claimed),
    remaining: units(state.deposit - state.claimed),
    expiry: state.expiry,
    feeBps: state.feeBps,
  }
  return state.closeAt === 0 ? { kind: 'open', ...terms } : { kind: 'closing', closeAt: state.closeAt, ...terms }
}

/** Internal balance: earnings, refunds, fees and tips, to be withdrawn. */
export async function readBalance(
  context: ChainContext,
  account: Address,
  options: WaitOptions & { readonly ledger?: LedgerName } = {},
): Promise<TokenUnits> {
  const address = ledgerAddress(context, options.ledger ?? 'channels')
  const balance = await reading('internal balance', options, () =>
    context.chain.client.readContract({ address, abi: channelsAbi, functionName: 'balanceOf', args: [account] }),
  )
  return units(balance)
}

/** Tokens in the account itself. */
export async function readTokenBalance(
  { chain, deployment }: ChainContext,
  account: Address,
  options: WaitOptions = {},
): Promise<TokenUnits> {
  const balance = await reading('token balance', options, () =>
    chain.client.readContract({
      address: deployment.token,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [account],
    }),
  )
  return units(balance)
}

/** What a channel costs at least, in base units, and the fee that a new one gets. */
export async function readChannelTerms(
  { chain, deployment }: ChainContext,
  options: WaitOptions = {},
): Promise<{ readonly minimumDeposit: TokenUnits; readonly feeBps: number }> {
  const contract = { address: deployment.channels, abi: channelsAbi } as const
  const minimumDeposit = await reading('minimum deposit', options, () =>
    chain.client.readContract({ ...contract, functionName: 'minimumDeposit' }),
  )
  const feeBps = await reading('fee', options, () => chain.client.readContract({ ...contract, functionName: 'feeBps' }))
  return { minimumDeposit: units(minimumDeposit), feeBps }
}

/** Opens with the sender's tokens, by permit where the allowance is short. Throws `reverted:ChannelExists` and others. */
export async function openChannel(
  writer: ChainWriter,
  { provider, signer, deposit, salt }: OpenParams,
  options: WriteOptions = {},
): Promise<Written & { readonly channel: Hex }> {
  const channel = channelIdOf({ payer: writer.sender.address, provider, signer, salt })
  const { account } = writer.sender
  const permit = await permitIfNeeded(writer, account, writer.deployment.channels, deposit, options)
  const data =
    permit.value === 0n
      ? encodeFunctionData({ abi: channelsAbi, functionName: 'open', args: [provider, signer, deposit, salt] })
      : encodeFunctionData({
          abi: channelsAbi,
          functionName: 'openWithPermit',
          args: [provider, signer, deposit, salt, permit],
        })
  const written = await write(writer, { to: writer.deployment.channels, data, key: `open:${channel}` }, options)
  return { ...written, channel }
}

/** Adds the sender's tokens to any live channel; the allowance comes by permit in a bundle where it is short. */
export async function topUp(
  writer: ChainWriter,
  { channel, added }: { readonly channel: Hex; readonly added: TokenUnits },
  options: WriteOptions = {},
): Promise<Written> {
  const { account } = writer.sender
  const permit = await permitIfNeeded(writer, account, writer.deployment.channels, added, options)
  if (permit.value !== 0n) {
    const data = encodeFunctionData({
      abi: testDollarAbi,
      functionName: 'permit',
      args: [account.address, writer.deployment.channels, permit.value, permit.deadline, permit.v, permit.r, permit.s],
    })
    await write(writer, { to: writer.deployment.token, data, key: contentKey('permit', data) }, withoutKey(options))
  }
  const data = encodeFunctionData({ abi: channelsAbi, functionName: 'topUp', args: [channel, added] })
  return write(writer, { to: writer.deployment.channels, data, key: freshKey('top-up') }, options)
}

/** Credits the provider; anyone may send it. Throws `reverted:NothingToClaim` where it was claimed already. */
export function claim(writer: ChainWriter, voucher: SignedVoucher, options: WriteOptions = {}): Promise<Written> {
  const data = encodeFunctionData({ abi: channelsAbi, functionName: 'claim', args: [voucherArgs(voucher)] })
  return write(writer, { to: writer.deployment.channels, data, key: contentKey('claim', data) }, options)
}

/** Claims each that is good; the others show as `voucher-skipped` events. */
export function claimMany(
  writer: ChainWriter,
  vouchers: readonly SignedVoucher[],
  options: WriteOptions = {},
): Promise<Written> {
  const data = encodeFunctionData({
    abi: channelsAbi,
    functionName: 'claimMany',
    args: [vouchers.map(voucherArgs)],
  })
  return write(writer, { to: writer.deployment.channels, data, key: freshKey('claim-many') }, options)
}

export function cooperativeClose(
  writer: ChainWriter,
  close: CloseParams,
  options: WriteOptions = {},
): Promise<Written> {
  const { channel, amount, deadline, signerSignature, providerSignature = '0x' } = close
  const data = encodeFunctionData({
    abi: channelsAbi,
    functionName: 'cooperativeClose',
    args: [channel, amount, BigInt(deadline), signerSignature, providerSignature],
  })
  return write(writer, { to: writer.deployment.channels, data, key: contentKey('close', data) }, options)
}

/** The payer asks for its rest: vouchers stay claimable for 72 hours. */
export function startClose(writer: ChainWriter, channel: Hex, options: WriteOptions = {}): Promise<Written> {
  const data = encodeFunctionData({ abi: channelsAbi, functionName: 'startClose', args: [channel] })
  return write(writer, { to: writer.deployment.channels, data, key: contentKey('start-close', data) }, options)
}

/** Credits the payer's rest after the window or the expiry; anyone may send it. */
export function finishClose(writer: ChainWriter, channel: Hex, options: WriteOptions = {}): Promise<Written> {
  const data = encodeFunctionData({ abi: channelsAbi, functionName: 'finishClose', args: [channel] })
  return write(writer, { to: writer.deployment.channels, data, key: contentKey('finish-close', data) }, options)
}

export interface WithdrawParams {
  /** Default: the sender itself. */
  readonly to?: Address
  readonly amount?: TokenUnits | 'all'
  readonly ledger?: LedgerName
}

/** Pays the sender's internal balance out. */
export function withdraw(
  writer: ChainWriter,
  { to = writer.sender.address, amount = 'all', ledger = 'channels' }: WithdrawParams = {},
  options: WriteOptions = {},
): Promise<Written> {
  const data = encodeFunctionData({
    abi: stakeRegistryAbi,
    functionName: 'withdraw',
    args: [to, amount === 'all' ? ALL : amount],
  })
  return write(writer, { to: ledgerAddress(writer, ledger), data, key: freshKey('withdraw') }, options)
}

/** The faucet of a test token; reverts on any real one. */
export function mintTestTokens(
  writer: ChainWriter,
  { to, amount }: { readonly to: Address; readonly amount: TokenUnits },
  options: WriteOptions = {},
): Promise<Written> {
  const data = encodeFunctionData({ abi: testDollarAbi, functionName: 'mint', args: [to, amount] })
  return write(writer, { to: writer.deployment.token, data, key: freshKey('mint') }, options)
}

function voucherArgs(voucher: SignedVoucher): { channel: Hex; amount: bigint; reading: Hex; r: Hex; vs: Hex } {
  const { channel, amount, reading: hash, signature } = voucher
  return { channel, amount, reading: hash, ...compactSignature(signature) }
}

function ledgerAddress({ deployment }: ChainContext, ledger: LedgerName): Address {
  return ledger === 'channels' ? deployment.channels : deployment.registry
}

function withoutKey({ key: _key, ...rest }: WriteOptions): WriteOptions {
  return rest
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}

const ALL = (1n << 256n) - 1n
/** `closeAt` of a channel that was closed. */
const CLOSED = 2 ** 40 - 1

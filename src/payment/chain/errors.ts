/**
 * What can go wrong with a chain, by stable code:
 *
 * | code | when | what to do |
 * |---|---|---|
 * | `chain-unreachable` | no JSON-RPC URL answers | start the chain, or correct `chain.rpcUrl` |
 * | `chain-id-mismatch` | another chain answers | correct the URL or the chain id |
 * | `chain-error` | the node refused a request for another reason | see the message |
 * | `insufficient-funds` | not enough of the native token for gas, or of the token | fund the account, or use a submitter |
 * | `nonce-stuck` | a transaction was not included in time, also after raised fees | wait and repeat: it is kept |
 * | `reverted:<error>` | the contract refused | depends on the error: see `REMEDIES` |
 * | `deployment-missing`, `deployment-invalid`, `deployment-stale` | no file, not a deployment, no code there | deploy |
 * | `embedded-unavailable`, `embedded-failed` | no anvil for this platform; it did not start | give a URL; see its log |
 */
import {
  BaseError,
  ContractFunctionRevertedError,
  decodeErrorResult,
  HttpRequestError,
  InsufficientFundsError,
  TimeoutError,
  WebSocketRequestError,
} from 'viem'
import { AditError } from '#base/errors.ts'
import { channelsAbi } from './abi/channels.ts'
import { stakeRegistryAbi } from './abi/stake-registry.ts'
import { testDollarAbi } from './abi/test-dollar.ts'
import type { Hex } from './types.ts'

/** Turns a failure of viem into an `AditError`; passes others through. */
export function chainError(error: unknown, action: string): Error {
  if (error instanceof AditError || !(error instanceof Error)) return error as Error
  if (!(error instanceof BaseError)) return error
  const insufficient = error.walk((cause) => cause instanceof InsufficientFundsError)
  if (insufficient !== null) return insufficientFunds(action, error)
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  if (reverted instanceof ContractFunctionRevertedError) return revertedError(action, reverted.raw, error)
  const data = revertData(error)
  if (data !== undefined) return revertedError(action, data, error)
  if (isUnreachable(error)) {
    return new AditError('chain-unreachable', `${action}: the chain does not answer`, {
      remedy: 'start the chain or correct chain.rpcUrl; what is signed already stays valid',
      cause: error,
    })
  }
  return new AditError('chain-error', `${action}: ${error.shortMessage}`, {
    remedy: 'see the cause; adit chain status shows what the node says',
    cause: error,
  })
}

/** The error of a call that the contract refused; `data` is what it returned. */
export function revertedError(action: string, data: Hex | undefined, cause?: unknown): AditError {
  const name = errorNameOf(data)
  return new AditError(`reverted:${name}`, `${action}: the contract refused with ${name}`, {
    remedy: REMEDIES[name] ?? 'docs/protocol/contracts.md explains the error',
    fields: data === undefined ? {} : { data },
    cause,
  })
}

export function insufficientFunds(action: string, cause?: unknown): AditError {
  return new AditError('insufficient-funds', `${action}: the account cannot pay the gas`, {
    remedy: 'fund the account (adit wallet fund on a local chain), or sign the action for a submitter',
    cause,
  })
}

/** `chain-unreachable` or a node that is slow: worth another try, nothing is lost. */
export function isTransient(error: unknown): boolean {
  return error instanceof AditError && error.code === 'chain-unreachable'
}

function errorNameOf(data: Hex | undefined): string {
  if (data === undefined || data.length < 10) return 'unknown'
  for (const abi of [channelsAbi, stakeRegistryAbi, testDollarAbi]) {
    try {
      const decoded = decodeErrorResult({ abi, data })
      return decoded.errorName
    } catch {
      continue // not an error of this contract
    }
  }
  return 'unknown'
}

function revertData(error: BaseError): Hex | undefined {
  const found = error.walk((cause) => dataOf(cause) !== undefined)
  return found === null ? undefined : dataOf(found)
}

/** A node's answer to a call that reverted: code 3 (geth, anvil) with the data beside it. */
function dataOf(cause: unknown): Hex | undefined {
  if (typeof cause !== 'object' || cause === null || !('data' in cause)) return undefined
  const data =
    typeof cause.data === 'object' && cause.data !== null && 'data' in cause.data ? cause.data.data : cause.data
  return typeof data === 'string' && data.startsWith('0x') ? (data as Hex) : undefined
}

function isUnreachable(error: BaseError): boolean {
  return (
    error.walk(
      (cause) =>
        cause instanceof HttpRequestError || cause instanceof TimeoutError || cause instanceof WebSocketRequestError,
    ) !== null
  )
}

const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchChannel: 'the channel was closed or never opened; look for it with adit status',
  ChannelExists: 'this channel is open already; use another salt for a second one',
  NothingToClaim: 'the voucher was claimed already, or the deposit is used up',
  InvalidVoucherSignature: 'the voucher is for another channel, chain or contract, or not by the channel key',
  CloseNotDue: 'wait for the close window or the expiry',
  AlreadyClosing: 'the close is under way already',
  ExpiredChannel: 'open a new channel',
  AmountBelowMinimum: 'raise the amount to the minimum deposit',
  DeadlinePassed: 'sign the action again with a later deadline',
  NonceUsed: 'the action was submitted already, or cancelled',
  InvalidAuthorization: 'the action was signed by another key, or for another chain or contract',
  TipTooHigh: 'ask for no more than the signed tip',
  InsufficientBalance: 'withdraw less',
  ERC20InsufficientAllowance: 'allow the contract to draw the amount, or add a permit',
  ERC20InsufficientBalance: 'the account holds less of the token than needed',
  AlreadyRegistered: 'change the entry with an update instead',
  NotRegistered: 'stake first (adit stake)',
  StakeBelowMinimum: 'stake at least the minimum',
  KeyInUse: 'use a fresh node key',
  InvalidKeyBinding: 'the binding must be signed by the node key for this owner',
  Unbonding: 'the stake is being withdrawn; wait, withdraw it, and register again',
  NotUnbonding: 'start the unbonding first (adit unstake)',
  UnbondingNotDue: 'wait until the unbonding time has passed',
  KeyNotSlashable: 'the key is not of this provider, or was released',
  TransferAmountMismatch: 'the token takes a fee on transfers: it cannot be used here',
}

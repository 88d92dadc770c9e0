/**
 * Actions as signed messages: an account without the chain's native token signs, a submitter sends and keeps a tip of at
 * most `maxTip`. What is signed stands in `contracts/src/I*.sol` at each function; a `SignedAction` is plain JSON.
 */
import { randomBytes } from 'node:crypto'
import { encodeFunctionData } from 'viem'
import { bytesOf, parseHex } from '#base/hex.ts'
import { err, ok, type Result } from '#base/result.ts'
import { units, ZERO_UNITS, type TokenUnits } from '#base/units/money.ts'
import { channelsAbi } from './abi/channels.ts'
import { stakeRegistryAbi } from './abi/stake-registry.ts'
import { ACTION_TYPES, PROFILE_TYPE, type TypeField } from './action-types.ts'
import type { ChainAccount, ChainContext, WaitOptions } from './client.ts'
import { readBalance, type LedgerName, type OpenParams } from './channels.ts'
import { NO_PERMIT, permitIfNeeded, splitSignature, type Permit } from './permit.ts'
import { profileArgs, signBinding } from './registry.ts'
import type { Address, Hex, ProviderProfile, SignedAction, SignedActionKind } from './types.ts'
import { contentKey, write, type ChainWriter, type WriteOptions, type Written } from './writer.ts'

export interface ActionTerms {
  /** What the submitter may keep at most. */
  readonly maxTip: TokenUnits
  /** Unix seconds, block time. */
  readonly deadline: number
  /** Unordered; default random. */
  readonly nonce?: bigint
}

export function signOpen(
  context: ChainContext,
  account: ChainAccount,
  open: OpenParams & ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const { provider, signer, deposit, salt } = open
  const args = { payer: account.address, provider, signer, deposit: deposit.toString(), salt }
  return sign(context, account, { kind: 'open', args, funds: deposit }, open, options)
}

export function signTopUp(
  context: ChainContext,
  account: ChainAccount,
  topUp: { readonly channel: Hex; readonly added: TokenUnits } & ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const args = { from: account.address, channel: topUp.channel, added: topUp.added.toString() }
  return sign(context, account, { kind: 'top-up', args, funds: topUp.added }, topUp, options)
}

export function signStartClose(
  context: ChainContext,
  account: ChainAccount,
  close: { readonly channel: Hex } & ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const parts: Parts = { kind: 'start-close', args: { channel: close.channel }, funds: ZERO_UNITS }
  return sign(context, account, parts, close, options)
}

/** The tip comes out of `amount`. `ledger`: whose internal balance, default `channels`. */
export function signWithdraw(
  context: ChainContext,
  account: ChainAccount,
  withdraw: { readonly to?: Address; readonly amount?: TokenUnits | 'all'; readonly ledger?: LedgerName } & ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const amount = withdraw.amount === undefined || withdraw.amount === 'all' ? ALL : withdraw.amount
  const args = { account: account.address, to: withdraw.to ?? account.address, amount: amount.toString() }
  const parts: Parts = { kind: 'withdraw', args, funds: undefined, ledger: withdraw.ledger ?? 'channels' }
  return sign(context, account, parts, withdraw, options)
}

export async function signRegister(
  context: ChainContext,
  account: ChainAccount,
  register: {
    readonly stake: TokenUnits
    readonly nodeKey: ChainAccount
    readonly profile: ProviderProfile
  } & ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const { stake, nodeKey } = register
  const args = {
    owner: account.address,
    stake: stake.toString(),
    key: nodeKey.address,
    binding: await signBinding(context, nodeKey, account.address),
    profile: profileText(register.profile),
  }
  return sign(context, account, { kind: 'register', args, funds: stake }, register, options)
}

export function signUpdate(
  context: ChainContext,
  account: ChainAccount,
  update: { readonly profile: ProviderProfile } & ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const args = { owner: account.address, profile: profileText(update.profile) }
  return sign(context, account, { kind: 'update', args, funds: ZERO_UNITS }, update, options)
}

export async function signAddKey(
  context: ChainContext,
  account: ChainAccount,
  added: { readonly nodeKey: ChainAccount } & ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const binding = await signBinding(context, added.nodeKey, account.address)
  const args = { owner: account.address, key: added.nodeKey.address, binding }
  return sign(context, account, { kind: 'add-key', args, funds: ZERO_UNITS }, added, options)
}

export function signRetireKey(
  context: ChainContext,
  account: ChainAccount,
  retired: { readonly keyId: number } & ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const args = { owner: account.address, keyId: retired.keyId.toString() }
  return sign(context, account, { kind: 'retire-key', args, funds: ZERO_UNITS }, retired, options)
}

export function signStartUnbonding(
  context: ChainContext,
  account: ChainAccount,
  terms: ActionTerms,
  options: WaitOptions = {},
): Promise<SignedAction> {
  const parts: Parts = { kind: 'start-unbonding', args: { owner: account.address }, funds: ZERO_UNITS }
  return sign(context, account, parts, terms, options)
}

/** Sends somebody's action; the tip (default: all that was signed) goes to the sender's internal balance. */
export function submitAction(
  writer: ChainWriter,
  action: SignedAction,
  tip: TokenUnits = units(BigInt(action.maxTip)),
  options: WriteOptions = {},
): Promise<Written> {
  const data = calldataOf(action, tip)
  return write(writer, { to: action.contract, data, key: contentKey('submit', data) }, options)
}

/** Checks the form of a foreign action; whether it is worth submitting shows in the gas estimate. */
export function parseSignedAction(value: unknown): Result<SignedAction, string> {
  if (typeof value !== 'object' || value === null) return err('action: expected an object')
  const fields = value as Record<string, unknown>
  if (fields['version'] !== 1) return err('action.version: expected 1')
  const kind = KINDS.find((one) => one === fields['kind'])
  if (kind === undefined) return err(`action.kind: expected one of ${KINDS.join(', ')}`)
  const contract = hexField(fields['contract'], 20)
  const account = hexField(fields['account'], 20)
  const signature = hexField(fields['signature'], 65)
  if (contract === undefined) return err('action.contract: expected an address')
  if (account === undefined) return err('action.account: expected an address')
  if (signature === undefined) return err('action.signature: expected 65 bytes of hex')
  const { chainId, deadline, maxTip, nonce } = fields
  if (!isCount(chainId)) return err('action.chainId: expected a chain id')
  if (!isCount(deadline)) return err('action.deadline: expected Unix seconds')
  if (!isDecimal(maxTip) || BigInt(maxTip) >= 1n << 96n) return err('action.maxTip: expected an amount')
  if (!isDecimal(nonce)) return err('action.nonce: expected a decimal number')
  const args = argsOf(kind, fields['args'])
  if (args === undefined) return err(`action.args: expected ${Object.keys(ARGUMENTS[kind]).join(', ')}`)
  const permit = permitOf(fields['permit'])
  if (permit === undefined && fields['permit'] !== undefined) return err('action.permit: expected a permit')
  const action = { version: 1, chainId, contract, kind, account, args, maxTip, nonce, deadline, signature } as const
  return ok(permit === undefined ? action : { ...action, permit })
}

interface Parts {
  readonly kind: SignedActionKind
  readonly args: Readonly<Record<string, string>>
  /** What the action draws besides the tip; undefined: the tip comes out of the action's own amount. */
  readonly funds: TokenUnits | undefined
  readonly ledger?: LedgerName
}

async function sign(
  context: ChainContext,
  account: ChainAccount,
  parts: Parts,
  terms: ActionTerms,
  options: WaitOptions,
): Promise<SignedAction> {
  const { deployment } = context
  const ledger = parts.ledger ?? (CHANNEL_KINDS.has(parts.kind) ? 'channels' : 'registry')
  const contract = deployment[ledger]
  const nonce = terms.nonce ?? BigInt(`0x${randomBytes(32).toString('hex')}`)
  const { primaryType, fields } = ACTION_TYPES[parts.kind]
  const message = {
    ...messageOf(parts.kind, parts.args),
    maxTip: terms.maxTip,
    nonce,
    deadline: BigInt(terms.deadline),
  }
  const hasProfile = fields.some((field) => field.type === 'Profile')
  const types: Record<string, readonly TypeField[]> = hasProfile
    ? { [primaryType]: fields, Profile: PROFILE_TYPE }
    : { [primaryType]: fields }
  const signature = await account.signTypedData<Record<string, unknown>, string>({
    domain: {
      name: ledger === 'channels' ? 'Adit Channels' : 'Adit Stake Registry',
      version: '1',
      chainId: deployment.chainId,
      verifyingContract: contract,
    },
    types,
    primaryType,
    message,
  })
  const permit = await permitFor(context, account, contract, parts.funds, terms.maxTip, ledger, options)
  const action: SignedAction = {
    version: 1,
    chainId: deployment.chainId,
    contract,
    kind: parts.kind,
    account: account.address,
    args: parts.args,
    maxTip: terms.maxTip.toString(),
    nonce: nonce.toString(),
    deadline: terms.deadline,
    signature,
  }
  if (permit.value === 0n) return action
  const joined: Hex = `0x${permit.r.slice(2)}${permit.s.slice(2)}${permit.v.toString(16)}`
  return {
    ...action,
    permit: { value: permit.value.toString(), deadline: Number(permit.deadline), signature: joined },
  }
}

/** The contract takes from the internal balance first; the permit covers what that lacks now. */
async function permitFor(
  context: ChainContext,
  account: ChainAccount,
  contract: Address,
  funds: TokenUnits | undefined,
  maxTip: TokenUnits,
  ledger: LedgerName,
  options: WaitOptions,
): Promise<Permit> {
  if (funds === undefined) return NO_PERMIT
  const needed = funds + maxTip
  const held = await readBalance(context, account.address, { ...options, ledger })
  return held >= needed ? NO_PERMIT : permitIfNeeded(context, account, contract, needed - held, options)
}

function calldataOf(action: SignedAction, tip: TokenUnits): Hex {
  const { args, kind } = action
  const authorization = {
    maxTip: BigInt(action.maxTip),
    nonce: BigInt(action.nonce),
    deadline: BigInt(action.deadline),
    signature: action.signature,
  }
  const permit = permitArgs(action)
  const tail = [tip, authorization, permit] as const
  const hex = (name: string): Hex => args[name] as Hex
  const amount = (name: string): bigint => BigInt(args[name])
  const abi = stakeRegistryAbi
  switch (kind) {
    case 'open': {
      const request = {
        payer: hex('payer'),
        provider: hex('provider'),
        signer: hex('signer'),
        deposit: amount('deposit'),
        salt: hex('salt'),
      }
      return encodeFunctionData({ abi: channelsAbi, functionName: 'openFor', args: [request, ...tail] })
    }
    case 'top-up': {
      const own = [hex('from'), hex('channel'), amount('added')] as const
      return encodeFunctionData({ abi: channelsAbi, functionName: 'topUpFor', args: [...own, ...tail] })
    }
    case 'start-close':
      return encodeFunctionData({ abi: channelsAbi, functionName: 'startCloseFor', args: [hex('channel'), ...tail] })
    case 'withdraw': {
      const own = [hex('account'), hex('to'), amount('amount')] as const
      return encodeFunctionData({ abi, functionName: 'withdrawFor', args: [...own, tip, authorization] })
    }
    case 'register': {
      const own = [hex('owner'), amount('stake'), hex('key'), hex('binding'), profileOf(args['profile'])] as const
      return encodeFunctionData({ abi, functionName: 'registerFor', args: [...own, ...tail] })
    }
    case 'update':
      return encodeFunctionData({
        abi,
        functionName: 'updateFor',
        args: [hex('owner'), profileOf(args['profile']), ...tail],
      })
    case 'add-key': {
      const own = [hex('owner'), hex('key'), hex('binding')] as const
      return encodeFunctionData({ abi, functionName: 'addKeyFor', args: [...own, ...tail] })
    }
    case 'retire-key':
      return encodeFunctionData({
        abi,
        functionName: 'retireKeyFor',
        args: [hex('owner'), Number(args['keyId']), ...tail],
      })
    case 'start-unbonding':
      return encodeFunctionData({ abi, functionName: 'startUnbondingFor', args: [hex('owner'), ...tail] })
  }
}

function messageOf(kind: SignedActionKind, args: Readonly<Record<string, string>>): Record<string, unknown> {
  const entries = Object.entries(args).filter(([name]) => name !== 'binding')
  const message: Record<string, unknown> = {}
  for (const [name, text] of entries) {
    const form = ARGUMENTS[kind][name]
    if (form === 'profile') message[name] = profileOf(text)
    else message[name] = form === 'amount' ? BigInt(text) : text
  }
  return message
}

function permitArgs({ permit }: SignedAction): Permit {
  if (permit === undefined) return NO_PERMIT
  return { value: BigInt(permit.value), deadline: BigInt(permit.deadline), ...splitSignature(permit.signature) }
}

function profileText(profile: ProviderProfile): string {
  return JSON.stringify(profileArgs(profile))
}

/** Throws `SyntaxError` on foreign text that `argsOf` did not check. */
function profileOf(text: string): ReturnType<typeof profileArgs> {
  return JSON.parse(text) as ReturnType<typeof profileArgs>
}

function argsOf(kind: SignedActionKind, value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const args: Record<string, string> = {}
  for (const [name, form] of Object.entries(ARGUMENTS[kind])) {
    const text = (value as Record<string, unknown>)[name]
    if (typeof text !== 'string' || !hasForm(text, form)) return undefined
    args[name] = text
  }
  return args
}

function hasForm(text: string, form: ArgumentForm): boolean {
  switch (form) {
    case 'amount':
      return isDecimal(text)
    case 'profile':
      return isProfile(text)
    default:
      return parseHex(text, form) !== undefined
  }
}

function isProfile(text: string): boolean {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false // not JSON: foreign input
  }
  if (typeof value !== 'object' || value === null) return false
  const { region, contactHash, protocolMin, protocolMax, active, relayIds } = value as Record<string, unknown>
  const isHex = (one: unknown, length: number): boolean => hexField(one, length) !== undefined
  const isShort = (one: unknown): boolean => isCount(one) && one < 65_536
  return (
    isHex(region, 8) &&
    isHex(contactHash, 32) &&
    isShort(protocolMin) &&
    isShort(protocolMax) &&
    typeof active === 'boolean' &&
    Array.isArray(relayIds) &&
    relayIds.length <= 8 &&
    relayIds.every((id) => isHex(id, 32))
  )
}

function permitOf(value: unknown): SignedAction['permit'] {
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Record<string, unknown>
  const signature = hexField(fields['signature'], 65)
  if (signature === undefined || !isRecoverable(signature)) return undefined
  if (!isDecimal(fields['value']) || !isCount(fields['deadline'])) return undefined
  return { value: fields['value'], deadline: fields['deadline'], signature }
}

function isRecoverable(signature: Hex): boolean {
  const v = bytesOf(signature)[64]
  return v === 27 || v === 28
}

function hexField(value: unknown, length: number): Hex | undefined {
  return typeof value === 'string' ? parseHex(value, length) : undefined
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,78}$/.test(value) && BigInt(value) <= ALL
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

type ArgumentForm = 'amount' | 'profile' | 20 | 32 | 65

const ALL = (1n << 256n) - 1n
/** The arguments of each kind, a number being the length in bytes of a hex text. */
const ARGUMENTS: Readonly<Record<SignedActionKind, Readonly<Record<string, ArgumentForm>>>> = {
  open: { payer: 20, provider: 20, signer: 20, deposit: 'amount', salt: 32 },
  'top-up': { from: 20, channel: 32, added: 'amount' },
  'start-close': { channel: 32 },
  withdraw: { account: 20, to: 20, amount: 'amount' },
  register: { owner: 20, stake: 'amount', key: 20, binding: 65, profile: 'profile' },
  update: { owner: 20, profile: 'profile' },
  'add-key': { owner: 20, key: 20, binding: 65 },
  'retire-key': { owner: 20, keyId: 'amount' },
  'start-unbonding': { owner: 20 },
}
const KINDS = Object.keys(ARGUMENTS) as readonly SignedActionKind[]
const CHANNEL_KINDS: ReadonlySet<SignedActionKind> = new Set<SignedActionKind>([
  'open',
  'top-up',
  'start-close',
  'withdraw',
])

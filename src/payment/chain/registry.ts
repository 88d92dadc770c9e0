/** Providers: stake, node keys and profile; discovery by pages; the report of an equivocation. */
import { encodeFunctionData } from 'viem'
import { hexOf } from '#base/bytes.ts'
import { bytesOf, hexText } from '#base/hex.ts'
import { units, type TokenUnits } from '#base/units/money.ts'
import { domainSeparator, structHash, typedDataDigest, typeHash, wordOfAddress, type Domain } from '#crypto/eip712.ts'
import { stakeRegistryAbi } from './abi/stake-registry.ts'
import { reading, readHead, registryDomain, type ChainAccount, type ChainContext, type WaitOptions } from './client.ts'
import { permitIfNeeded } from './permit.ts'
import type { Address, Hex, ProviderProfile, ProviderRecord, SignedOffer } from './types.ts'
import { contentKey, freshKey, write, type ChainWriter, type WriteOptions, type Written } from './writer.ts'

export interface RegisterParams {
  readonly stake: TokenUnits
  /** Signs the binding: a node key is registered by who holds it. */
  readonly nodeKey: ChainAccount
  readonly profile: ProviderProfile
}

/** Stakes the sender's tokens, by permit where the allowance is short. */
export async function register(
  writer: ChainWriter,
  { stake, nodeKey, profile }: RegisterParams,
  options: WriteOptions = {},
): Promise<Written> {
  const { account } = writer.sender
  const binding = await signBinding(writer, nodeKey, account.address)
  const permit = await permitIfNeeded(writer, account, writer.deployment.registry, stake, options)
  const args = [stake, nodeKey.address, binding, profileArgs(profile)] as const
  const data =
    permit.value === 0n
      ? encodeFunctionData({ abi: stakeRegistryAbi, functionName: 'register', args })
      : encodeFunctionData({ abi: stakeRegistryAbi, functionName: 'registerWithPermit', args: [...args, permit] })
  return write(writer, { to: writer.deployment.registry, data, key: freshKey('register') }, options)
}

/** Replaces the profile. */
export function update(writer: ChainWriter, profile: ProviderProfile, options: WriteOptions = {}): Promise<Written> {
  const data = encodeFunctionData({ abi: stakeRegistryAbi, functionName: 'update', args: [profileArgs(profile)] })
  return write(writer, { to: writer.deployment.registry, data, key: freshKey('update') }, options)
}

export async function addKey(writer: ChainWriter, nodeKey: ChainAccount, options: WriteOptions = {}): Promise<Written> {
  const binding = await signBinding(writer, nodeKey, writer.sender.address)
  const data = encodeFunctionData({
    abi: stakeRegistryAbi,
    functionName: 'addKey',
    args: [nodeKey.address, binding],
  })
  return write(writer, { to: writer.deployment.registry, data, key: contentKey('add-key', data) }, options)
}

/** Takes a key out of use; it stays slashable for 14 days. */
export function retireKey(writer: ChainWriter, keyId: number, options: WriteOptions = {}): Promise<Written> {
  const data = encodeFunctionData({ abi: stakeRegistryAbi, functionName: 'retireKey', args: [keyId] })
  return write(writer, { to: writer.deployment.registry, data, key: freshKey('retire-key') }, options)
}

/** Leaves the market: the stake is free after 14 days. */
export function startUnbonding(writer: ChainWriter, options: WriteOptions = {}): Promise<Written> {
  const data = encodeFunctionData({ abi: stakeRegistryAbi, functionName: 'startUnbonding' })
  return write(writer, { to: writer.deployment.registry, data, key: freshKey('start-unbonding') }, options)
}

/** Moves the unbonded stake to the owner's internal balance; then `withdraw` with `ledger: 'registry'`. */
export function withdrawStake(
  writer: ChainWriter,
  owner: Address = writer.sender.address,
  options: WriteOptions = {},
): Promise<Written> {
  const data = encodeFunctionData({ abi: stakeRegistryAbi, functionName: 'withdrawStake', args: [owner] })
  return write(writer, { to: writer.deployment.registry, data, key: freshKey('withdraw-stake') }, options)
}

/** Two offers of one node key with one sequence and different content: the reporter gets a tenth of the stake. */
export function reportEquivocation(
  writer: ChainWriter,
  first: SignedOffer,
  second: SignedOffer,
  options: WriteOptions = {},
): Promise<Written> {
  const data = encodeFunctionData({
    abi: stakeRegistryAbi,
    functionName: 'slashEquivocation',
    args: [first.provider, first.sequence, first.contentHash, first.signature, second.contentHash, second.signature],
  })
  return write(writer, { to: writer.deployment.registry, data, key: contentKey('report', data) }, options)
}

/** Every provider with stake, all pages read at one block. */
export async function listProviders(
  { chain, deployment }: ChainContext,
  options: WaitOptions = {},
): Promise<readonly ProviderRecord[]> {
  const blockNumber = BigInt((await readHead(chain, options)).block)
  const providers: ProviderRecord[] = []
  for (;;) {
    const page = await reading('providers', options, () =>
      chain.client.readContract({
        address: deployment.registry,
        abi: stakeRegistryAbi,
        functionName: 'providersPage',
        args: [BigInt(providers.length), PAGE],
        blockNumber,
      }),
    )
    providers.push(...page.map(recordOf))
    if (BigInt(page.length) < PAGE) return providers
  }
}

/** Undefined where the owner has no stake here. */
export async function readProvider(
  { chain, deployment }: ChainContext,
  owner: Address,
  options: WaitOptions = {},
): Promise<ProviderRecord | undefined> {
  const view = await reading('provider', options, () =>
    chain.client.readContract({
      address: deployment.registry,
      abi: stakeRegistryAbi,
      functionName: 'providerOf',
      args: [owner],
    }),
  )
  return view.stake === 0n ? undefined : recordOf(view)
}

/** Who registered a node key; undefined where nobody did. `slashable` is false once the key was released. */
export async function resolveNodeKey(
  { chain, deployment }: ChainContext,
  key: Address,
  options: WaitOptions = {},
): Promise<{ readonly owner: Address; readonly keyId: number; readonly slashable: boolean } | undefined> {
  const contract = { address: deployment.registry, abi: stakeRegistryAbi } as const
  const [owner, keyId] = await reading('node key', options, () =>
    chain.client.readContract({ ...contract, functionName: 'ownerOfKey', args: [key] }),
  )
  if (BigInt(owner) === 0n) return undefined
  const slashable = await reading('node key', options, () =>
    chain.client.readContract({ ...contract, functionName: 'isSlashable', args: [key] }),
  )
  return { owner: lower(owner), keyId, slashable }
}

export async function readMinimumStake(
  { chain, deployment }: ChainContext,
  options: WaitOptions = {},
): Promise<TokenUnits> {
  const minimum = await reading('minimum stake', options, () =>
    chain.client.readContract({
      address: deployment.registry,
      abi: stakeRegistryAbi,
      functionName: 'minimumStake',
    }),
  )
  return units(minimum)
}

/** The node key's consent to be registered by `owner`. */
export function signBinding({ deployment }: ChainContext, nodeKey: ChainAccount, owner: Address): Promise<Hex> {
  return nodeKey.sign({ hash: hexText(bindingDigest(registryDomain(deployment), owner)) })
}

/** The profile as the contract takes it. Throws `RangeError` where the region is not 1-8 of `A-Z 0-9 -`. */
export function profileArgs(profile: ProviderProfile): {
  region: Hex
  contactHash: Hex
  protocolMin: number
  protocolMax: number
  active: boolean
  relayIds: readonly Hex[]
} {
  const { contactHash, protocolMin, protocolMax, active, relayIds } = profile
  return { region: regionBytes(profile.region), contactHash, protocolMin, protocolMax, active, relayIds }
}

function regionBytes(region: string): Hex {
  if (!/^[A-Z0-9-]{1,8}$/.test(region)) throw new RangeError('region: expected 1 to 8 of A-Z, 0-9 and "-", such as DE')
  return `0x${hexOf(new TextEncoder().encode(region)).padEnd(16, '0')}`
}

/** The contract lets nothing but `A-Z 0-9 -` in. */
function regionText(region: Hex): string {
  return new TextDecoder().decode(bytesOf(region)).replaceAll('\0', '')
}

interface ProviderViewArgs {
  readonly owner: Address
  readonly stake: bigint
  readonly unbondsAt: number
  readonly registeredAt: number
  readonly slashCount: number
  readonly firstLiveKey: number
  readonly profile: {
    readonly region: Hex
    readonly contactHash: Hex
    readonly protocolMin: number
    readonly protocolMax: number
    readonly active: boolean
    readonly relayIds: readonly Hex[]
  }
  readonly keys: readonly { readonly key: Address; readonly addedAt: number; readonly retiredAt: number }[]
}

function recordOf(view: ProviderViewArgs): ProviderRecord {
  return {
    owner: lower(view.owner),
    stake: units(view.stake),
    unbondsAt: view.unbondsAt === 0 ? undefined : view.unbondsAt,
    registeredAt: view.registeredAt,
    slashCount: view.slashCount,
    ...view.profile,
    region: regionText(view.profile.region),
    keys: view.keys.map(({ key, addedAt, retiredAt }, keyId) => ({
      keyId,
      key: lower(key),
      addedAt,
      retiredAt: retiredAt === 0 ? undefined : retiredAt,
      live: keyId >= view.firstLiveKey,
    })),
  }
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}

const PAGE = 100n

/** 32 bytes, signed once by a node key: it may be registered by `provider` only. */
export function bindingDigest(domain: Domain, provider: Address): Uint8Array {
  return typedDataDigest(domainSeparator(domain), structHash(BINDING_TYPE, wordOfAddress(provider)))
}

const BINDING_TYPE = typeHash('KeyBinding(address provider)')

/** Makes sure that the registry says what this provider is: stake, node key, region. */
import { AditError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { maxUnits, type TokenUnits } from '#base/units/money.ts'
import { createSigningKey } from '#crypto/secp256k1.ts'
import { accountOf, type ChainContext } from '#payment/chain/client.ts'
import { addKey, readMinimumStake, readProvider, register, resolveNodeKey, update } from '#payment/chain/registry.ts'
import { PROTOCOL_VERSION } from '#payment/chain/deploy.ts'
import type { ProviderProfile, ProviderRecord } from '#payment/chain/types.ts'
import { NODE_KEY, type Keystore } from '../config/keystore.ts'
import type { ChainAccess } from './chain-access.ts'
import { lower } from './facts.ts'

/**
 * The node key in use: the newest in the keystore. A key that was registered and released (unbonding, slashing) can never
 * be registered again, so an account that comes back gets a new one.
 */
export async function nodeKeyFor(
  access: ChainContext,
  keystore: Keystore,
  random: Random,
  signal: AbortSignal,
): Promise<Uint8Array> {
  for (let index = 1; ; index++) {
    const name = index === 1 ? NODE_KEY : `${NODE_KEY}/${index}`
    const known = keystore.read(name)
    if (known === undefined) {
      const { privateKey } = createSigningKey(random)
      await keystore.add(name, privateKey)
      return privateKey
    }
    const key = accountOf(known).address
    const owner = await resolveNodeKey(access, key, { signal })
    if (owner === undefined) return known
    const record = await readProvider(access, owner.owner, { signal })
    if (record?.keys.some((one) => lower(one.key) === lower(key) && one.live) === true) return known
  }
}

export interface RegistrationOptions {
  readonly access: ChainAccess
  readonly nodeKey: Uint8Array
  readonly region: string
  /** Staked when there is no registration yet; at least the registry's minimum. */
  readonly stakeUnits: TokenUnits
  readonly log: Log
  readonly signal: AbortSignal
}

export interface Registration {
  readonly record: ProviderRecord
  readonly nodeKeyId: number
}

/** Registers, adds the node key, or corrects the profile, where needed. Throws `provider-unbonding`. */
export async function ensureRegistered(options: RegistrationOptions): Promise<Registration> {
  const { access, region, log, signal } = options
  const nodeAccount = accountOf(options.nodeKey)
  const before = await readProvider(access, access.account.address, { signal })
  if (before?.unbondsAt !== undefined) {
    throw new AditError('provider-unbonding', 'this account is leaving the market: its stake is unbonding', {
      remedy: 'wait until it is released (`adit unstake`), then stake again; or use another wallet',
    })
  }
  if (before === undefined) {
    const stake = maxUnits(options.stakeUnits, await readMinimumStake(access, { signal }))
    await register(access, { stake, nodeKey: nodeAccount, profile: profileOf(region) }, { signal })
    log.info({ region }, 'registered as a provider')
  } else {
    const hasKey = before.keys.some((key) => lower(key.key) === lower(nodeAccount.address) && key.live)
    if (!hasKey) await addKey(access, nodeAccount, { signal })
    if (before.region !== region || !before.active) await update(access, profileOf(region), { signal })
  }
  const record = await readProvider(access, access.account.address, { signal })
  const key = record?.keys.find((one) => lower(one.key) === lower(nodeAccount.address) && one.live)
  if (record === undefined || key === undefined) {
    throw new AditError('chain-error', 'the registry does not show the registration that was just made', {
      remedy: 'start again; if it stays so, the chain answers inconsistently: use another chain.rpc_url',
    })
  }
  return { record, nodeKeyId: key.keyId }
}

/** What a provider says about itself on chain: keys and a region, never an address. */
export function profileOf(region: string): ProviderProfile {
  return {
    region,
    contactHash: `0x${'00'.repeat(32)}`,
    protocolMin: PROTOCOL_VERSION,
    protocolMax: PROTOCOL_VERSION,
    active: true,
    relayIds: [],
  }
}

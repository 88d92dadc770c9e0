/** Plain data of this folder. Hex and addresses are lower-case text (`base/hex.ts`), times Unix seconds of the chain. */
import type { Address, Hex } from '#base/hex.ts'
import type { TokenUnits } from '#base/units/money.ts'

export type { Address, Hex } from '#base/hex.ts'

/** What a submitter needs to claim: the signed cumulative amount of one channel. */
export interface SignedVoucher {
  /** Channel id, 32 bytes. */
  readonly channel: Hex
  /** Cumulative over all sessions of the channel. */
  readonly amount: TokenUnits
  /** keccak256 of the co-signed reading, 32 bytes. */
  readonly reading: Hex
  /** r, s, v by the channel's signer: 65 bytes. */
  readonly signature: Hex
}

/** Where the contracts of one chain stand: `contracts/deployments/<chainId>.json`. */
export interface Deployment {
  readonly version: 1
  readonly chainId: number
  readonly protocolVersion: number
  /** Block of the first contract: event reading starts here. */
  readonly block: number
  readonly token: Address
  readonly tokenDecimals: number
  readonly registry: Address
  readonly channels: Address
  readonly feeAccount: Address
  /** True where the token is `TestDollar`, which anybody may mint. */
  readonly testToken: boolean
}

/** A channel as the contract holds it. */
export type ChannelState =
  | { readonly kind: 'none' }
  | { readonly kind: 'closed'; readonly provider: Address }
  | ({ readonly kind: 'open' } & ChannelTerms)
  | ({ readonly kind: 'closing'; /** Unix seconds, block time. */ readonly closeAt: number } & ChannelTerms)

export interface ChannelTerms {
  readonly channel: Hex
  readonly payer: Address
  readonly signer: Address
  readonly provider: Address
  /** Cumulative deposits. */
  readonly deposit: TokenUnits
  /** Cumulative claims, before fees. */
  readonly claimed: TokenUnits
  /** `deposit - claimed`. */
  readonly remaining: TokenUnits
  /** Unix seconds, block time. */
  readonly expiry: number
  readonly feeBps: number
}

/** What a provider says about itself on chain; `relayIds` are 32-byte ids. */
export interface ProviderProfile {
  /** ISO 3166 code, at most eight ASCII characters: `DE`, `US-CA`. */
  readonly region: string
  readonly contactHash: Hex
  readonly protocolMin: number
  readonly protocolMax: number
  /** Takes new sessions. */
  readonly active: boolean
  readonly relayIds: readonly Hex[]
}

export interface NodeKey {
  readonly keyId: number
  /** Address of the secp256k1 node key. */
  readonly key: Address
  /** Unix seconds, block time. */
  readonly addedAt: number
  /** Unix seconds, block time; undefined while in use. */
  readonly retiredAt: number | undefined
  /** False once a finished unbonding or a slash released the key. */
  readonly live: boolean
}

export interface ProviderRecord extends ProviderProfile {
  readonly owner: Address
  readonly stake: TokenUnits
  /** Unix seconds, block time; undefined while bonded. */
  readonly unbondsAt: number | undefined
  readonly registeredAt: number
  /** How often this owner was slashed, for ever. */
  readonly slashCount: number
  readonly keys: readonly NodeKey[]
}

/** One offer under a node key's signature: two with one sequence and different content cost the stake. */
export interface SignedOffer {
  readonly provider: Address
  readonly sequence: bigint
  readonly contentHash: Hex
  readonly signature: Hex
}

/** Where events were read up to. Store it together with what was learned from them. */
export interface ChainCursor {
  readonly block: number
  readonly hash: Hex
}

/** Where a log stands, for explaining money. */
export interface EventPlace {
  readonly block: number
  readonly blockHash: Hex
  readonly transaction: Hex
  readonly logIndex: number
}

export type ChainEvent = EventPlace &
  (
    | {
        readonly kind: 'channel-opened'
        readonly channel: Hex
        readonly payer: Address
        readonly provider: Address
        readonly signer: Address
        readonly deposit: TokenUnits
        readonly expiry: number
        readonly feeBps: number
      }
    | {
        readonly kind: 'channel-topped-up'
        readonly channel: Hex
        readonly from: Address
        readonly added: TokenUnits
        readonly deposit: TokenUnits
        readonly expiry: number
      }
    | {
        readonly kind: 'claimed'
        readonly channel: Hex
        /** Cumulative claims of the channel after this one, before fees. */
        readonly total: TokenUnits
        /** The new part, before the fee. */
        readonly amount: TokenUnits
        readonly fee: TokenUnits
        readonly reading: Hex
      }
    | { readonly kind: 'voucher-skipped'; readonly channel: Hex; readonly reason: SkipReason }
    | {
        readonly kind: 'close-started'
        readonly channel: Hex
        readonly payer: Address
        readonly provider: Address
        readonly closeAt: number
      }
    | {
        readonly kind: 'channel-closed'
        readonly channel: Hex
        readonly payer: Address
        readonly provider: Address
        readonly total: TokenUnits
        readonly amount: TokenUnits
        readonly fee: TokenUnits
        readonly refund: TokenUnits
      }
    | { readonly kind: 'withdrawn'; readonly account: Address; readonly to: Address; readonly amount: TokenUnits }
    | { readonly kind: 'tip-paid'; readonly from: Address; readonly submitter: Address; readonly tip: TokenUnits }
    | { readonly kind: 'provider-changed'; readonly owner: Address }
    | {
        readonly kind: 'slashed'
        readonly owner: Address
        readonly key: Address
        readonly reporter: Address
        readonly sequence: bigint
        readonly reward: TokenUnits
        readonly burned: TokenUnits
      }
  )

export type SkipReason = 'no-channel' | 'signature' | 'nothing-to-claim'

/**
 * A user's action under its signature: whoever submits it keeps `tip`. Plain JSON (amounts as decimal strings), so that
 * it can travel to a submitter; `parseSignedAction` in `actions.ts` checks a foreign one.
 */
export interface SignedAction {
  readonly version: 1
  readonly chainId: number
  /** `Channels` or `StakeRegistry`. */
  readonly contract: Address
  readonly kind: SignedActionKind
  readonly account: Address
  /** Calldata parts in the order of the contract's function, without tip, authorization and permit. */
  readonly args: Readonly<Record<string, string>>
  readonly maxTip: string
  readonly nonce: string
  /** Unix seconds. */
  readonly deadline: number
  readonly signature: Hex
  /** EIP-2612 permit that lets the contract draw what the action needs; absent where allowance or balance stand. */
  readonly permit?: { readonly value: string; readonly deadline: number; readonly signature: Hex }
}

export type SignedActionKind =
  'open' | 'top-up' | 'start-close' | 'withdraw' | 'register' | 'update' | 'add-key' | 'retire-key' | 'start-unbonding'

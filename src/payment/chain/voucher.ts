/**
 * EIP-712 digests of what the contracts verify, by the fast encoder of `crypto/eip712.ts`; a test compares each with
 * viem's generic one and with the contract itself.
 */
import { bytesOf } from '#base/hex.ts'
import type { TokenUnits } from '#base/units/money.ts'
import {
  domainSeparator,
  structHash,
  typedDataDigest,
  typeHash,
  wordOfAddress,
  wordOfUint,
  type Domain,
} from '#crypto/eip712.ts'
import type { Address, Hex } from './types.ts'

/** 32 bytes, signed by the channel's signer. `domain` is `channelsDomain(deployment)`. */
export function voucherDigest(
  domain: Domain,
  voucher: { readonly channel: Hex; readonly amount: TokenUnits; readonly reading: Hex },
): Uint8Array {
  const words = [bytesOf(voucher.channel), wordOfUint(voucher.amount), bytesOf(voucher.reading)]
  return typedDataDigest(domainSeparator(domain), structHash(VOUCHER_TYPE, ...words))
}

/** 32 bytes, signed by the channel's signer and by the provider; `deadline` in Unix seconds. */
export function closeDigest(
  domain: Domain,
  close: { readonly channel: Hex; readonly amount: TokenUnits; readonly deadline: number },
): Uint8Array {
  const words = [bytesOf(close.channel), wordOfUint(close.amount), wordOfUint(BigInt(close.deadline))]
  return typedDataDigest(domainSeparator(domain), structHash(CLOSE_TYPE, ...words))
}

/** 32 bytes, signed by a node key for each offer. `domain` is `registryDomain(deployment)`. */
export function offerDigest(
  domain: Domain,
  offer: { readonly provider: Address; readonly sequence: bigint; readonly contentHash: Hex },
): Uint8Array {
  const words = [wordOfAddress(offer.provider), wordOfUint(offer.sequence), bytesOf(offer.contentHash)]
  return typedDataDigest(domainSeparator(domain), structHash(OFFER_TYPE, ...words))
}

/** 32 bytes, signed once by a node key: it may be registered by `provider` only. */
export function bindingDigest(domain: Domain, provider: Address): Uint8Array {
  return typedDataDigest(domainSeparator(domain), structHash(BINDING_TYPE, wordOfAddress(provider)))
}

const VOUCHER_TYPE = typeHash('Voucher(bytes32 channel,uint256 amount,bytes32 reading)')
const CLOSE_TYPE = typeHash('CooperativeClose(bytes32 channel,uint256 amount,uint256 deadline)')
const OFFER_TYPE = typeHash('Offer(address provider,uint64 sequence,bytes32 contentHash)')
const BINDING_TYPE = typeHash('KeyBinding(address provider)')

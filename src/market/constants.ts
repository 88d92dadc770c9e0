/** Limits and codes of the offer format, version 1 (`docs/protocol/offer.md`). */
import { MINUTE_MS } from '#base/clock.ts'

export const OFFER_VERSION = 1
/** Content and signature together. */
export const MAX_OFFER_BYTES = 4096
export const SIGNATURE_BYTES = 65
export const MAX_CONTROL_ADDRESSES = 8
export const MAX_QUOTE_BYTES = 1024
export const REGION_BYTES = 8
/** Longest time between issue and expiry that is believed. */
export const MAX_OFFER_LIFETIME_MS = 60 * MINUTE_MS
/** Clocks may differ by this much. */
export const CLOCK_SKEW_MS = 2 * MINUTE_MS
/** Fields of this type and above must be understood: an offer with an unknown one is refused. */
export const CRITICAL_FIELD = 0x8000

/** Load is told in parts of 10,000 of the shared rate. */
export const FULL_LOAD = 10_000

/** Position is the code on the wire; codes are appended, never reused. */
export const NAT_KINDS = ['unknown', 'none', 'endpoint-independent', 'endpoint-dependent'] as const
export type NatKind = (typeof NAT_KINDS)[number]

/** Position + 1 is the code on the wire. */
export const PROTOCOLS = ['wireguard', 'openvpn', 'sstp'] as const
export type Protocol = (typeof PROTOCOLS)[number]

/** Why an offer was not believed. */
export const REFUSALS = {
  'fetch-unreachable': 'the control address could not be reached',
  'fetch-timeout': 'the control address did not answer in time',
  'fetch-status': 'the control address answered with another status than 200',
  'fetch-size': 'the answer is larger than an offer may be',
  'offer-size': 'empty, or larger than 4096 bytes',
  'offer-version': 'a version that this program does not speak',
  'offer-truncated': 'ends in the middle of a field',
  'offer-format': 'a field holds what it may not hold, or the encoding is not the canonical one',
  'offer-critical-field': 'has a field that must be understood and is not',
  'offer-signature': 'the signature is not one',
  'provider-unregistered': 'the provider is not in the registry',
  'key-unregistered': 'signed by a key that is not the registered one with this id',
  'key-retired': 'signed by a key that is out of use',
  'provider-unstaked': 'the stake is below the minimum',
  'provider-unbonding': 'the provider is leaving the market',
  'provider-inactive': 'the provider takes no new sessions',
  'offer-region': 'another region than in the registry',
  'offer-expired': 'the time of the offer is over',
  'offer-future': 'issued in the future',
  'offer-lifetime': 'valid for longer than an offer may be, or ends before it begins',
  'sequence-back': 'an older offer than one seen before',
  equivocation: 'two different offers with one sequence number: the stake can be slashed',
} as const
export type Refusal = keyof typeof REFUSALS

/** What the tests of this folder share: a key, a domain, an offer. */
import { bytesOfHex } from '#base/bytes.ts'
import { units, unitsPerGibOf } from '#base/units/money.ts'
import { nodeIdentityOf } from './identity.ts'
import type { RegisteredProvider } from './discovery.ts'
import type { Offer, OfferDomain } from './offer.ts'

export const NOW = 1_790_000_000_000
export const IDENTITY = nodeIdentityOf(bytesOfHex('11'.repeat(32)))
export const OTHER_IDENTITY = nodeIdentityOf(bytesOfHex('22'.repeat(32)))
export const DOMAIN: OfferDomain = { chainId: 31_337n, registry: `0x${'5f'.repeat(20)}` }

export function sampleOffer(changes: Partial<Offer>): Offer {
  return {
    provider: `0x${'a1'.repeat(20)}`,
    keyId: 0,
    sequence: BigInt(NOW),
    region: 'DE',
    issuedAtMs: NOW,
    expiresAtMs: NOW + 600_000,
    priceUnitsPerGib: unitsPerGibOf(100_000n),
    sessionFeeUnits: units(1_000n),
    sealKey: new Uint8Array(32).fill(7),
    sharedRateUpBps: 20_000_000n,
    sharedRateDownBps: 50_000_000n,
    load: 250,
    policyHash: new Uint8Array(32).fill(9),
    nat: 'none',
    protocols: ['wireguard'],
    control: ['192.0.2.7:5392'],
    quote: Uint8Array.of(1, 2, 3),
    extensions: [],
    ...changes,
  }
}

export function sampleProvider(changes: Partial<RegisteredProvider>): RegisteredProvider {
  return {
    owner: `0x${'A1'.repeat(20)}`,
    stake: 10_000_000n,
    region: 'DE',
    active: true,
    unbondsAt: undefined,
    keys: [{ keyId: 0, key: IDENTITY.key.toUpperCase().replace('0X', '0x'), live: true, retiredAt: undefined }],
    ...changes,
  }
}

import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { ok } from '#base/result.ts'
import { units, unitsPerGibOf } from '#base/units/money.ts'
import { believe } from './belief.ts'
import { bootstrapDiscovery } from './bootstrap.ts'
import { chooseOffers, type Wish } from './choice.ts'
import { listOffers, memoryOfOffers, type BelievedOffer, type RegisteredProvider } from './discovery.ts'
import { fetchOfferWithin } from './fetch.ts'
import { signOffer, type Offer, type SignedOffer } from './offer.ts'
import { DOMAIN, IDENTITY, NOW, OTHER_IDENTITY, sampleOffer, sampleProvider } from './samples.ts'

const CLOCK = { wallMs: () => NOW, monotonicMs: () => 0 }
const MINIMUM_STAKE = 10_000_000n

function signed(changes: Partial<Offer>): SignedOffer {
  return signOffer(sampleOffer(changes), IDENTITY, DOMAIN)
}

function doubt(offer: SignedOffer, provider: Partial<RegisteredProvider> = {}): string {
  const context = {
    providers: [sampleProvider(provider)],
    minimumStake: MINIMUM_STAKE,
    nowMs: NOW,
    memory: memoryOfOffers(),
  }
  const belief = believe(offer, context)
  return belief.ok ? 'believed' : belief.error.kind === 'refused' ? belief.error.reason : 'equivocation'
}

test('each reason to refuse an offer', () => {
  const key = { keyId: 0, key: IDENTITY.key, live: true, retiredAt: undefined }
  const cases: readonly (readonly [string, SignedOffer, Partial<RegisteredProvider>])[] = [
    ['believed', signed({}), {}],
    ['provider-unregistered', signed({ provider: `0x${'b2'.repeat(20)}` }), {}],
    ['key-unregistered', signOffer(sampleOffer({}), OTHER_IDENTITY, DOMAIN), {}],
    ['key-unregistered', signed({ keyId: 1 }), {}],
    ['key-retired', signed({}), { keys: [{ ...key, retiredAt: 1 }] }],
    ['key-retired', signed({}), { keys: [{ ...key, live: false }] }],
    ['provider-unbonding', signed({}), { unbondsAt: 1 }],
    ['provider-unstaked', signed({}), { stake: MINIMUM_STAKE - 1n }],
    ['provider-inactive', signed({}), { active: false }],
    ['offer-region', signed({ region: 'FR' }), {}],
    ['offer-expired', signed({ issuedAtMs: NOW - 600_000, expiresAtMs: NOW }), {}],
    ['offer-future', signed({ issuedAtMs: NOW + 200_000 }), {}],
    ['offer-lifetime', signed({ expiresAtMs: NOW }), {}],
    ['offer-lifetime', signed({ expiresAtMs: NOW + 3_600_001 }), {}],
  ]
  for (const [expected, offer, provider] of cases) assert.equal(doubt(offer, provider), expected)
})

test('an older offer is refused, the same one is believed again, a different one with its number is evidence', () => {
  const context = {
    providers: [sampleProvider({})],
    minimumStake: MINIMUM_STAKE,
    nowMs: NOW,
    memory: memoryOfOffers(),
  }
  const first = signed({ sequence: 10n })
  assert.ok(believe(first, context).ok)
  assert.ok(believe(first, context).ok)
  const older = believe(signed({ sequence: 9n }), context)
  assert.deepEqual(older, { ok: false, error: { kind: 'refused', reason: 'sequence-back' } })
  const lie = signed({ sequence: 10n, load: 9 })
  const caught = believe(lie, context)
  assert.ok(!caught.ok && caught.error.kind === 'equivocation')
  assert.equal(caught.error.evidence.sequence, 10n)
  assert.deepEqual(caught.error.evidence.first.signature, first.signature)
  assert.deepEqual(caught.error.evidence.second.contentHash, lie.contentHash)
})

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test(
  'asks real servers, believes what the registry backs and counts the rest by reason',
  { timeout: 10_000 },
  async (t) => {
    const answering = (bytes: Uint8Array): Promise<string> => serve(t, (_, response) => response.end(bytes))
    const good = signed({})
    const addresses = [
      await answering(good.bytes),
      await answering(signed({ region: 'FR', sequence: 1n }).bytes),
      await answering(new Uint8Array(80).fill(3)),
      await answering(new Uint8Array(0)),
      await answering(new Uint8Array(100_000)),
      await serve(t, (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()),
      await serve(t, () => undefined),
      await serve(t, (request) => request.socket.destroy()),
      '127.0.0.1:1',
      'not an address',
    ]
    const discovery = bootstrapDiscovery({
      addresses,
      providers: [sampleProvider({})],
      minimumStake: MINIMUM_STAKE,
      domain: DOMAIN,
      memory: memoryOfOffers(),
      clock: CLOCK,
      timeoutMs: 300,
    })
    const list = await listOffers(discovery, new AbortController().signal)
    assert.deepEqual(
      list.offers.map(({ offer, stake, source }) => ({ provider: offer.provider, stake, source })),
      [{ provider: good.offer.provider, stake: MINIMUM_STAKE, source: addresses[0] }],
    )
    assert.deepEqual(list.refused, {
      'offer-region': 1,
      'offer-version': 1,
      'offer-size': 1,
      'fetch-size': 1,
      'fetch-status': 1,
      'fetch-timeout': 1,
      'fetch-unreachable': 3,
    })
  },
)

test('a provider that tells two addresses different things is dropped, with evidence', async () => {
  const answers = new Map([
    ['a:1', signed({ sequence: 5n })],
    ['b:1', signed({ sequence: 5n, load: 1 })],
  ])
  const discovery = bootstrapDiscovery({
    addresses: [...answers.keys()],
    providers: [sampleProvider({})],
    minimumStake: MINIMUM_STAKE,
    domain: DOMAIN,
    memory: memoryOfOffers(),
    clock: CLOCK,
    fetch: (address) => Promise.resolve(ok(answers.get(address)!.bytes)),
  })
  const list = await listOffers(discovery, new AbortController().signal)
  assert.deepEqual(list.offers, [])
  assert.equal(list.evidence.length, 1)
  assert.deepEqual(list.refused, { equivocation: 1 })
})

test('an aborted search ends at once', { timeout: 2_000 }, async (t) => {
  const address = await serve(t, () => undefined)
  const result = await fetchOfferWithin(60_000)(address, AbortSignal.timeout(50))
  assert.deepEqual(result, { ok: false, error: 'fetch-timeout' })
})

const WISH: Wish = {
  region: null,
  maxPriceUnitsPerGib: unitsPerGibOf(1_000_000n),
  maxSessionFeeUnits: units(10_000n),
  protocol: 'wireguard',
  provider: null,
}

function believed(byte: string, changes: Partial<Offer>, stake = MINIMUM_STAKE): BelievedOffer {
  return { ...signed({ provider: `0x${byte.repeat(20)}`, ...changes }), stake, source: 'x:1' }
}

test('orders by the cost of a session, then load, then stake, and says why', () => {
  const price = (value: bigint) => ({ priceUnitsPerGib: unitsPerGibOf(value) })
  const offers = [
    believed('01', price(200_000n)),
    believed('02', { ...price(100_000n), load: 500 }),
    believed('03', { ...price(100_000n), load: 100 }),
    believed('04', { ...price(100_000n), load: 100 }, MINIMUM_STAKE * 2n),
    believed('05', { ...price(90_000n), sessionFeeUnits: units(9_000n) }),
  ]
  const { ranked } = chooseOffers(offers, WISH)
  assert.deepEqual(
    ranked.map(({ offer }) => offer.offer.provider.slice(2, 4)),
    ['05', '04', '03', '02', '01'],
  )
  assert.equal(ranked[0].why, 'cheapest: $0.099000 for a session of 1 GiB')
  assert.equal(ranked[1].why, '$0.101000 for a session of 1 GiB, $0.002000 more')
  assert.match(ranked[2].why, /less stake$/)
  assert.match(ranked[3].why, /more load$/)
  assert.deepEqual(chooseOffers(offers.toReversed(), WISH).ranked, ranked)
})

test('counts what does not fit the wish', () => {
  const offers = [
    believed('01', { region: 'US-CA' }),
    believed('02', { region: 'US' }),
    believed('03', { region: 'DE' }),
    believed('04', { region: 'US', priceUnitsPerGib: unitsPerGibOf(2_000_000n) }),
    believed('05', { region: 'US', sessionFeeUnits: units(20_000n) }),
    believed('06', { region: 'US', protocols: ['sstp'] }),
    believed('07', { region: 'US', load: 10_000 }),
  ]
  const choice = chooseOffers(offers, { ...WISH, region: 'US' })
  assert.equal(choice.ranked.length, 2)
  assert.deepEqual(choice.filtered, { region: 1, price: 1, 'session-fee': 1, protocol: 1, full: 1 })
  assert.equal(chooseOffers(offers, { ...WISH, provider: `0x${'03'.repeat(20).toUpperCase()}` }).ranked.length, 1)
})

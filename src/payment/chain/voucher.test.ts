import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashTypedData } from 'viem'
import { hexText } from '#base/hex.ts'
import { units } from '#base/units/money.ts'
import { parseSignedAction } from './actions.ts'
import { channelsDomain, registryDomain } from './client.ts'
import { PROTOCOL_VERSION } from './deploy.ts'
import { compactSignature, splitSignature } from './permit.ts'
import type { Deployment } from './types.ts'
import { closeDigest, offerDigest, voucherDigest } from './voucher.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(hexText)
const amount = fc.bigInt({ min: 0n, max: (1n << 96n) - 1n }).map(units)
const domain = (name: string, contract: `0x${string}`) => ({
  name,
  version: '1',
  chainId: deployment.chainId,
  verifyingContract: contract,
})

test('voucher, close and offer digests are those of a generic encoder', () => {
  fc.assert(
    fc.property(bytes(32), amount, bytes(32), bytes(20), (channel, owed, reading, provider) => {
      const deadline = Number(owed % 10_000_000_000n)
      assert.equal(
        hexText(voucherDigest(channelsDomain(deployment), { channel, amount: owed, reading })),
        hashTypedData({
          domain: domain('Adit Channels', deployment.channels),
          types: { Voucher: fields('bytes32 channel,uint256 amount,bytes32 reading') },
          primaryType: 'Voucher',
          message: { channel, amount: owed, reading },
        }),
      )
      assert.equal(
        hexText(closeDigest(channelsDomain(deployment), { channel, amount: owed, deadline })),
        hashTypedData({
          domain: domain('Adit Channels', deployment.channels),
          types: { CooperativeClose: fields('bytes32 channel,uint256 amount,uint256 deadline') },
          primaryType: 'CooperativeClose',
          message: { channel, amount: owed, deadline: BigInt(deadline) },
        }),
      )
      const sequence = owed % (1n << 64n)
      assert.equal(
        hexText(offerDigest(registryDomain(deployment), { provider, sequence, contentHash: reading })),
        hashTypedData({
          domain: domain('Adit Stake Registry', deployment.registry),
          types: { Offer: fields('address provider,uint64 sequence,bytes32 contentHash') },
          primaryType: 'Offer',
          message: { provider, sequence, contentHash: reading },
        }),
      )
    }),
    { numRuns: 30 },
  )
})

test('a signature in its compact form keeps r, s and the parity', () => {
  const signature = `0x${'11'.repeat(32)}${'22'.repeat(32)}1c` as const
  assert.deepEqual(splitSignature(signature), { r: `0x${'11'.repeat(32)}`, s: `0x${'22'.repeat(32)}`, v: 28 })
  assert.deepEqual(compactSignature(signature), { r: `0x${'11'.repeat(32)}`, vs: `0xa2${'22'.repeat(31)}` })
})

test('a foreign action is a value or a reason, never an exception', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(parseSignedAction(value).ok, false)
    }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(ACTION)), fc.jsonValue(), (field, value) => {
      const result = parseSignedAction({ ...ACTION, [field]: value })
      assert.ok(result.ok || result.error.startsWith(`action.${field}`))
    }),
  )
  assert.ok(parseSignedAction(ACTION).ok)
})

function fields(text: string): { name: string; type: string }[] {
  return text.split(',').map((field) => {
    const [type, name] = field.split(' ')
    return { name, type }
  })
}

const deployment: Deployment = {
  version: 1,
  chainId: 31337,
  protocolVersion: PROTOCOL_VERSION,
  block: 1,
  token: `0x${'01'.repeat(20)}`,
  tokenDecimals: 6,
  registry: `0x${'02'.repeat(20)}`,
  channels: `0x${'03'.repeat(20)}`,
  feeAccount: `0x${'04'.repeat(20)}`,
  testToken: true,
}
const ACTION = {
  version: 1,
  chainId: 31337,
  contract: `0x${'02'.repeat(20)}`,
  kind: 'start-close',
  account: `0x${'05'.repeat(20)}`,
  args: { channel: `0x${'06'.repeat(32)}` },
  maxTip: '1000',
  nonce: '7',
  deadline: 1_800_000_000,
  signature: `0x${'07'.repeat(65)}`,
}

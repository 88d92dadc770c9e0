import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOfHex, hexOf, utf8 } from '#base/bytes.ts'
import { units } from '#base/units/money.ts'
import { createSigningKey } from '#crypto/secp256k1.ts'
import { systemRandom } from '#crypto/system.ts'
import { channelsDomain, decodeReply, decodeRequest, encodeSigned, type ControlRequest } from './negotiation.ts'

const domain = channelsDomain(31337, '0x5FbDB2315678afecb367f032d93F642f64180aa3')
const key = createSigningKey(systemRandom)
const open: ControlRequest = {
  version: 1,
  kind: 'open',
  channel: new Uint8Array(32).fill(7),
  sequence: 1_700_000_000_000n,
  chainId: 31337,
  contract: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
  quote: new Uint8Array(100).fill(3),
  wireguardPublicKey: new Uint8Array(32).fill(1),
  presharedKey: new Uint8Array(32).fill(2),
}

test('a request survives the wire and names its signer', () => {
  const decoded = decodeRequest(encodeSigned(open, domain, key.privateKey), domain)
  assert.ok(decoded.ok)
  assert.deepEqual(decoded.value.message, open)
  assert.deepEqual(decoded.value.signer, key.address)
})

test('a request for another chain or contract names another signer', () => {
  const bytes = encodeSigned(open, domain, key.privateKey)
  for (const other of [
    channelsDomain(1, domain.verifyingContract as string),
    channelsDomain(31337, `0x${'11'.repeat(20)}`),
  ]) {
    const decoded = decodeRequest(bytes, other)
    assert.ok(!decoded.ok || Buffer.compare(decoded.value.signer, key.address) !== 0)
  }
})

test('unknown fields are ignored; an unknown version or kind is refused', () => {
  const text = (change: object) => {
    const body = JSON.stringify({
      version: 1,
      kind: 'refused',
      channel: `0x${'00'.repeat(32)}`,
      sequence: '1',
      code: 'busy',
      message: 'no slot',
      ...change,
    })
    return utf8(JSON.stringify({ body, signature: `0x${'11'.repeat(64)}1b` }))
  }
  assert.notEqual(decodeReply(text({ later: 1 }), domain).ok ? 'ok' : 'signature', 'control-json')
  assert.deepEqual(decodeReply(text({ version: 2 }), domain), { ok: false, error: 'control-json' })
  assert.deepEqual(decodeReply(text({ kind: 'other' }), domain), { ok: false, error: 'control-json' })
})

test('an altered amount names another signer', () => {
  const closed = {
    version: 1,
    kind: 'closed',
    channel: new Uint8Array(32),
    sequence: 5n,
    amount: units(1_000n),
    closeSignature: null,
    transaction: null,
  } as const
  const bytes = new TextDecoder().decode(encodeSigned(closed, domain, key.privateKey)).replace('1000', '1001')
  const decoded = decodeReply(utf8(bytes), domain)
  assert.ok(!decoded.ok || Buffer.compare(decoded.value.signer, key.address) !== 0)
})

test('junk never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => !decodeRequest(bytes, domain).ok))
  fc.assert(fc.property(fc.json(), (json) => !decodeReply(utf8(json), domain).ok))
})

test('recorded messages of version 1 are read and written as they were', () => {
  const recorded = JSON.parse(
    readFileSync(new URL('../../../test/vectors/adit-1/control.json', import.meta.url), 'utf8'),
  ) as { chainId: number; contract: string; signer: string; privateKey: string; messages: Record<string, string> }
  const recordedDomain = channelsDomain(recorded.chainId, recorded.contract)
  const kinds = Object.entries(recorded.messages).map(([kind, text]) => {
    const decode = kind === 'open' || kind === 'close' ? decodeRequest : decodeReply
    const decoded = decode(utf8(text), recordedDomain)
    assert.ok(decoded.ok, kind)
    assert.equal(`0x${hexOf(decoded.value.signer)}`, recorded.signer)
    const again = encodeSigned(decoded.value.message, recordedDomain, bytesOfHex(recorded.privateKey))
    assert.equal(new TextDecoder().decode(again), text)
    return decoded.value.message.kind
  })
  assert.deepEqual(kinds.sort(), ['close', 'closed', 'open', 'opened', 'refused'])
})

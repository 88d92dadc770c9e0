import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hexText } from '#base/hex.ts'
import { signDigest, signingKeyOf } from '#crypto/secp256k1.ts'
import { openVoucherWorker } from './voucher-worker.ts'

const KEY = signingKeyOf(new Uint8Array(32).fill(0x11))
const DIGEST = new Uint8Array(32).fill(7)
const SIGNER = hexText(KEY.address)

test('signs and verifies on its own thread as the calling thread would', async () => {
  await using crypto = openVoucherWorker({ privateKey: KEY.privateKey })
  const signature = await crypto.sign(DIGEST)
  assert.deepEqual(signature, signDigest(KEY.privateKey, DIGEST))
  const other = DIGEST.map((byte) => byte ^ 1)
  assert.deepEqual(
    await Promise.all([
      crypto.verify(DIGEST, signature, SIGNER),
      crypto.verify(other, signature, SIGNER),
      crypto.verify(DIGEST, signature, `0x${'00'.repeat(20)}`),
      crypto.verify(DIGEST, signature.subarray(1), SIGNER),
    ]),
    [true, false, false, false],
  )
})

test('a job that cannot be done is rejected, and the others go on', async () => {
  await using crypto = openVoucherWorker()
  await assert.rejects(crypto.sign(DIGEST), { code: 'voucher-worker-failed' })
  await assert.rejects(crypto.verify(new Uint8Array(3), new Uint8Array(65), SIGNER), { code: 'voucher-worker-failed' })
  assert.equal(await crypto.verify(DIGEST, signDigest(KEY.privateKey, DIGEST), SIGNER), true)
})

test('the queue is bounded, and closing rejects what is under way', async () => {
  const crypto = openVoucherWorker({ privateKey: KEY.privateKey, queueLimit: 2 })
  const first = [crypto.sign(DIGEST), crypto.sign(DIGEST)]
  await assert.rejects(crypto.sign(DIGEST), { code: 'voucher-queue-full' })
  assert.equal((await Promise.all(first)).length, 2)
  const under = crypto.sign(DIGEST)
  const rejected = assert.rejects(under, { code: 'voucher-worker-closed' })
  await crypto[Symbol.asyncDispose]()
  await rejected
  await assert.rejects(crypto.sign(DIGEST), { code: 'voucher-worker-closed' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REJECT_AFTER_TIME_MS } from './constants.ts'
import {
  addInitiated,
  addResponded,
  confirmNext,
  createSession,
  dropExpired,
  nextExpiry,
  type Keypair,
} from './session.ts'

test('both sides renewing at once keeps the old keys, the answered ones and our own', () => {
  const session = createSession()
  addInitiated(session, keypair(1))
  addInitiated(session, keypair(2))
  assert.deepEqual(indices(addResponded(session, keypair(3, 'responder'))), [])
  assert.equal(session.current?.localIndex, 2)
  // 2 may still have packets on its way, and the peer may send on 3: only 1 goes.
  assert.deepEqual(indices(addInitiated(session, keypair(4))), [1])
  assert.deepEqual(indices(session.keypairs), [2, 3, 4])
  assert.equal(session.current.localIndex, 4)
  assert.equal(session.next, undefined)
  assert.ok(!confirmNext(session, 3), 'a late first packet on 3 does not make it the sending one')
})

test('at most three keypairs live, the oldest goes first, the current one stays', () => {
  const session = createSession()
  const dropped: number[] = []
  for (let index = 1; index <= 5; index++) dropped.push(...indices(addInitiated(session, keypair(index))))
  assert.deepEqual(indices(session.keypairs), [3, 4, 5])
  assert.deepEqual(dropped, [1, 2])
  addResponded(session, keypair(6, 'responder'))
  assert.deepEqual(indices(session.keypairs), [4, 5, 6])
  // An unconfirmed answer is replaced by the next one; what we send on is not touched.
  for (const index of [7, 8]) {
    assert.deepEqual(indices(addResponded(session, keypair(index, 'responder'))), [index - 1])
    assert.equal(session.current?.localIndex, 5)
  }
  assert.ok(!confirmNext(session, 7))
  assert.ok(confirmNext(session, 8))
  assert.ok(!confirmNext(session, 8))
  assert.equal(session.current?.localIndex, 8)
  assert.deepEqual(indices(session.keypairs), [4, 5, 8])
})

test('keypairs expire one by one, and the slots with them', () => {
  const session = createSession()
  assert.equal(nextExpiry(session), Infinity)
  addInitiated(session, keypair(1, 'initiator', 1_000))
  addResponded(session, keypair(2, 'responder', 2_000))
  assert.equal(nextExpiry(session), 1_000 + REJECT_AFTER_TIME_MS)
  assert.deepEqual(dropExpired(session, 1_000 + REJECT_AFTER_TIME_MS - 1), [])
  assert.deepEqual(indices(dropExpired(session, 1_000 + REJECT_AFTER_TIME_MS)), [1])
  assert.equal(session.current, undefined)
  assert.equal(session.next?.localIndex, 2)
  assert.deepEqual(indices(dropExpired(session, 2_000 + REJECT_AFTER_TIME_MS)), [2])
  assert.equal(session.next, undefined)
  assert.deepEqual(session.keypairs, [])
})

function keypair(localIndex: number, role: Keypair['role'] = 'initiator', createdMs = 0): Keypair {
  return { localIndex, role, createdMs }
}

function indices(keypairs: readonly Keypair[]): number[] {
  return keypairs.map(({ localIndex }) => localIndex)
}

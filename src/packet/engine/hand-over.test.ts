import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANSWER, createAnswerBudget, mayAnswer } from './answers.ts'
import { MAX_WAITING_EVENTS, mayHandOver, SHARED, type EngineState } from './state.ts'

function emptyQueue(): EngineState {
  const shared = new Int32Array(new SharedArrayBuffer(SHARED.words * 4))
  return { shared, handedEvents: 0 } as unknown as EngineState
}

test('a flood of handshakes leaves room for the vouchers of peers', () => {
  const state = emptyQueue()
  let handshakes = 0
  while (mayHandOver(state, false)) handshakes++
  let datagrams = 0
  while (mayHandOver(state, true)) datagrams++
  assert.ok(datagrams >= 256, String(datagrams))
  assert.equal(handshakes + datagrams, MAX_WAITING_EVENTS)
  Atomics.add(state.shared, SHARED.handledEvents, MAX_WAITING_EVENTS)
  assert.ok(mayHandOver(state, false))
})

test("one peer's DNS queries cost neither its own vouchers nor those of others", () => {
  const budget = createAnswerBudget(0)
  let queries = 0
  while (mayAnswer(budget, 1, ANSWER.service, 0)) queries++
  assert.equal(queries, 100)
  assert.ok(mayAnswer(budget, 1, ANSWER.meter, 0))
  assert.ok(mayAnswer(budget, 2, ANSWER.service, 0))
  assert.ok(!mayAnswer(budget, 1, ANSWER.service, 5))
  assert.ok(mayAnswer(budget, 1, ANSWER.service, 20))
})

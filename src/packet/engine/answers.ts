/**
 * How much one peer may make us do besides carrying its packets: refusals of the gateway, "too big", datagrams for the main
 * thread (the meter's and DNS queries, apart). One bucket of tokens for each peer and kind, so that one consumer's flood
 * costs neither us a reply per packet nor others their answers and vouchers.
 */
import { MAX_PEERS, type PeerId } from './types.ts'

export const ANSWER = { refusal: 0, tooBig: 1, meter: 2, service: 3, kinds: 4 } as const

/** A host asks again after a second at the earliest; a page opens some dozen connections at once. */
const ANSWERS_PER_SECOND = 100
const BURST = 100

export interface AnswerBudget {
  readonly tokens: Float64Array
  readonly sinceMs: Float64Array
}

export function createAnswerBudget(nowMs: number): AnswerBudget {
  const rows = MAX_PEERS * ANSWER.kinds
  return { tokens: new Float64Array(rows).fill(BURST), sinceMs: new Float64Array(rows).fill(nowMs) }
}

/** Takes a token: whether the packet may be answered. `kind` is one of `ANSWER`. */
export function mayAnswer(budget: AnswerBudget, peer: PeerId, kind: number, nowMs: number): boolean {
  const { tokens, sinceMs } = budget
  const row = peer * ANSWER.kinds + kind
  const gained = ((nowMs - sinceMs[row]) * ANSWERS_PER_SECOND) / 1000
  tokens[row] = Math.min(BURST, tokens[row] + gained)
  sinceMs[row] = nowMs
  if (tokens[row] < 1) return false
  tokens[row] -= 1
  return true
}

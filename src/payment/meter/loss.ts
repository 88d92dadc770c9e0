/** The loss rule (`docs/protocol/meter.md`, "Loss"): how many bytes sent and never received a provider writes off. */
import type { Parameters } from '../tariff/constants.ts'

/** Where an accepted reading stood: bytes sent then, and how many of them were missing. */
export interface LossMark {
  readonly downSent: bigint
  readonly gap: bigint
}

/** Marks of a session that begins: nothing sent, nothing missing. Oldest first, at most `LOSS_MARKS`. */
export const NO_LOSS: readonly LossMark[] = [{ downSent: 0n, gap: 0n }]

/**
 * Whether a reading of `down` received bytes is accepted for `downSent` sent ones: since the reading 32 before (or the
 * start) the gap grew by at most 3 % of what was sent in between + 64 KiB, and in total it is at most 3 % + 64 KiB +
 * one window.
 *
 * Not since the last reading: a consumer reads its counter a few milliseconds after the challenge came, so some bytes
 * sent later hide some that were lost. What is hidden changes from one reading to the next, by more than 3 % of one
 * interval; over 32 of them it does not matter.
 */
export function isLossTolerated(
  parameters: Parameters,
  windowBytes: bigint,
  marks: readonly LossMark[],
  now: { readonly downSent: bigint; readonly down: bigint },
): boolean {
  const gap = now.downSent - now.down
  const recent = shareOf(parameters, now.downSent - marks[0].downSent) + parameters.lossSlackBytes
  const total = shareOf(parameters, now.downSent) + parameters.lossSlackBytes + windowBytes
  return gap - marks[0].gap <= recent && gap <= total
}

/** Adds an accepted reading. One with hardly any bytes since the last mark is not kept: it would push out a real one. */
export function addLossMark(parameters: Parameters, marks: readonly LossMark[], mark: LossMark): readonly LossMark[] {
  const last = marks[marks.length - 1]
  if (mark.downSent - last.downSent < parameters.lossSlackBytes) return marks
  return [...marks, mark].slice(-LOSS_MARKS)
}

/** Bytes that a consumer believes lost: packets that the tunnel's counters miss, at the mean size of those received. */
export function lostBytes(lostPackets: bigint, receivedBytes: bigint, receivedPackets: bigint): bigint {
  return receivedPackets === 0n ? 0n : (lostPackets * receivedBytes) / receivedPackets
}

function shareOf(parameters: Parameters, bytes: bigint): bigint {
  return (bytes * parameters.lossPerMille) / 1_000n
}

const LOSS_MARKS = 32

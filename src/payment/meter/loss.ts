/** The loss rule (`docs/protocol/meter.md`, "Loss"): how many bytes sent and never received a provider writes off. */
import type { Parameters } from '../tariff/constants.ts'

/** Where the last accepted reading stood: bytes sent then, and how many of them were missing. Both 0 at the start. */
export interface LossMark {
  readonly downSent: bigint
  readonly gap: bigint
}

/**
 * Whether a reading of `down` received bytes is accepted for `downSent` sent ones: since the last accepted reading the
 * gap grew by at most 3 % of what was sent in between + 64 KiB, and in total it is at most 3 % + 64 KiB + one window.
 */
export function isLossTolerated(
  parameters: Parameters,
  windowBytes: bigint,
  last: LossMark,
  now: { readonly downSent: bigint; readonly down: bigint },
): boolean {
  const gap = now.downSent - now.down
  const recent = shareOf(parameters, now.downSent - last.downSent) + parameters.lossSlackBytes
  const total = shareOf(parameters, now.downSent) + parameters.lossSlackBytes + windowBytes
  return gap - last.gap <= recent && gap <= total
}

/** Bytes that a consumer believes lost: packets that the tunnel's counters miss, at the mean size of those received. */
export function lostBytes(lostPackets: bigint, receivedBytes: bigint, receivedPackets: bigint): bigint {
  return receivedPackets === 0n ? 0n : (lostPackets * receivedBytes) / receivedPackets
}

function shareOf(parameters: Parameters, bytes: bigint): bigint {
  return (bytes * parameters.lossPerMille) / 1_000n
}

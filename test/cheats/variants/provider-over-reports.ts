/** Says that it carried a tenth more than it did, both ways. */
import { stepProvider as honestStep } from '#payment/channel/provider.ts'
import type { ProviderInput } from '#payment/channel/provider-state.ts'

export { nextProviderDeadline, servedLimit, startProvider, type ProviderDeps } from '#payment/channel/provider.ts'

export const stepProvider: typeof honestStep = (state, input, deps) => honestStep(state, more(input), deps)

function more(input: ProviderInput): ProviderInput {
  if (!('counters' in input)) return input
  const { sentBytes, receivedBytes } = input.counters
  const counters = { sentBytes: (sentBytes * 11n) / 10n, receivedBytes: (receivedBytes * 11n) / 10n }
  return { ...input, counters }
}

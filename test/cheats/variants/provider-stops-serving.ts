/** Takes the first vouchers and serves; then goes on asking for vouchers, but its engine carries nothing any more. */
import { stepProvider as honestStep } from '#payment/channel/provider.ts'
import type { ProviderOutput } from '#payment/channel/provider-state.ts'

export { nextProviderDeadline, servedLimit, startProvider, type ProviderDeps } from '#payment/channel/provider.ts'

const SERVED_VOUCHERS = 4

export const stepProvider: typeof honestStep = (state, input, deps) => {
  const step = honestStep(state, input, deps)
  if (step.state.acceptedVouchers < SERVED_VOUCHERS) return step
  const first = state.acceptedVouchers < SERVED_VOUCHERS
  const closed: ProviderOutput[] = first ? [{ kind: 'service', service: 'paused' }] : []
  const others = step.outputs.filter(({ kind }) => kind !== 'service' && kind !== 'allowance')
  return { state: step.state, outputs: [...others, ...closed] }
}

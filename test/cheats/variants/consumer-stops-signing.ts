/** Signs the first vouchers, then never again, and goes on using the tunnel. */
import { stepConsumer as honestStep } from '#payment/channel/consumer.ts'

export { nextConsumerDeadline, startConsumer, type ConsumerDeps } from '#payment/channel/consumer.ts'

const SIGNED_VOUCHERS = 4

export const stepConsumer: typeof honestStep = (state, input, deps) => {
  const step = honestStep(state, input, deps)
  if (state.vouchers < SIGNED_VOUCHERS) return step
  return { ...step, outputs: step.outputs.filter(({ kind }) => kind !== 'sign') }
}

/** Believes every reading, however much of what it sent did not arrive: who injects junk does not argue about it. */
import type { isLossTolerated as honestRule } from '#payment/meter/loss.ts'

export * from '#payment/meter/loss.ts'

export const isLossTolerated: typeof honestRule = () => true

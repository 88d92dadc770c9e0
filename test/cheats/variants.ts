/** The cheating variants: which module of the product each replaces, and by what. */
export interface Variant {
  readonly role: 'consumer' | 'provider'
  /** Module of the product, relative to the repository. */
  readonly replaces: string
  /** File in `variants/` that exports the same names. */
  readonly by: string
}

export const VARIANTS = {
  'consumer-stops-signing': {
    role: 'consumer',
    replaces: 'src/payment/channel/consumer.ts',
    by: 'consumer-stops-signing.ts',
  },
  'consumer-signs-less': { role: 'consumer', replaces: 'src/payment/tariff/tariff.ts', by: 'consumer-signs-less.ts' },
  'provider-over-reports': {
    role: 'provider',
    replaces: 'src/payment/channel/provider.ts',
    by: 'provider-over-reports.ts',
  },
  'provider-stops-serving': {
    role: 'provider',
    replaces: 'src/payment/channel/provider.ts',
    by: 'provider-stops-serving.ts',
  },
  'provider-forgives-loss': {
    role: 'provider',
    replaces: 'src/payment/meter/loss.ts',
    by: 'provider-forgives-loss.ts',
  },
} as const satisfies Record<string, Variant>

export type VariantName = keyof typeof VARIANTS

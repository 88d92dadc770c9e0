export { DEFAULT_PARAMETERS, type Parameters } from './constants.ts'
export {
  emitQuote,
  emitSignedQuote,
  MAX_QUOTE_BYTES,
  offeredBytesPerSecond,
  parseQuote,
  parseSignedQuote,
  QUOTE_BYTES,
  QUOTE_VERSION,
  quoteDigest,
  quoteHash,
  type Quote,
  type QuoteError,
  type SignedQuote,
} from './quote.ts'
export { allowanceOf, amountDue, bytesIn, intervalBytes, windowBytes, type Tariff } from './tariff.ts'

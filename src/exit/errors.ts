/** Codes of this folder's errors. */
export const EXIT_ERRORS = {
  'exit-ports-exhausted': 'Every block of SNAT ports is in use: the provider serves as many consumers as it can.',
  'exit-addresses-exhausted': 'No free inner address was found.',
  'exit-option': 'An option of the exit is outside its range.',
  'exit-consumer': 'The consumer is already open.',
} as const

/** Why a DNS query got no answer, or not its own. */
export const FORWARD_DROPS = {
  'dns-malformed': 'The payload is no DNS message with exactly one question.',
  'dns-not-a-query': 'The message is a response or an operation other than QUERY.',
  'dns-too-many': 'Too many queries of this consumer, or of all, are under way.',
  'dns-closed': 'The forwarder is closed.',
} as const

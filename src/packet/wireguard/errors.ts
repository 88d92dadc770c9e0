/**
 * Why a datagram was dropped, or an input had no effect. Foreign bytes never throw: each reason has a counter in
 * `DeviceState.drops`, so that a person can see what happens on a silent line.
 */
export const DROP_REASONS = {
  'message-type': 'the first byte is no handshake message, or the reserved bytes are not zero',
  'message-length': 'the datagram does not have the length of its type',
  mac1: 'mac1 does not prove knowledge of our public key (§5.4.4)',
  'cookie-sent': 'under load and without a valid mac2: answered with a cookie (§5.3)',
  'rate-limited': 'under load and more handshakes from this address than allowed (§5.3)',
  'low-order-key': 'a public key of low order',
  'static-decrypt': 'the encrypted static key does not open: not made for us, or forged',
  'unknown-peer': 'the static key belongs to no peer',
  'timestamp-decrypt': 'the encrypted timestamp does not open',
  'timestamp-replayed': 'the timestamp is not later than the last one of this peer (§5.1)',
  'initiation-flood': 'initiations of one peer closer than 20 ms',
  'unknown-index': 'the receiver index belongs to no handshake of ours',
  'no-handshake': 'a response or cookie, but no initiation of ours is waiting for it',
  'response-decrypt': 'the response does not open: forged, or another preshared key',
  'cookie-decrypt': 'the cookie does not open',
} as const

export type DropReason = keyof typeof DROP_REASONS

/** Our own broken promise: a command for a peer that does not exist, a key that is none. */
export class WireguardError extends Error {
  readonly code: 'peer-exists' | 'peer-unknown' | 'peer-key-in-use' | 'peer-key-own' | 'key-invalid'

  constructor(code: WireguardError['code'], message: string) {
    super(message)
    this.name = 'WireguardError'
    this.code = code
  }
}

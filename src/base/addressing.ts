/**
 * Addresses inside a tunnel (`docs/addressing.md`, ADR 0003).
 *
 * The ranges are the two benchmarking blocks, which are never routed on the internet and stand in no home network:
 * 198.18.0.0/15 (RFC 2544) and 2001:2::/48 (RFC 5180). The IPv6 block is not ULA, so RFC 6724 lets applications
 * prefer IPv6 through the tunnel. The gateway has the same two addresses in every session; the engine answers them.
 */
export const INNER_PREFIX_4 = '198.18.0.0/15'
export const INNER_PREFIX_6 = '2001:2::/48'
export const GATEWAY_4 = '198.18.0.1'
export const GATEWAY_6 = '2001:2::1'

/** UDP port of the meter protocol on the gateway address (`docs/protocol/meter.md`). */
export const METER_PORT = 5391
export const DNS_PORT = 53

/** The two addresses of one session, fresh for each. */
export interface InnerAddresses {
  readonly address4: string
  readonly address6: string
}

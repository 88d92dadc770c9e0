/**
 * What goes into the device and what comes out. Structurally the same as `packet/engine/types.ts` where the two meet, so
 * that the engine's shell passes events and keys through without translation.
 */
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import type { CryptoSuite } from '#crypto/suite.ts'

/** Chosen by the caller; the same id as in the engine. */
export type PeerId = number

export interface Endpoint {
  /** Canonical text form (`base/ip.ts`). */
  readonly address: string
  readonly port: number
}

/** Time, chance and primitives. `monotonicMs` drives the timers, `wallMs` only the TAI64N timestamp. */
export interface DeviceDeps {
  readonly suite: CryptoSuite
  readonly random: Random
  readonly clock: Clock
}

export interface DeviceConfig {
  /** 32 bytes. */
  readonly privateKey: Uint8Array
  /**
   * The last timestamp that this key ever sent (12 bytes, from the last `tai64n` event), so that peers accept us after
   * a restart on a machine whose clock fell back. Absent for a fresh key.
   */
  readonly lastTai64n?: Uint8Array
  /** Handshake messages a second above which we are under load (§5.3). Default 100. */
  readonly underLoadHandshakesPerSecond?: number
}

export interface PeerConfig {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes; absent is the paper's all-zero key. */
  readonly presharedKey?: Uint8Array
  readonly endpoint?: Endpoint
  /** 0 or absent: none. */
  readonly persistentKeepaliveSeconds?: number
}

/**
 * Transport keys of one completed handshake (§5.4.5). They change hands: the device keeps no copy, and whoever receives
 * the output copies them where they are used and then overwrites these two arrays.
 */
export interface TransportKeys {
  readonly localIndex: number
  readonly remoteIndex: number
  /** 32 bytes each. */
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  /** `next`: we answered; nothing may be sent on it before a first authentic packet came on it (§5.1). */
  readonly slot: 'current' | 'next'
}

export type DeviceInput =
  /**
   * A datagram of type 1 to 3. `queued` is how many more wait in the shell's queue, where it knows: it counts towards
   * being under load.
   */
  | { readonly kind: 'datagram'; readonly from: Endpoint; readonly bytes: Uint8Array; readonly queued?: number }
  /** The deadline that `nextDeadline` gave has come (earlier or later does no harm). */
  | { readonly kind: 'tick' }
  | { readonly kind: 'addPeer'; readonly peer: PeerId; readonly config: PeerConfig }
  | { readonly kind: 'removePeer'; readonly peer: PeerId }
  /** Starts a handshake now, where none was started in the last REKEY_TIMEOUT. */
  | { readonly kind: 'initiate'; readonly peer: PeerId }
  | { readonly kind: 'setEndpoint'; readonly peer: PeerId; readonly endpoint: Endpoint }
  // Events of the engine, passed on as they are.
  | {
      readonly kind: 'needHandshake'
      readonly peer: PeerId
      readonly reason: 'no-keys' | 'rekey-time' | 'rekey-messages'
    }
  | { readonly kind: 'nextConfirmed'; readonly peer: PeerId; readonly localIndex: number }
  | { readonly kind: 'endpointChanged'; readonly peer: PeerId; readonly endpoint: Endpoint }
  | { readonly kind: 'sent'; readonly peer: PeerId; readonly data: boolean }
  | { readonly kind: 'received'; readonly peer: PeerId; readonly data: boolean }

export type DeviceOutput =
  /** Persist an `event` of kind `tai64n` before the `send` that follows it. */
  | { readonly kind: 'send'; readonly to: Endpoint; readonly bytes: Uint8Array }
  /**
   * `current`: from now on send with these keys; older ones still receive until they are dropped. `next`: receive with
   * them; the first authentic packet makes them the sending keys and is reported as `nextConfirmed`.
   */
  | { readonly kind: 'installKeys'; readonly peer: PeerId; readonly keys: TransportKeys }
  /** Forget (and erase) the keys with this local index, whatever slot they are in. */
  | { readonly kind: 'dropKeys'; readonly peer: PeerId; readonly localIndex: number }
  /** An authenticated handshake message came from a new address: send data there too. */
  | { readonly kind: 'setEndpoint'; readonly peer: PeerId; readonly endpoint: Endpoint }
  /** An empty data message on the current keys. */
  | { readonly kind: 'sendKeepalive'; readonly peer: PeerId }
  | { readonly kind: 'event'; readonly event: DeviceEvent }

export type DeviceEvent =
  | { readonly kind: 'handshakeStarted'; readonly peer: PeerId; readonly attempt: number }
  | { readonly kind: 'handshakeComplete'; readonly peer: PeerId; readonly role: 'initiator' | 'responder' }
  /** No answer for REKEY_ATTEMPT_TIME (§6.4); the next `needHandshake` or `initiate` starts again. */
  | { readonly kind: 'handshakeGaveUp'; readonly peer: PeerId }
  /** All keys are gone: the peer has been silent too long (§6.3). */
  | { readonly kind: 'sessionExpired'; readonly peer: PeerId }
  /** The timestamp (12 bytes) about to be sent: write it where the next start finds it. */
  | { readonly kind: 'tai64n'; readonly tai64n: Uint8Array }

/**
 * Private keys at rest: one versioned JSON file, mode 0600, replaced atomically. A key derived from the passphrase
 * (scrypt, RFC 7914) seals each entry (ChaCha20-Poly1305, RFC 8439) with its name as associated data.
 */
export interface Keystore {
  /** Names, sorted. */
  names(): readonly string[]
  has(name: string): boolean
  /** The secret, or undefined where there is no such entry. Throws `keystore-corrupted`. */
  read(name: string): Uint8Array | undefined
  /** Adds one and writes the file before it returns. Refuses to replace: `keystore-exists`. */
  add(name: string, secret: Uint8Array): Promise<void>
}

/** Entry names that the program itself uses; channels are `channel/0x<id>`. */
export const WALLET_KEY = 'wallet'
export const NODE_KEY = 'node'
export function channelKeyName(channelId: string): string {
  return `channel/${channelId}`
}

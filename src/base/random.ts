/** A cryptographically secure source; tests pass a seeded one. */
export interface Random {
  /** `length` fresh random bytes. */
  bytes(length: number): Uint8Array
}

/** A node's own key: it signs offers and the replies of session control, and stands in the registry. */
import { hexText, type Address } from '#base/hex.ts'
import { signDigest, signingKeyOf } from '#crypto/secp256k1.ts'

export interface NodeIdentity {
  /** Address of the node key. */
  readonly key: Address
  /** 65 bytes r, s, v over a 32-byte digest. */
  sign(digest: Uint8Array): Uint8Array
}

/** `privateKey`: 32 bytes; throws `RangeError` where they are no key. */
export function nodeIdentityOf(privateKey: Uint8Array): NodeIdentity {
  const key = signingKeyOf(privateKey)
  return { key: hexText(key.address), sign: (digest) => signDigest(key.privateKey, digest) }
}

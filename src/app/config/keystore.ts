/**
 * Private keys at rest: one versioned JSON file, mode 0600, replaced atomically. A key derived from the passphrase
 * (scrypt, RFC 7914) seals each entry (ChaCha20-Poly1305, RFC 8439) with its name as associated data, so that entries
 * cannot be swapped. A checksum tells damage from a wrong passphrase.
 */
import { createCipheriv, createDecipheriv, createHash, scrypt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { bytesOfHex, concat, equalBytes, hexOf, utf8 } from '#base/bytes.ts'
import { AditError } from '#base/errors.ts'
import type { Random } from '#base/random.ts'
import { withFileLock, writeFileAtomically } from './files.ts'

export interface Keystore {
  readonly path: string
  /** Names, sorted. */
  names(): readonly string[]
  has(name: string): boolean
  /** The secret, or undefined where there is no such entry. Throws `keystore-corrupted`. */
  read(name: string): Uint8Array | undefined
  /** Adds one; it is on disk before this returns. Replaces nothing: `keystore-exists`. Safe between processes. */
  add(name: string, secret: Uint8Array): Promise<void>
}

/** Entry names that the program itself uses. */
export const WALLET_KEY = 'wallet'
export const NODE_KEY = 'node'

/** The key that signs the vouchers of one channel: `channelId` is `0x` and 64 hex digits. */
export function channelKeyName(channelId: string): string {
  return `channel/${channelId.toLowerCase()}`
}

/** Cost of scrypt: memory is 128 x n x r bytes. */
export interface KeystoreCost {
  readonly n: number
  readonly r: number
  readonly p: number
}
/** 128 MiB and about 0.4 s on a PC, 2 s on a Raspberry Pi 4; once for each start. */
export const DEFAULT_COST: KeystoreCost = { n: 2 ** 17, r: 8, p: 1 }

/** Makes an empty keystore. Throws `keystore-exists`, `keystore-passphrase-short`. */
export async function createKeystore(
  path: string,
  passphrase: string,
  random: Random,
  cost: KeystoreCost = DEFAULT_COST,
): Promise<Keystore> {
  if (passphrase.length < MIN_PASSPHRASE) {
    throw new AditError('keystore-passphrase-short', `passphrase: expected at least ${MIN_PASSPHRASE} characters`, {
      remedy: 'choose a longer one; it protects your money',
    })
  }
  const salt = random.bytes(SALT_BYTES)
  const key = await deriveKey(passphrase, salt, cost)
  const check = seal(key, CHECK_NAME, CHECK_TEXT, random)
  await withFileLock(`${path}.lock`, () => {
    if (keystoreExists(path)) throw existsError(`a keystore (${path})`, 'use it, or name another --state-dir')
    writeStore(path, { kdf: { name: 'scrypt', ...cost, salt: hexOf(salt) }, check, entries: {} })
  })
  return unlocked(path, key, random)
}

/** Throws `keystore-missing`, `keystore-newer`, `keystore-corrupted`, `keystore-passphrase-wrong`. */
export async function openKeystore(path: string, passphrase: string, random: Random): Promise<Keystore> {
  const stored = readStore(path)
  const { salt, n, r, p } = stored.kdf
  const key = await deriveKey(passphrase, bytesOfHex(salt), { n, r, p })
  const check = unseal(key, CHECK_NAME, stored.check)
  if (check === undefined || !equalBytes(check, CHECK_TEXT)) {
    throw new AditError('keystore-passphrase-wrong', `keystore: the passphrase does not open ${path}`, {
      remedy: 'check the passphrase file, or type it again',
    })
  }
  return unlocked(path, key, random)
}

export function keystoreExists(path: string): boolean {
  return readBytes(path) !== undefined
}

function unlocked(path: string, key: Uint8Array, random: Random): Keystore {
  return {
    path,
    names: () => Object.keys(readStore(path).entries).sort(),
    has: (name) => Object.hasOwn(readStore(path).entries, name),
    read: (name) => {
      const entries = readStore(path).entries
      if (!Object.hasOwn(entries, name)) return undefined
      return unseal(key, name, entries[name]) ?? throwCorrupted(path, `entry ${JSON.stringify(name)} does not open`)
    },
    add: (name, secret) =>
      withFileLock(`${path}.lock`, () => {
        const stored = readStore(path)
        if (Object.hasOwn(stored.entries, name)) throw existsError(`a key "${name}"`, 'a key is never replaced')
        writeStore(path, { ...stored, entries: { ...stored.entries, [name]: seal(key, name, secret, random) } })
      }),
  }
}

const sealedSchema = z.object({
  nonce: z.string().regex(/^[0-9a-f]{24}$/),
  sealed: z.string().regex(/^([0-9a-f]{2}){16,4096}$/),
})
const bodySchema = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    // Bounds: a damaged file must not make us reserve all memory.
    n: z
      .number()
      .int()
      .min(2)
      .max(2 ** 20),
    r: z.number().int().min(1).max(16),
    p: z.number().int().min(1).max(8),
    salt: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  check: sealedSchema,
  entries: z.record(z.string().max(200), sealedSchema),
})
const headSchema = z.object({ format: z.literal('adit-keystore'), version: z.number().int().positive() })
type Sealed = z.output<typeof sealedSchema>
type Body = z.output<typeof bodySchema>

function readStore(path: string): Body {
  const bytes = readBytes(path)
  if (bytes === undefined) {
    throw new AditError('keystore-missing', `keystore: ${path} does not exist`, {
      remedy: '`adit wallet create` makes one',
    })
  }
  const document = parseJson(path, bytes)
  const head = headSchema.safeParse(document)
  if (!head.success) throwCorrupted(path, 'it is no keystore')
  if (head.data.version > VERSION) {
    throw new AditError(
      'keystore-newer',
      `keystore: ${path} has version ${head.data.version}, this program reads up to ${VERSION}`,
      { remedy: 'use the newer release of Adit that wrote it' },
    )
  }
  const body = bodySchema.extend({ checksum: z.string() }).safeParse(document)
  if (!body.success) throwCorrupted(path, 'a field is missing or damaged')
  const { checksum, ...rest } = body.data
  if (checksum !== checksumOf(rest)) throwCorrupted(path, 'the checksum does not match')
  return rest
}

function writeStore(path: string, body: Body): void {
  const document = { format: 'adit-keystore', version: VERSION, ...body, checksum: checksumOf(body) }
  writeFileAtomically(path, `${JSON.stringify(document, undefined, 2)}\n`, 0o600)
}

function checksumOf({ kdf, check, entries }: Body): string {
  const sorted = Object.entries(entries).sort(([left], [right]) => (left < right ? -1 : 1))
  const parts = [
    [kdf.name, kdf.n, kdf.r, kdf.p, kdf.salt, check.nonce, check.sealed],
    ...sorted.map(([name, entry]) => [name, entry.nonce, entry.sealed]),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function readBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new AditError('keystore-unreadable', `keystore: ${path} cannot be read`, {
      remedy: 'run as the user who owns it (with sudo if it belongs to root)',
      cause,
    })
  }
}

function parseJson(path: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return throwCorrupted(path, 'it is not JSON')
  }
}

function throwCorrupted(path: string, reason: string): never {
  throw new AditError('keystore-corrupted', `keystore: ${path} is damaged: ${reason}`, {
    remedy: 'restore it from your backup; the money is safe while the keys are',
  })
}

function existsError(what: string, remedy: string): AditError {
  return new AditError('keystore-exists', `keystore: there is ${what} already`, { remedy })
}

function deriveKey(passphrase: string, salt: Uint8Array, cost: KeystoreCost): Promise<Uint8Array> {
  const { n: N, r, p } = cost
  const maxmem = 128 * N * r + 128 * r * p + 2 ** 20
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, KEY_BYTES, { N, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(new Uint8Array(key))
      else reject(error)
    })
  })
}

function seal(key: Uint8Array, name: string, secret: Uint8Array, random: Random): Sealed {
  const nonce = random.bytes(NONCE_BYTES)
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(utf8(name), { plaintextLength: secret.length })
  const sealed = concat(cipher.update(secret), cipher.final(), cipher.getAuthTag())
  return { nonce: hexOf(nonce), sealed: hexOf(sealed) }
}

/** Undefined where the tag does not fit. */
function unseal(key: Uint8Array, name: string, { nonce, sealed }: Sealed): Uint8Array | undefined {
  const bytes = bytesOfHex(sealed)
  const decipher = createDecipheriv('chacha20-poly1305', key, bytesOfHex(nonce), { authTagLength: TAG_BYTES })
  decipher.setAAD(utf8(name), { plaintextLength: bytes.length - TAG_BYTES })
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const secret = decipher.update(bytes.subarray(0, -TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return new Uint8Array(secret)
}

const VERSION = 1
const MIN_PASSPHRASE = 8
const SALT_BYTES = 32
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CHECK_NAME = '\u0000check'
const CHECK_TEXT = utf8('adit-keystore')

/** Where the passphrase comes from, without ever standing in an argument or an environment variable. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AditError } from '#base/errors.ts'

export interface PassphraseSources {
  /** `keystore.passphrase_file`; empty: not set. */
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asks at the terminal; undefined where there is none. */
  readonly prompt: (() => Promise<string>) | undefined
}

/**
 * The configured file, the file named by ADIT_PASSPHRASE_FILE, the systemd credential `adit-passphrase`, the terminal:
 * the first that is there. Throws `passphrase-missing`, `passphrase-unreadable`, `passphrase-exposed`.
 */
export async function readPassphrase(sources: PassphraseSources): Promise<string> {
  const { env } = sources
  const directory = env.CREDENTIALS_DIRECTORY
  const credential = directory === undefined ? '' : join(directory, 'adit-passphrase')
  for (const path of [sources.file, env.ADIT_PASSPHRASE_FILE ?? '']) if (path !== '') return readFirstLine(path)
  if (credential !== '' && statSync(credential, { throwIfNoEntry: false }) !== undefined)
    return readFirstLine(credential)
  if (sources.prompt !== undefined) return sources.prompt()
  throw new AditError('passphrase-missing', 'keystore: no passphrase, and no terminal to ask for one', {
    remedy: 'write it to a file that only you can read and name it in ADIT_PASSPHRASE_FILE or keystore.passphrase_file',
  })
}

function readFirstLine(path: string): string {
  const content = readSecretFile(path)
  return content.split(/\r?\n/, 1)[0]
}

function readSecretFile(path: string): string {
  try {
    if ((statSync(path).mode & OTHERS_READ) === 0) return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AditError('passphrase-unreadable', `passphrase: ${path} cannot be read`, {
      remedy: 'check the path and who may read it',
      cause,
    })
  }
  throw new AditError('passphrase-exposed', `passphrase: everybody on this machine can read ${path}`, {
    remedy: `chmod 600 ${path}`,
  })
}

const OTHERS_READ = 0o004

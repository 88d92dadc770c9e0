/** One person's Adit in the demo: its configuration and folders, and `bin/adit` run in its host as a person types it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host, Lab, LabProcess } from '../netlab/index.ts'

export const REPOSITORY = join(import.meta.dirname, '../..')
const ADIT = join(REPOSITORY, 'bin/adit')

export interface AditNode {
  readonly host: Host
  readonly directory: string
  /** Runs `adit ARGS --json` to its end; returns the object. Throws with what it said. */
  readonly adit: <T>(args: readonly string[], timeoutMs?: number) => Promise<T>
  /** Starts `adit ARGS` and leaves it running: a terminal that stays open. */
  readonly start: (name: string, args: readonly string[]) => LabProcess
}

/** `config` is the text of the configuration; the passphrase file is added. */
export function aditNode(lab: Lab, host: Host, config: string): AditNode {
  const directory = nodeDirectory(lab.directory, host.name)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(join(directory, 'passphrase'), `passphrase of ${host.name}\n`, { mode: 0o600 })
  const keystore = `[keystore]\npassphrase_file = "${join(directory, 'passphrase')}"\n`
  writeFileSync(join(directory, 'config.toml'), `${config}\n${keystore}`)
  const env = nodeEnvironment(directory)
  return {
    host,
    directory,
    adit: async <T>(args: readonly string[], timeoutMs = 60_000) => {
      const { code, stdout, stderr } = await host.exec([ADIT, ...args, '--json'], { env, timeoutMs })
      const said = `${stdout.trim()} ${stderr.trim()}`.trim()
      if (code !== 0)
        throw new Error(`${host.name}: \`adit ${args.join(' ')}\` ended with ${code ?? 'a signal'}: ${said}`)
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T
    },
    start: (name, args) => host.start(name, [ADIT, ...args], { env }),
  }
}

export function nodeDirectory(runDirectory: string, hostName: string): string {
  return join(runDirectory, 'nodes', hostName)
}

/** Tells `adit` where this person's files are (docs/configuration.md): what `--enter` sets in its shell as well. */
export function nodeEnvironment(directory: string): Record<string, string> {
  return {
    ADIT_CONFIG: join(directory, 'config.toml'),
    ADIT_STATE_DIR: join(directory, 'state'),
    ADIT_RUN_DIR: join(directory, 'run'),
    // Each command is a new process: compiling once for all of them halves the time.
    ADIT_CACHE_DIR: join(directory, '../cache'),
  }
}

/** What every command gets: paths, configuration, keys, daemons, output; each opened when it is first asked for. */
import type { Command } from 'commander'
import { systemClock, systemRandom } from '#crypto/system.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { keystorePathOf, pathsOf, socketPathOf, type Paths } from '../config/paths.ts'
import { openKeystore, type Keystore } from '../config/keystore.ts'
import { loadConfig, type LoadedConfig, type LoadOptions } from '../config/load.ts'
import { readPassphrase } from '../config/passphrase.ts'
import type { Config } from '../config/table.ts'
import type { Role } from '../control/routes.ts'
import { controlClient, type ControlClient } from './client.ts'
import { outputTo, type Output } from './output.ts'
import { askHidden } from './prompt.ts'

export interface Context {
  readonly paths: Paths
  readonly out: Output
  readonly clock: Clock
  readonly random: Random
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  /** Flags that a child process needs to see the same files and settings. */
  readonly inheritedFlags: readonly string[]
  configSource(): LoadOptions
  loaded(): LoadedConfig
  config(): Config
  passphrase(): Promise<string>
  keystore(): Promise<Keystore>
  client(role: Role): ControlClient
}

export interface CommonOptions {
  readonly json?: boolean
  readonly config?: string
  readonly stateDir?: string
  readonly runDir?: string
  readonly set?: readonly string[]
}

/** Adds the options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON object')
    .option('--config <file>', 'configuration file')
    .option('--state-dir <dir>', 'folder for keys, vouchers, logs')
    .option('--run-dir <dir>', 'folder of the control sockets')
    .option('--set <key=value>', 'override one key of the configuration; may be repeated', collect, [])
}

/** Signal handlers are installed here: one context for each run of a command. */
export function openContext(options: CommonOptions): Context {
  const paths = pathsOf(options)
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interrupted.abort(new DOMException('interrupted', 'AbortError')))
  }
  const overrides = options.set ?? []
  const fileRequired = options.config !== undefined || (process.env.ADIT_CONFIG ?? '') !== ''
  const configSource = (): LoadOptions => ({ file: paths.configFile, fileRequired, overrides })
  let loaded: LoadedConfig | undefined
  const load = (): LoadedConfig => (loaded ??= loadConfig(configSource()))
  let keystore: Promise<Keystore> | undefined
  const passphrase = (): Promise<string> =>
    readPassphrase({
      file: load().config.keystore.passphraseFile,
      env: process.env,
      prompt: process.stdin.isTTY ? () => askHidden('Passphrase: ') : undefined,
    })
  return {
    paths,
    out: outputTo(options.json === true),
    clock: systemClock,
    random: systemRandom,
    signal: interrupted.signal,
    inheritedFlags: [
      ...(fileRequired ? ['--config', paths.configFile] : []),
      ...['--state-dir', paths.stateDir, '--run-dir', paths.runDir],
      ...overrides.flatMap((override) => ['--set', override]),
    ],
    configSource,
    loaded: load,
    config: () => load().config,
    passphrase,
    keystore: () =>
      (keystore ??= passphrase().then((secret) => openKeystore(keystorePathOf(paths), secret, systemRandom))),
    client: (role) => controlClient(role, socketPathOf(paths, role)),
  }
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

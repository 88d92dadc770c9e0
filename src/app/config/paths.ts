/** Where files live (ARCHITECTURE: "State on disk"): system places for root, XDG places for everybody else. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

export interface Paths {
  readonly configFile: string
  readonly stateDir: string
  readonly runDir: string
}

export interface PathFlags {
  readonly config?: string | undefined
  readonly stateDir?: string | undefined
  readonly runDir?: string | undefined
}

export interface PathEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly uid: number
  readonly home: string
}

/** Flags win over ADIT_CONFIG, ADIT_STATE_DIR, ADIT_RUN_DIR, and these over the defaults. All are absolute. */
export function pathsOf(flags: PathFlags, environment: PathEnvironment = processEnvironment()): Paths {
  const { env } = environment
  const places = environment.uid === 0 ? systemPlaces() : userPlaces(environment)
  return {
    configFile: resolve(flags.config ?? present(env.ADIT_CONFIG) ?? places.configFile),
    stateDir: resolve(flags.stateDir ?? present(env.ADIT_STATE_DIR) ?? places.stateDir),
    runDir: resolve(flags.runDir ?? present(env.ADIT_RUN_DIR) ?? places.runDir),
  }
}

/** The control socket of a daemon. */
export function socketPathOf(paths: Paths, role: 'provider' | 'consumer'): string {
  return join(paths.runDir, `${role}.sock`)
}

export function keystorePathOf(paths: Paths): string {
  return join(paths.stateDir, 'keys.json')
}

/** Money state: vouchers, readings, sessions, transactions. */
export function databasePathOf(paths: Paths): string {
  return join(paths.stateDir, 'adit.db')
}

export function logPathOf(paths: Paths, role: 'provider' | 'consumer'): string {
  return join(paths.stateDir, 'log', `${role}.log`)
}

/** Compiled code of the program, to start sooner; may be removed at any time. ADIT_CACHE_DIR wins over the defaults. */
export function cacheDir({ env, uid, home }: PathEnvironment = processEnvironment()): string {
  const place = uid === 0 ? '/var/cache/adit' : join(present(env.XDG_CACHE_HOME) ?? join(home, '.cache'), 'adit')
  return resolve(present(env.ADIT_CACHE_DIR) ?? place)
}

function systemPlaces(): Paths {
  return { configFile: '/etc/adit/config.toml', stateDir: '/var/lib/adit', runDir: '/run/adit' }
}

function userPlaces({ env, uid, home }: PathEnvironment): Paths {
  const runtime = present(env.XDG_RUNTIME_DIR)
  return {
    configFile: join(present(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'adit', 'config.toml'),
    stateDir: join(present(env.XDG_STATE_HOME) ?? join(home, '.local', 'state'), 'adit'),
    runDir: runtime === undefined ? join('/tmp', `adit-${uid}`) : join(runtime, 'adit'),
  }
}

function processEnvironment(): PathEnvironment {
  return { env: process.env, uid: process.getuid?.() ?? -1, home: homedir() }
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value
}

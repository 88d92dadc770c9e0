/** What the CLI hands to a daemon: everything from outside is a parameter (`provider.ts`, `consumer.ts`). */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { TokenUnits, UnitsPerGib } from '#base/units/money.ts'
import type { Keystore } from '../config/keystore.ts'
import type { Paths } from '../config/paths.ts'
import type { Config } from '../config/table.ts'

interface DaemonOptions {
  readonly config: Config
  readonly paths: Paths
  /** `socketPathOf(paths, role)`. */
  readonly socketPath: string
  /** Already unlocked. The daemon adds channel keys to it. */
  readonly keystore: Keystore
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Aborted by SIGINT or SIGTERM: end sessions at their last reading, settle, restore the host, return. */
  readonly signal: AbortSignal
  /** Program version, for `info`. */
  readonly version: string
  /** Called once when the control socket answers; before that, progress goes to `log` only. */
  readonly onListening: () => void
}

export type ProviderOptions = DaemonOptions

export interface ConsumerOptions extends DaemonOptions {
  /** What to buy: the configuration with the flags of `adit connect` laid over it. */
  readonly wish: ConsumerWish
}

export interface ConsumerWish {
  readonly region: string | null
  readonly maxPriceUnitsPerGib: UnitsPerGib
  readonly maxSessionFeeUnits: TokenUnits
  readonly depositUnits: TokenUnits
  readonly spendLimitUnits: TokenUnits
  /** Account (0x...) of the one provider to take; null: the best one. */
  readonly provider: string | null
}

/**
 * Runs until it is stopped by the signal or by the control API; resolves when the host is restored. Throws `AditError`
 * when it cannot start. A consumer whose connection fails stays alive and answers the control API (state `error`, the
 * guard blocks) until `disconnect`.
 */
export type RunProvider = (options: ProviderOptions) => Promise<void>
export type RunConsumer = (options: ConsumerOptions) => Promise<void>

export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>

/** The shape of a logger (pino fits it). No secrets at any level; no user address above `debug`. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

export const SILENT_LOG: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }

function ignore(): void {
  // A log that drops its lines, for unit tests.
}

/** The daemon's log: pino, one JSON object a line, to standard error or to a file. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, pino } from 'pino'
import type { Log } from '#base/log.ts'

/** `file` undefined: standard error. Big integers become decimal text. */
export function openLog(level: 'debug' | 'info' | 'warn' | 'error', file?: string): Log {
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const logger = pino(
    { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"`, formatters: { log: withText } },
    destination({ dest: file ?? 2, sync: true, mode: 0o600 }),
  )
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  }
}

function withText(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'bigint' ? value.toString() : value]),
  )
}

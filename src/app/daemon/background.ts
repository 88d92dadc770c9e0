/** Work that nobody waits for: its failure is logged, never an unhandled rejection that would end the daemon. */
import type { Log } from '#base/log.ts'

export function inBackground(work: Promise<unknown>, log: Log, what: string): void {
  work.catch((error: unknown) => log.error({ error: String(error) }, what))
}

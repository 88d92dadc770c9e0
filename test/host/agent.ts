/**
 * Runs the product's exit or guard inside a namespace; requests and answers are JSON lines. `--die-at N` kills this
 * process (SIGKILL) at the journal's Nth step, to test what a crash at that very point leaves.
 */
import { createInterface } from 'node:readline'
import { SILENT_LOG, type Log } from '#base/log.ts'
import { openExit } from '#exit/exit.ts'
import { applyForwarding, planForwarding } from '#exit/forwarding.ts'
import type { Exit } from '#exit/types.ts'
import { adoptOrRemove, openGuard } from '#guard/guard.ts'
import type { GuardState } from '#guard/state.ts'
import type { Guard } from '#guard/types.ts'
import { openJournal, recoverJournal } from '#host/journal.ts'

type Request =
  | { do: 'openExit'; journal: string; tun: string; refused?: string[] }
  | { do: 'add' | 'remove'; address4: string; address6: string }
  | { do: 'forward'; journal: string; tun: string; uplink: string; global6: boolean }
  | { do: 'refresh' | 'closeExit' | 'disconnect' }
  | { do: 'recover'; journal: string }
  | { do: 'openGuard'; journal: string; uid: number }
  | { do: 'transition'; state: GuardState }
  | { do: 'leftover'; journal: string }

const dieAt = Number(process.argv[2] ?? 0)
let steps = 0
const log: Log = {
  ...SILENT_LOG,
  debug: (fields) => {
    if (fields['step'] !== undefined && ++steps === dieAt) process.kill(process.pid, 'SIGKILL')
  },
}
let exit: Exit | undefined
let guard: Guard | undefined

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const answer = await perform(JSON.parse(line) as Request)
    process.stdout.write(`${JSON.stringify({ ok: true, steps, ...answer })}\n`)
  } catch (error) {
    const shown =
      error instanceof Error
        ? { message: error.message, code: (error as { code?: string }).code, cause: String(error.cause) }
        : {}
    process.stdout.write(`${JSON.stringify({ ok: false, ...shown })}\n`)
  }
}

async function perform(request: Request): Promise<Record<string, unknown>> {
  switch (request.do) {
    case 'openExit':
      exit = await openExit({
        instance: 'test',
        tunName: request.tun,
        journal: openJournal({ path: request.journal, log }),
        reservedPorts: [],
        extraRefused: request.refused ?? [],
        log,
      })
      return { uplink: exit.uplink }
    case 'add':
      return { block: await exit!.addConsumer(request) }
    case 'remove':
      await exit!.removeConsumer(request.address4)
      return {}
    case 'refresh':
      await exit!.refresh()
      return {}
    case 'closeExit':
      await exit!.close()
      return {}
    case 'forward': {
      const journal = openJournal({ path: request.journal, log })
      const plan = await planForwarding(request.tun, request.uplink, request.uplink, request.global6)
      await applyForwarding(journal, plan)
      journal[Symbol.dispose]()
      return { strangers: plan.strangers }
    }
    case 'recover':
      return { reports: await recoverJournal({ path: request.journal, log }) }
    case 'openGuard':
      guard = openGuard({
        instance: 'test',
        journal: openJournal({ path: request.journal, log }),
        fwmark: 0xad17,
        controlUid: request.uid,
        log,
      })
      return { state: guard.state }
    case 'transition':
      await guard!.transition(request.state)
      return {}
    case 'disconnect':
      return { reports: await guard!.disconnect() }
    case 'leftover':
      return await adoptOrRemove(request.journal, 'remove', log)
  }
}

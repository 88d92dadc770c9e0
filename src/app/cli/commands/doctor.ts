/** `adit doctor`: does this machine have what Adit needs; and what do the daemons say about themselves. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Command } from 'commander'
import { readHead } from '#payment/chain/client.ts'
import { keystorePathOf } from '../../config/paths.ts'
import type { CheckView } from '../../control/views.ts'
import { openChainContext } from '../chain-access.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { EXIT, reportOf } from '../errors.ts'
import { duration } from '../output.ts'
import { ROLES, unlessAbsent } from './status.ts'

export function registerDoctor(program: Command): void {
  withCommonOptions(program.command('doctor')).description('check this machine and what runs on it').action(doctor)
}

async function doctor(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const checks = [
    checkRuntime(),
    checkPrivileges(),
    checkTun(),
    ...['ip', 'nft'].map(checkTool),
    checkConfiguration(context),
    checkKeystore(context),
    await checkChain(context),
  ]
  for (const role of ROLES) {
    const told = await unlessAbsent(context.client(role).call('doctor', {}, context.signal))
    if (told === undefined) checks.push({ name: role, state: 'skipped', detail: 'is not running', remedy: '' })
    else checks.push(...told.checks.map((check) => ({ ...check, name: `${role}: ${check.name}` })))
  }
  const failed = checks.filter(({ state }) => state === 'failed').length
  context.out.result({ ok: failed === 0, checks }, () => {
    for (const { name, state, detail, remedy } of checks) {
      context.out.facts([[`${SIGN[state]} ${name}`, remedy === '' ? detail : `${detail}; ${remedy}`]])
    }
  })
  if (failed > 0) process.exitCode = EXIT.failed
}

function checkRuntime(): CheckView {
  return {
    name: 'runtime',
    state: 'ok',
    detail: `Node ${process.versions.node}, ${process.platform}-${process.arch}`,
    remedy: '',
  }
}

function checkPrivileges(): CheckView {
  const uid = process.getuid?.()
  if (uid === 0) return { name: 'privileges', state: 'ok', detail: 'root', remedy: '' }
  const detail = `user ${uid ?? '?'}: may not make tunnels, routes and rules`
  return { name: 'privileges', state: 'warning', detail, remedy: 'start the daemons with sudo or as a systemd service' }
}

function checkTun(): CheckView {
  const name = 'tunnel device'
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK)
    return { name, state: 'ok', detail: '/dev/net/tun', remedy: '' }
  } catch {
    const isThere = statSync('/dev/net/tun', { throwIfNoEntry: false }) !== undefined
    if (!isThere) return { name, state: 'failed', detail: '/dev/net/tun is missing', remedy: 'modprobe tun' }
    return {
      name,
      state: 'warning',
      detail: '/dev/net/tun is not open to this user',
      remedy: 'start the daemons with sudo',
    }
  }
}

function checkTool(tool: string): CheckView {
  // sbin is often missing in a user's PATH although the daemons find it.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const found = folders.map((folder) => join(folder, tool)).find(isExecutable)
  if (found !== undefined) return { name: tool, state: 'ok', detail: found, remedy: '' }
  return { name: tool, state: 'failed', detail: 'not installed', remedy: PACKAGES[tool] }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function checkConfiguration(context: Context): CheckView {
  return attempt('configuration', () => {
    context.loaded()
    return context.paths.configFile
  })
}

function checkKeystore(context: Context): CheckView {
  const path = keystorePathOf(context.paths)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return { name: 'keys', state: 'warning', detail: 'none yet', remedy: 'adit wallet create' }
  const mode = found.mode & 0o777
  if ((mode & 0o077) === 0) return { name: 'keys', state: 'ok', detail: path, remedy: '' }
  return { name: 'keys', state: 'failed', detail: `${path} has mode ${mode.toString(8)}`, remedy: `chmod 600 ${path}` }
}

async function checkChain(context: Context): Promise<CheckView> {
  try {
    const { chain } = await openChainContext(context)
    const head = await readHead(chain, { signal: context.signal })
    const behindMs = context.clock.wallMs() - head.timestamp * 1000
    const detail = `chain ${chain.chainId}, block ${head.block}, ${duration(behindMs)} old`
    if (behindMs < -CLOCK_WARNING_MS) {
      return { name: 'chain', state: 'warning', detail: `${detail}: this clock is slow`, remedy: 'set the clock' }
    }
    return { name: 'chain', state: 'ok', detail, remedy: '' }
  } catch (error) {
    return failedCheck('chain', error)
  }
}

function attempt(name: string, action: () => string): CheckView {
  try {
    return { name, state: 'ok', detail: action(), remedy: '' }
  } catch (error) {
    return failedCheck(name, error)
  }
}

function failedCheck(name: string, error: unknown): CheckView {
  const { message, remedy } = reportOf(error)
  return { name, state: 'failed', detail: message, remedy }
}

const SIGN = { ok: '✓', warning: '!', failed: '✗', skipped: '-' } as const
const PACKAGES: Readonly<Record<string, string>> = { ip: 'apt install iproute2', nft: 'apt install nftables' }
const CLOCK_WARNING_MS = 120_000

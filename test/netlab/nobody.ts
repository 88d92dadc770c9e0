/** Runs a script as `nobody`, with /dev/net/tun open to everybody or to root only, without touching the machine's. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { CaseSkipped } from './runner.ts'
import { viewForNobody } from './view.ts'

/** What it printed; throws with both streams when it fails. Throws `CaseSkipped` where there is no second user. */
export function runAsNobody(command: string, tunMode: '0666' | '0600', timeoutMs = 120_000): string {
  const [, , users] = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)
  if (process.getuid?.() !== 0 || users === '1') throw new CaseSkipped('this runs without root already')
  using view = viewForNobody()
  // mknod works outside a user namespace only, and the bind mount lasts as long as this mount namespace.
  const script = `
    node=$(mktemp -u /tmp/.netlab-tun-XXXXXX)
    mknod "$node" c 10 200
    chmod ${tunMode} "$node"
    mount --bind "$node" /dev/net/tun
    rm "$node"
    ${view.prepare}
    cd /
    exec su nobody -s /bin/sh -c "$1"`
  const ran = spawnSync('unshare', ['--mount', 'bash', '-ec', script, 'bash', view.path(command)], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    timeout: timeoutMs,
  })
  if (ran.error !== undefined) throw ran.error
  if (ran.status !== 0) throw new Error(`as nobody (exit ${ran.status ?? 'killed'}): ${ran.stderr}${ran.stdout}`)
  return ran.stdout.trim()
}

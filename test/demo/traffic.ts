/** What a person does with a connection: downloads, uploads, looks at their address. With curl, as a person would. */
import { join } from 'node:path'
import type { Host } from '../netlab/index.ts'
import { contentSha256 } from './content.ts'
import { WEB } from './network.ts'

export type Family = 4 | 6

export interface Transfer {
  readonly direction: 'down' | 'up'
  readonly family: Family
  readonly bytes: number
  readonly seconds: number
  readonly sha256Matches: boolean
}

export async function download(host: Host, family: Family, bytes: number, signal?: AbortSignal): Promise<Transfer> {
  const name = `down-${family}`
  const curl = `curl ${CURL} -${family} -w '%{stderr}%{size_download} %{time_total}\\n' http://${WEB.name}/content/${name}/${bytes}`
  const { stdout, stderr } = await bash(host, `${curl} | sha256sum`, signal)
  const [received, seconds] = lastLine(stderr).split(' ').map(Number)
  const sha256Matches = received === bytes && stdout.slice(0, 64) === contentSha256(name, bytes)
  return { direction: 'down', family, bytes: received, seconds, sha256Matches }
}

export async function upload(host: Host, family: Family, bytes: number, signal?: AbortSignal): Promise<Transfer> {
  const name = `up-${family}`
  const source = `node ${join(import.meta.dirname, 'content.ts')} ${name} ${bytes}`
  const curl = `curl ${CURL} -${family} -X POST -T - -w '%{stderr}%{time_total}\\n' http://${WEB.name}/upload`
  const { stdout, stderr } = await bash(host, `${source} | ${curl}`, signal)
  const answer = JSON.parse(stdout) as { bytes: number; sha256: string }
  const sha256Matches = answer.bytes === bytes && answer.sha256 === contentSha256(name, bytes)
  return { direction: 'up', family, bytes: answer.bytes, seconds: Number(lastLine(stderr)), sha256Matches }
}

/** The address that the web server sees, asked by name. */
export async function sourceSeen(host: Host, family: Family): Promise<string> {
  return await host.run(['curl', ...CURL.split(' '), `-${family}`, `http://${WEB.name}/ip`])
}

/** Whether anything answers a TCP connection to `address`, be it a page or only an accepted connection. */
export async function answers(host: Host, address: string, port = 80, seconds = 1): Promise<boolean> {
  const literal = address.includes(':') ? `[${address}]` : address
  const url = `http://${literal}:${port}/`
  const { code } = await host.exec(['curl', '-s', '-o', '/dev/null', '--noproxy', '*', '-m', String(seconds), url])
  // 7: refused or unreachable, 28: no answer in time. Anything else means that somebody was there.
  return code !== 7 && code !== 28
}

async function bash(host: Host, script: string, signal?: AbortSignal): Promise<{ stdout: string; stderr: string }> {
  const options = { timeoutMs: TRANSFER_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) }
  const { code, stdout, stderr } = await host.exec(['bash', '-c', `set -o pipefail; ${script}`], options)
  if (code !== 0) throw new Error(`${host.name}: transfer failed (${code ?? 'killed'}): ${stderr.trim()}`)
  return { stdout, stderr }
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}

const TRANSFER_TIMEOUT_MS = 90_000
const CURL = '-sS --fail --connect-timeout 10'

/** Whether this machine lets us build a lab: namespaces, nftables, a TUN device that we may open. */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

export type LabSupport = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/** One line says why not. Run it where the lab will run: as root, or inside `script/lib.sh`'s user namespace. */
export function labSupport(needs: { readonly tun: boolean } = { tun: true }): LabSupport {
  if (process.platform !== 'linux') return no('network namespaces need Linux')
  if (process.getuid?.() !== 0)
    return no('neither root nor inside a user namespace (script/lab and script/demo enter one)')
  const namespaces = spawnSync('unshare', ['-nm', 'true'], { encoding: 'utf8' })
  if (namespaces.status !== 0) return no(`network namespaces are refused here: ${firstLine(namespaces.stderr)}`)
  for (const tool of ['ip', 'nft']) {
    if (spawnSync(tool, ['-V'], { env: labEnvironment() }).error !== undefined) return no(`${tool} is not installed`)
  }
  return needs.tun ? tunSupport() : { ok: true }
}

/** The environment of lab processes: Debian users have no sbin in their path. */
export function labEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`, LC_ALL: 'C' }
}

function tunSupport(): LabSupport {
  try {
    closeSync(openSync('/dev/net/tun', 'r+'))
    return { ok: true }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    return no(`/dev/net/tun cannot be opened (${code}): it must be readable and writable for this user (mode 0666)`)
  }
}

function no(reason: string): LabSupport {
  return { ok: false, reason }
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}

/**
 * The checkout as an ordinary user can see it. It may stand in a folder that only its owner may enter (`/root`, a folder
 * of mktemp): then its top entries are bind-mounted, in a mount namespace of the command, where everybody may look.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const NOBODY = '65534'

export interface CheckoutView extends Disposable {
  /** Shell text that makes the view; root runs it in a private mount namespace. Does nothing where all may look. */
  readonly prepare: string
  /** A path of this checkout as it stands in the view. */
  path(path: string): string
}

export function viewForNobody(): CheckoutView {
  const asNobody = [
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    'test',
    '-r',
    join(ROOT, 'package.json'),
  ]
  if (spawnSync('setpriv', asNobody).status === 0) {
    return { prepare: ':', path: (path) => path, [Symbol.dispose]: () => undefined }
  }
  const point = mkdtempSync(join(tmpdir(), 'adit-view-'))
  chmodSync(point, 0o755)
  const entries = readdirSync(ROOT).map((name) => {
    const make = statSync(join(ROOT, name)).isDirectory() ? 'mkdir' : 'touch'
    return `${make} '${point}/${name}'; mount --bind '${ROOT}/${name}' '${point}/${name}'`
  })
  return {
    // The entries stand in a tmpfs of the namespace: outside of it the folder stays empty.
    prepare: [`mount -t tmpfs -o mode=755 adit-view '${point}'`, ...entries].join('; '),
    path: (path) => path.replaceAll(ROOT, point),
    [Symbol.dispose]: () => rmdirSync(point),
  }
}

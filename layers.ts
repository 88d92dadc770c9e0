/**
 * The layer table: which folder of `src/` may import which. `docs/architecture.md` explains the floors;
 * `test/layers/check.ts` enforces the table with dependency-cruiser and proves itself on a planted violation.
 *
 * A folder that does not stand here imports nothing but itself. `node` says whether `node:*` modules (files, sockets,
 * clocks) are allowed: a folder without it is sans-IO. `packages` names the npm packages that may be imported there.
 */
export interface Layer {
  /** Folder, relative to `src/`. Longest match wins. */
  readonly folder: string
  /** Folders, relative to `src/`, that it may import besides itself. */
  readonly imports: readonly string[]
  readonly node: boolean
  readonly packages: readonly string[]
}

export const LAYERS: readonly Layer[] = [
  { folder: 'base', imports: [], node: false, packages: [] },

  { folder: 'crypto', imports: ['base'], node: true, packages: ['@noble/curves', '@noble/hashes', '@noble/ciphers'] },
  { folder: 'host', imports: ['base'], node: true, packages: ['zod'] },
  { folder: 'reach', imports: ['base', 'crypto'], node: true, packages: [] },

  // The packet's path.
  { folder: 'packet/wire', imports: ['base'], node: false, packages: [] },
  { folder: 'packet/link', imports: ['base', 'packet/wire'], node: true, packages: ['koffi'] },
  { folder: 'packet/wireguard', imports: ['base', 'crypto'], node: false, packages: [] },
  {
    folder: 'packet/engine',
    imports: ['base', 'crypto', 'packet/wire', 'packet/link', 'packet/wireguard'],
    node: true,
    packages: ['koffi'],
  },

  // The payment's path.
  { folder: 'payment/tariff', imports: ['base', 'crypto'], node: false, packages: [] },
  { folder: 'payment/meter', imports: ['base', 'crypto', 'payment/tariff'], node: false, packages: [] },
  {
    folder: 'payment/channel',
    imports: ['base', 'crypto', 'payment/tariff', 'payment/meter'],
    node: false,
    packages: [],
  },
  { folder: 'payment/chain', imports: ['base', 'crypto', 'payment/channel'], node: true, packages: ['viem'] },

  { folder: 'market', imports: ['base', 'crypto'], node: true, packages: ['zod'] },
  { folder: 'guard', imports: ['base', 'host'], node: true, packages: [] },
  { folder: 'exit', imports: ['base', 'host', 'packet/wire'], node: true, packages: [] },

  {
    folder: 'app/control',
    imports: ['base'],
    node: false,
    packages: ['zod'],
  },
  {
    folder: 'app/daemon',
    imports: [
      'base',
      'crypto',
      'host',
      'reach',
      'packet',
      'payment',
      'market',
      'guard',
      'exit',
      'app/control',
      'app/config',
      'app/store',
    ],
    node: true,
    packages: ['fastify', 'fastify-type-provider-zod', '@fastify/swagger', 'pino', 'zod'],
  },
  { folder: 'app/config', imports: ['base', 'crypto'], node: true, packages: ['zod', 'smol-toml'] },
  { folder: 'app/store', imports: ['base', 'payment', 'market'], node: true, packages: [] },
  {
    folder: 'app/cli',
    imports: [
      'base',
      'crypto',
      'host',
      'payment',
      'market',
      'guard',
      'app/control',
      'app/config',
      'app/store',
      'app/daemon',
    ],
    node: true,
    packages: ['commander', 'cli-table3', 'zod'],
  },
]

/** Folders of `src/` without clock, timers, randomness, console or `node:*` (ESLint enforces the globals too). */
export const SANS_IO_FOLDERS: readonly string[] = LAYERS.filter((layer) => !layer.node).map((layer) => layer.folder)

/**
 * What Adit changes on a host, as data: one entry of the journal each. Every kind names all that is needed to perform it
 * and to undo exactly it; nothing is ever restored from a listing.
 */
import { z } from 'zod'

/** Family names as `ip -4`/`ip -6` and nft write them. */
const FAMILY = z.union([z.literal(4), z.literal(6)])

const RULE = z.strictObject({
  family: FAMILY,
  priority: z.int().min(1).max(32_765),
  /** Selectors; all given ones must match. */
  to: z.string().optional(),
  notFwmark: z.int().min(1).max(0xffff_ffff).optional(),
  fwmark: z.int().min(1).max(0xffff_ffff).optional(),
  ipProtocol: z.enum(['tcp', 'udp']).optional(),
  destinationPort: z.int().min(1).max(65_535).optional(),
  action: z.union([z.strictObject({ lookup: z.int().min(1).max(0xffff_ffff) }), z.literal('unreachable')]),
})

const ROUTE = z.strictObject({
  family: FAMILY,
  table: z.int().min(1).max(0xffff_ffff),
  /** A prefix in canonical text, `0.0.0.0/0` or `::/0` for all. */
  destination: z.string(),
  via: z.string().optional(),
  device: z.string(),
})

/** What stood at a path: a symbolic link stays one after the undo. */
const FILE_STATE = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('absent') }),
  z.strictObject({ kind: z.literal('file'), text: z.string(), mode: z.int() }),
  z.strictObject({ kind: z.literal('symlink'), target: z.string() }),
])

export const CHANGE = z.discriminatedUnion('kind', [
  /** A whole table of ours; it carries the comment `adit:<owner>`, which is how the undo knows it. */
  z.strictObject({
    kind: z.literal('nftTable'),
    family: z.enum(['inet', 'netdev']),
    name: z.string(),
    owner: z.string(),
  }),
  z.strictObject({ kind: z.literal('ipRule'), rule: RULE }),
  z.strictObject({ kind: z.literal('route'), route: ROUTE }),
  /** An address with its prefix length, `198.18.0.1/15`. */
  z.strictObject({ kind: z.literal('address'), device: z.string(), prefix: z.string() }),
  /** `key` is the path below /proc/sys. */
  z.strictObject({ kind: z.literal('sysctl'), key: z.string(), before: z.string(), ours: z.string() }),
  /** `inPlace`: the path is a mount point, which can be written but not renamed over. */
  z.strictObject({
    kind: z.literal('file'),
    path: z.string(),
    before: FILE_STATE,
    ours: z.string(),
    inPlace: z.boolean(),
  }),
  /** systemd-resolved's settings of one link. */
  z.strictObject({ kind: z.literal('resolvedLink'), device: z.string(), servers: z.array(z.string()) }),
])

export type Change = z.infer<typeof CHANGE>
export type ChangeOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>
export type IpRule = z.infer<typeof RULE>
export type IpRoute = z.infer<typeof ROUTE>
export type FileState = z.infer<typeof FILE_STATE>
export type Family = z.infer<typeof FAMILY>

/**
 * What became of an entry at undo: `undone` by us now; `gone`: it was not there any more, or never was; `left`: another
 * party changed it since, so it is not ours to restore.
 */
export type UndoOutcome =
  | { readonly kind: 'undone' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'left'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

export interface UndoReport {
  readonly change: Change
  readonly outcome: UndoOutcome
}

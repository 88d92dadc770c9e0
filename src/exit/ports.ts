/**
 * Blocks of SNAT ports, one for each consumer (RFC 7422's idea: the block names the consumer without a log of
 * destinations). Blocks are disjoint from each other, from listening ports and from `ip_local_port_range`: a consumer
 * whose flows leave from the port of one of the provider's sockets would receive that socket's packets ("port shadow").
 */
import { AditError } from '#base/errors.ts'
import type { PortBlock } from './types.ts'

export interface PortPool {
  /** Takes the next free block, in turn, so that a block rests as long as possible. Undefined when none is free. */
  take(busyPorts: ReadonlySet<number>): PortBlock | undefined
  give(block: PortBlock): void
}

/** A pool of aligned blocks of `size` ports outside `avoided` (inclusive ranges). */
export function openPortPool(size: number, avoided: readonly PortBlock[]): PortPool {
  if (!Number.isInteger(Math.log2(size)) || size < 64 || size > 4096) {
    throw new AditError('exit-option', `portsPerConsumer: expected a power of two from 64 to 4096, got ${size}`)
  }
  const blocks = candidateBlocks(size, avoided)
  const taken = new Set<number>()
  let turn = 0
  return {
    take(busyPorts) {
      for (let step = 0; step < blocks.length; step++) {
        const block = blocks[(turn + step) % blocks.length]
        if (taken.has(block.first) || holdsAny(block, busyPorts)) continue
        turn = (turn + step + 1) % blocks.length
        taken.add(block.first)
        return block
      }
      return undefined
    },
    give: (block) => void taken.delete(block.first),
  }
}

/** Aligned blocks from `FIRST_PORT` up that touch no avoided range. */
export function candidateBlocks(size: number, avoided: readonly PortBlock[]): readonly PortBlock[] {
  const blocks: PortBlock[] = []
  for (let first = Math.ceil(FIRST_PORT / size) * size; first + size <= 65_536; first += size) {
    const block = { first, last: first + size - 1 }
    if (!avoided.some((range) => range.first <= block.last && range.last >= block.first)) blocks.push(block)
  }
  return blocks
}

/** `ip_local_reserved_ports` and its kind: `8080,20000-29999`. */
export function parsePortRanges(text: string): readonly PortBlock[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [first, last = first] = part
        .trim()
        .split(/[-\s]+/, 2)
        .map(Number)
      return { first, last }
    })
}

/** In the kernel's own form: sorted, joined where they touch. */
export function formatPortRanges(ranges: readonly PortBlock[]): string {
  const joined: { first: number; last: number }[] = []
  for (const range of ranges.toSorted((left, right) => left.first - right.first)) {
    const previous = joined.at(-1)
    if (previous !== undefined && range.first <= previous.last + 1) previous.last = Math.max(previous.last, range.last)
    else joined.push({ ...range })
  }
  return joined.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(',')
}

function holdsAny(block: PortBlock, ports: ReadonlySet<number>): boolean {
  for (let port = block.first; port <= block.last; port++) if (ports.has(port)) return true
  return false
}

/** Below stand the well-known ports. */
const FIRST_PORT = 2048
/** Taken out of the kernel's ephemeral ports when it leaves too few blocks of its own. */
export const RESERVED_POOL: PortBlock = { first: 20_480, last: 30_719 }
/** Fewer than this many blocks outside the ephemeral range are too few to sell. */
export const MIN_BLOCKS = 8

/** What a path does to packets, and what can be seen of it: loss, rate limits, captures, counters. */
import type { Host, LabProcess } from './host.ts'
import { until } from './host.ts'
import { sendRealPackets } from './topology.ts'

export interface Loss {
  /** nftables match of the packets that may be lost: `udp dport 51820`, `ip daddr 198.51.100.2 meta l4proto udp`. */
  readonly match: string
  readonly perMille: number
  /** `random`: each packet by itself; `even`: every n-th exactly, the same in each run. */
  readonly pattern: 'random' | 'even'
}

/**
 * Loses forwarded packets of a router; replaces what was lost there before (an empty list: nothing). `devices` are the
 * interfaces by which packets reach the router, on the *sending* side: super-packets are split there, so that one loss
 * is one packet.
 */
export async function setLoss(
  routerHost: Host,
  losses: readonly Loss[],
  senders: readonly { readonly host: Host; readonly device: string }[],
): Promise<void> {
  await Promise.all(senders.map(async ({ host, device }) => sendRealPackets(host, device)))
  const rules = losses.map(({ match, perMille, pattern }, index) => {
    const lost = pattern === 'random' ? `numgen random mod 1000 < ${perMille}` : evenly(perMille)
    return `${match} counter name "seen${index}" ${lost} counter name "lost${index}" drop`
  })
  const counters = losses.map((_, index) => `counter seen${index} { }\n  counter lost${index} { }`)
  await routerHost.nft(`
table inet netlab_loss { }
delete table inet netlab_loss
table inet netlab_loss {
  ${counters.join('\n  ')}
  chain forward {
    type filter hook forward priority -10; policy accept;
    ${rules.join('\n    ')}
  }
}`)
}

/** What `setLoss` did so far, in the order of its list. */
export async function lossCounters(routerHost: Host): Promise<{ seen: number; lost: number }[]> {
  const text = await routerHost.run(['nft', '-j', 'list', 'counters', 'table', 'inet', 'netlab_loss'])
  const listing = JSON.parse(text) as { nftables: { counter?: { name: string; packets: number } }[] }
  const packets = new Map(listing.nftables.map(({ counter }) => [counter?.name, counter?.packets ?? 0]))
  const result: { seen: number; lost: number }[] = []
  for (let index = 0; packets.has(`seen${index}`); index++) {
    result.push({ seen: packets.get(`seen${index}`) ?? 0, lost: packets.get(`lost${index}`) ?? 0 })
  }
  return result
}

/** Limits what leaves by `device` to `mbits` Mbit/s with a queue of `queueMs`. */
export async function setRate(host: Host, device: string, mbits: number, queueMs = 50): Promise<void> {
  const burstBytes = Math.max(16_000, Math.ceil((mbits * 1e6) / 8 / 250))
  const limit = `rate ${mbits}mbit burst ${burstBytes} latency ${queueMs}ms`
  await host.run(['tc', 'qdisc', 'replace', 'dev', device, 'root', 'tbf', ...limit.split(' ')])
}

/** Captures packets of `device` into `file`; `stop()` flushes and ends it. */
export async function capture(host: Host, device: string, file: string, filter = ''): Promise<LabProcess> {
  const process = host.start(`tcpdump-${device}`, [
    ...['tcpdump', '-i', device, '-n', '-U', '--immediate-mode', '-Z', 'root', '-w', file],
    ...filter.split(' ').filter((word) => word !== ''),
  ])
  await until(`tcpdump on ${host.name} ${device}`, () => {
    if (!process.running()) throw new Error(`tcpdump on ${host.name} ${device} ended: ${process.log()}`)
    return process.log().includes('listening on')
  })
  return process
}

/** `perMille` of 1000 packets as every n-th: 10 -> each 100th, 80 -> 2 of each 25. */
function evenly(perMille: number): string {
  const divisor = greatestDivisor(perMille, 1000)
  return `numgen inc mod ${1000 / divisor} < ${perMille / divisor}`
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b)
}

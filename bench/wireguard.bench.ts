// about: TCP through a tunnel: both ends ours against both ends Debian's wireguard-go, interleaved in one run
// needs: wireguard-go wireguard-tools iproute2 iputils-ping iperf3 nftables
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import {
  INNER,
  iperf,
  openPair,
  OUTER,
  ping,
  PORT,
  startOurs,
  startWireguardGo,
  type Pair,
} from '../test/interop/wireguard-pair.ts'

const ROUNDS = 5
const SECONDS = 4
const DIRECTIONS = ['up', 'down'] as const
const ENDS = { ours: openOurs, wireguardGo: openWireguardGo }

const mbps: Record<string, number[]> = {}
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, open] of Object.entries(ENDS)) {
    await using pair = await openPair()
    await open(pair)
    await ping(pair.a, INNER.b4, 5, 0.2)
    for (const direction of DIRECTIONS) {
      const measured = await iperf(pair, SECONDS, direction === 'down')
      ;(mbps[`${name}-${direction}`] ??= []).push(measured.mbps)
      if (!process.argv.includes('--json'))
        console.log(`round ${round + 1}  ${name} ${direction}: ${measured.mbps} Mbit/s`)
    }
  }
}

const ratios = Object.fromEntries(
  DIRECTIONS.map((direction) => {
    const ours = mbps[`ours-${direction}`]
    return [direction, figure(ours.map((value, index) => value / mbps[`wireguardGo-${direction}`][index]))]
  }),
)
const result = {
  name: 'wireguard',
  machine: `${cpus().length} x ${cpus()[0].model}`,
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim(),
  results: Object.fromEntries(Object.entries(mbps).map(([name, values]) => [`${name} Mbit/s`, figure(values)])),
  ratios,
}
writeFileSync(join(import.meta.dirname, 'results/wireguard.json'), `${JSON.stringify(result, undefined, 2)}\n`)
if (process.argv.includes('--json')) console.log(JSON.stringify(result))
else
  for (const [name, value] of Object.entries(ratios))
    console.log(`ours / wireguard-go, ${name}: ${JSON.stringify(value)}`)

async function openOurs(pair: Pair): Promise<void> {
  await startOurs(pair, 'b', { role: 'consumer' })
  await startOurs(pair, 'a', { role: 'exit', peer: { address: OUTER.b4, port: PORT } })
}

async function openWireguardGo(pair: Pair): Promise<void> {
  await startWireguardGo(pair, 'b', {})
  await startWireguardGo(pair, 'a', { peer: `${OUTER.b4}:${PORT}` })
}

function figure(values: readonly number[]): { min: number; median: number; max: number; runs: number } {
  const sorted = values.toSorted((left, right) => left - right)
  const round = (value: number): number => Number(value.toFixed(2))
  const median = sorted[Math.floor(sorted.length / 2)]
  return { min: round(sorted[0]), median: round(median), max: round(sorted[sorted.length - 1]), runs: values.length }
}

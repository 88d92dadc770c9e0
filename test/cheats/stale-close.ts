/**
 * The payer closes on the chain as if it had signed nothing, while the provider is dead. Somebody else, whom nobody
 * needs to trust, holds a copy of the newest voucher and claims it within the 72 hours.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { aditNode, nodeEnvironment, REPOSITORY } from '../demo/adit.ts'
import { CHAIN } from '../demo/network.ts'
import { explain, type World } from '../demo/world.ts'
import { expect, type Played } from './bill.ts'
import { RPC, type Opened } from './stage.ts'
import { download } from './traffic.ts'

const MIB = 1 << 20
const HOUR = 3600

export async function closeStale({ stage, ...opened }: Opened): Promise<Played> {
  const { world } = stage
  const moved = await download({ stage, ...opened }, 16 * MIB, 20)
  const sold = await explain(world.provider, opened.session)
  const held = BigInt(sold.vouchers.last?.amount.units ?? 0) - BigInt(sold.due.base.units)

  await opened.look()
  opened.provide.signal('SIGKILL')
  await opened.provide.stop()
  // From here on the provider only has its disk, and the watcher a copy of what stands there.
  const vouchers = join(world.lab.directory, 'vouchers.jsonl')
  writeFileSync(vouchers, await runAdit(world, ['watch', '--export']))
  const watcher = await hireWatcher(world)

  await world.consumer.adit(['disconnect', '--no-settle'])
  await payerCloses(world, 'start', opened.channel)
  await passTime(world, 71 * HOUR)
  const watched = await watcher.adit<{ claims: unknown[] }>(['watch', vouchers, '--once'])
  await passTime(world, 2 * HOUR)
  await payerCloses(world, 'finish', opened.channel)
  return {
    figures: { movedBytes: moved, heldUnits: Number(held), claims: watched.claims.length },
    check: (bill, figures) => {
      expect(watched.claims.length === 1, 'the watcher claims once', figures)
      expect(bill.paid === held, 'the contract pays all that was signed', figures)
    },
  }
}

/** A third person in the internet with a wallet for gas, and no key or file of the provider. */
async function hireWatcher({ lab, network, deployment }: World) {
  const watcher = aditNode(lab, network.web, `[chain]\nrpc_url = "${RPC}"\ndeployment = "${deployment}"\n`)
  await watcher.adit(['wallet', 'create'])
  await watcher.adit(['wallet', 'fund'])
  return watcher
}

async function payerCloses({ consumer }: World, step: 'start' | 'finish', channel: string): Promise<void> {
  const program = join(import.meta.dirname, 'payer-close.ts')
  await consumer.host.run(['node', program, step, channel], { env: nodeEnvironment(consumer.directory) })
}

/** The local chain's clock goes on; 72 real hours would be much to ask of a test. */
async function passTime({ network }: World, seconds: number): Promise<void> {
  for (const [method, params] of [
    ['evm_increaseTime', [seconds]],
    ['evm_mine', []],
  ] as const) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const asked = ['curl', '-sS', '--fail', '-H', 'content-type: application/json', '-d', body, RPC]
    const answer = JSON.parse(await network.chain.run(asked)) as { error?: { message: string } }
    if (answer.error !== undefined) throw new Error(`${CHAIN.ip4} ${method}: ${answer.error.message}`)
  }
}

async function runAdit({ provider }: World, args: readonly string[]): Promise<string> {
  return await provider.host.run([join(REPOSITORY, 'bin/adit'), ...args], { env: nodeEnvironment(provider.directory) })
}

/** Child of `store.test.ts`: writes vouchers with rising amounts, printing each after its commit, until it is killed. */
import { units } from '#base/units/money.ts'
import { readingHash } from '#payment/meter/reading.ts'
import { openStore } from './open.ts'

const store = openStore(process.argv[2])
const channel = `0x${'c4'.repeat(32)}` as const
for (let seq = 1; ; seq++) {
  const reading = {
    session: '5e'.repeat(16),
    seq,
    up: BigInt(seq) * 1_000n,
    down: BigInt(seq) * 9_000n,
    lost: 0n,
    quote: `0x${'0a'.repeat(32)}`,
    challenge: `0x${'0b'.repeat(32)}`,
    timeMs: 1_900_000_000_000 + seq,
  } as const
  store.vouchers.record({
    role: 'payee',
    voucher: { channel, amount: units(BigInt(seq)), reading: readingHash(reading), signature: `0x${'51'.repeat(65)}` },
    reading,
    baseUnits: units(0n),
    writtenOff: 0n,
    atMs: reading.timeMs,
  })
  process.stdout.write(`${seq}\n`)
}

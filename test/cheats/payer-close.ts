/**
 * The payer's own way to the contract: `node payer-close.ts start|finish CHANNEL`, with the environment of the payer's
 * Adit. `start` asks for the whole deposit back, as if nothing had been signed; `finish` takes it when the time is over.
 */
import { finishClose, startClose } from '#payment/chain/channels.ts'
import type { Hex } from '#base/hex.ts'
import { withWriter } from '../../src/app/cli/chain-access.ts'
import { openContext } from '../../src/app/cli/context.ts'

const [step, channel] = process.argv.slice(2)
const act = step === 'start' ? startClose : finishClose
const written = await withWriter(openContext({}), async (writer) => await act(writer, channel as Hex))
console.log(JSON.stringify({ transaction: written.hash }))

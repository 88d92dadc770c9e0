/**
 * The payer asks the contract for its deposit back as if it had signed nothing: `node stale-close.ts CHANNEL`, with the
 * environment of the payer's Adit.
 */
import { startClose } from '#payment/chain/channels.ts'
import type { Hex } from '#base/hex.ts'
import { withWriter } from '../../src/app/cli/chain-access.ts'
import { openContext } from '../../src/app/cli/context.ts'

const channel = process.argv[2] as Hex
const context = openContext({})
const receipt = await withWriter(context, async (writer) => await startClose(writer, channel))
console.log(JSON.stringify({ transaction: receipt.hash }))

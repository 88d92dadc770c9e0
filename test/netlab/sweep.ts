/** Removes the runs whose script was killed: what every script does first (`script/lib.sh`). */
import { sweep } from './registry.ts'

for (const id of sweep()) console.error(`swept run ${id}: its script was killed`)

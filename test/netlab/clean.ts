/** Ends the run whose id is given: what a kept run calls when its time is over. */
import { findRun, removeRun } from './registry.ts'

const run = findRun(process.argv[2] ?? '')
if (run !== undefined) removeRun(run)

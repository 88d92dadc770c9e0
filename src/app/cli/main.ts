/** Where `bin/adit` begins. The version is checked before anything that needs a new one is loaded. */
import { enableCompileCache } from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 26 || (major === 26 && minor < 10)) {
  process.stderr.write(
    `adit: Node 26.10 or newer is needed, this is ${process.versions.node}; run script/bootstrap, then bin/adit\n`,
  )
  process.exit(127)
}
const { cacheDir } = await import('../config/paths.ts')
// Halves what a command costs to start (`adit chain status`: 1.3 s of CPU without, 0.65 s with the cache). A folder that
// cannot be written only costs that time, so the outcome is not looked at.
enableCompileCache(cacheDir())
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))

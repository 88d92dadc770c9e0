/** argv -> command -> exit code. Each command stands in a file of its own below `commands/`. */
import { Command, CommanderError } from 'commander'
import { registerChain } from './commands/chain.ts'
import { registerConfig } from './commands/config.ts'
import { registerConnect } from './commands/connect.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerEarnings } from './commands/earnings.ts'
import { registerExplain } from './commands/explain.ts'
import { registerOffers } from './commands/offers.ts'
import { registerProvide } from './commands/provide.ts'
import { registerStake } from './commands/stake.ts'
import { registerStatus } from './commands/status.ts'
import { registerSubmit } from './commands/submit.ts'
import { registerWallet } from './commands/wallet.ts'
import { registerWatch } from './commands/watch.ts'
import { registerWithdraw } from './commands/withdraw.ts'
import { reportError } from './errors.ts'
import { VERSION } from './version.ts'

/** Exit codes: `docs/cli.md`, "Exit codes". */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command('adit')
    .description('Sell the bandwidth that you do not use, or buy an exit somewhere else. Paid by the byte from escrow.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({ writeErr: (text) => (wantsJson(args) ? undefined : process.stderr.write(text)) })
  registerProvide(program)
  registerConnect(program)
  registerStatus(program)
  registerOffers(program)
  registerWallet(program)
  registerStake(program)
  registerWithdraw(program)
  registerEarnings(program)
  registerExplain(program)
  registerWatch(program)
  registerSubmit(program)
  registerChain(program)
  registerDoctor(program)
  registerConfig(program)
  try {
    await program.parseAsync(args, { from: 'user' })
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    return reportError(error, wantsJson(args))
  }
}

/** Known before parsing, because a parse error must be JSON too. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).includes('--json')
}

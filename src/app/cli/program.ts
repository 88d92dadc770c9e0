/** argv -> command -> exit code. Each command stands in a file of its own below `commands/`. */
import { Command, CommanderError } from 'commander'
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
  for (const register of await registrationsFor(args)) register(program)
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

type Register = (program: Command) => void

/** Only the module of the command at hand is loaded: `status` starts in a fraction of what viem alone takes. */
async function registrationsFor(args: readonly string[]): Promise<Register[]> {
  const group = GROUPS.find(({ names }) => names.includes(args[0]))
  return Promise.all((group === undefined ? GROUPS : [group]).map(({ load }) => load()))
}

/** In the order of `adit help`. */
const GROUPS: readonly { readonly names: readonly string[]; readonly load: () => Promise<Register> }[] = [
  { names: ['provide', 'stop'], load: async () => (await import('./commands/provide.ts')).registerProvide },
  { names: ['connect', 'disconnect'], load: async () => (await import('./commands/connect.ts')).registerConnect },
  { names: ['status', 'sessions'], load: async () => (await import('./commands/status.ts')).registerStatus },
  { names: ['offers'], load: async () => (await import('./commands/offers.ts')).registerOffers },
  { names: ['wallet'], load: async () => (await import('./commands/wallet.ts')).registerWallet },
  { names: ['stake', 'unstake'], load: async () => (await import('./commands/stake.ts')).registerStake },
  { names: ['withdraw'], load: async () => (await import('./commands/withdraw.ts')).registerWithdraw },
  { names: ['earnings'], load: async () => (await import('./commands/earnings.ts')).registerEarnings },
  { names: ['explain'], load: async () => (await import('./commands/explain.ts')).registerExplain },
  { names: ['watch'], load: async () => (await import('./commands/watch.ts')).registerWatch },
  { names: ['submit', 'sign'], load: async () => (await import('./commands/submit.ts')).registerSubmit },
  { names: ['chain'], load: async () => (await import('./commands/chain.ts')).registerChain },
  { names: ['doctor'], load: async () => (await import('./commands/doctor.ts')).registerDoctor },
  { names: ['config'], load: async () => (await import('./commands/config.ts')).registerConfig },
]

/**
 * The chain's own books, read without Adit's code: balances, events and transactions by plain JSON-RPC.
 * `node ledger.ts RPC DEPLOYMENT ACCOUNT...` prints a `Ledger` (it runs in the chain's host; the demo is outside).
 */
import { readFileSync } from 'node:fs'
import { createPublicClient, getAddress, http, parseAbi, parseEventLogs, type Address, type Hex } from 'viem'

export interface Account {
  /** In the wallet, base units, decimal. */
  readonly tokens: string
  /** Credited in the channel contract, not withdrawn yet. */
  readonly credited: string
}

export interface LedgerEvent {
  readonly name: string
  readonly transaction: Hex
  readonly block: number
  /** Amounts decimal, addresses checksummed. */
  readonly args: Readonly<Record<string, string>>
}

export interface LedgerTransaction {
  readonly hash: Hex
  readonly block: number
  readonly from: Address
  readonly status: 'success' | 'reverted'
  readonly gasUsed: number
  /** Names of the events, in order. */
  readonly events: readonly string[]
}

export interface Ledger {
  readonly block: number
  readonly feeAccount: Address
  /** By checksummed address; the fee account is among them. */
  readonly accounts: Readonly<Record<string, Account>>
  readonly events: readonly LedgerEvent[]
  readonly transactions: readonly LedgerTransaction[]
}

const ABI = parseAbi([
  'event ChannelOpened(bytes32 indexed channel, address indexed payer, address indexed provider, address signer, uint96 deposit, uint40 expiry, uint16 feeBps)',
  'event ChannelToppedUp(bytes32 indexed channel, address indexed from, uint96 added, uint96 deposit, uint40 expiry)',
  'event Claimed(bytes32 indexed channel, uint96 total, uint96 amount, uint96 fee, bytes32 reading)',
  'event CloseStarted(bytes32 indexed channel, address indexed payer, address indexed provider, uint40 closeAt)',
  'event ChannelClosed(bytes32 indexed channel, address indexed payer, address indexed provider, uint96 total, uint96 amount, uint96 fee, uint96 refund)',
  'event Withdrawn(address indexed account, address indexed to, uint256 amount)',
  'event TipPaid(address indexed from, address indexed submitter, uint256 tip)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'function balanceOf(address account) view returns (uint256)',
  'function feeAccount() view returns (address)',
])

export async function readLedger(rpc: string, deploymentFile: string, accounts: readonly string[]): Promise<Ledger> {
  const deployment = JSON.parse(readFileSync(deploymentFile, 'utf8')) as { channels: Address; token: Address }
  const { channels, token } = deployment
  const client = createPublicClient({ transport: http(rpc), cacheTime: 0 })
  const block = Number(await client.getBlockNumber())
  const feeAccount = getAddress(await client.readContract({ address: channels, abi: ABI, functionName: 'feeAccount' }))
  const balance = async (address: Address, account: Address) =>
    String(await client.readContract({ address, abi: ABI, functionName: 'balanceOf', args: [account] }))
  const known = [...new Set([...accounts.map((account) => getAddress(account)), feeAccount])]
  const books = await Promise.all(
    known.map(async (account): Promise<[string, Account]> => {
      return [account, { tokens: await balance(token, account), credited: await balance(channels, account) }]
    }),
  )
  const transactions: LedgerTransaction[] = []
  const events: LedgerEvent[] = []
  for (let number = 1n; number <= BigInt(block); number++) {
    const { transactions: hashes } = await client.getBlock({ blockNumber: number })
    for (const hash of hashes) {
      const receipt = await client.getTransactionReceipt({ hash })
      const parsed = parseEventLogs({ abi: ABI, logs: receipt.logs }).map(({ eventName, args }): LedgerEvent => ({
        name: eventName,
        transaction: hash,
        block: Number(number),
        args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, String(value)])),
      }))
      events.push(...parsed)
      transactions.push({
        hash,
        block: Number(number),
        from: getAddress(receipt.from),
        status: receipt.status,
        gasUsed: Number(receipt.gasUsed),
        events: parsed.map(({ name }) => name),
      })
    }
  }
  return { block, feeAccount, accounts: Object.fromEntries(books), events, transactions }
}

if (process.argv[1] === import.meta.filename) {
  const [rpc = '', deploymentFile = '', ...accounts] = process.argv.slice(2)
  console.log(JSON.stringify(await readLedger(rpc, deploymentFile, accounts)))
}

/** `adit chain`: the embedded chain for trying things out, a process of its own that survives the daemons. */
import { join } from 'node:path'
import type { Command } from 'commander'
import { utf8 } from '#base/bytes.ts'
import { parseHex } from '#base/hex.ts'
import { keccak256 } from '#crypto/keccak.ts'
import { accountOf, openChain, readHead } from '#payment/chain/client.ts'
import { checkDeployment, deployContracts, readDeployment } from '#payment/chain/deploy.ts'
import { embeddedStatus, fundNative, startEmbedded, stopEmbedded } from '#payment/chain/embedded.ts'
import { createSender } from '#payment/chain/sender.ts'
import type { Deployment } from '#payment/chain/types.ts'
import { deploymentPath } from '../../daemon/chain-access.ts'
import { memoryTransactionStore, walletKey } from '../chain-access.ts'
import { openContext, withCommonOptions, type CommonOptions, type Context } from '../context.ts'
import { reportOf, usageError } from '../errors.ts'
import { withProgress } from '../progress.ts'

export function registerChain(program: Command): void {
  const chain = program.command('chain').description('the embedded chain, and the contracts on a chain')
  withCommonOptions(chain.command('start')).description('start the embedded chain').action(start)
  withCommonOptions(chain.command('stop')).description('stop the embedded chain; its state stays').action(stop)
  withCommonOptions(chain.command('deploy'))
    .description('put the contracts on the chain; keeps what stands')
    .option('--token <address>', 'existing 6-decimal stablecoin with permit; needed on a real chain')
    .option('--fee-account <address>', 'who gets the protocol fee; default: the deployer')
    .action(deploy)
  withCommonOptions(chain.command('status')).description('is there a chain, and are the contracts on it').action(status)
}

async function start(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const { embeddedPort, chainId } = context.config().chain
  const chain = await withProgress(context.out.json, 'starting the embedded chain', () =>
    startEmbedded({ directory: directoryOf(context), port: embeddedPort, chainId }, { signal: context.signal }),
  )
  context.out.result(chain, () =>
    context.out.line(
      `chain ${chain.chainId} at ${chain.url}, process ${chain.pid}${chain.started ? '' : ' (ran already)'}`,
    ),
  )
}

async function stop(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const before = embeddedStatus(directoryOf(context))
  await stopEmbedded(directoryOf(context), { signal: context.signal })
  context.out.result({ stopped: before.kind === 'running' }, () =>
    context.out.line(before.kind === 'running' ? 'stopped; its state stays' : 'it was not running'),
  )
}

async function deploy(
  options: CommonOptions & { readonly token?: string; readonly feeAccount?: string },
): Promise<void> {
  const context = openContext(options)
  const config = context.config()
  const wait = { signal: context.signal }
  const address = (name: string, value: string | undefined) =>
    value === undefined ? undefined : (parseHex(value, 20) ?? usageError(name, '0x and 40 hex digits', value))
  const token = address('--token', options.token)
  const feeAccount = address('--fee-account', options.feeAccount)
  const path = config.chain.deployment === '' ? ownDeploymentPath(context) : config.chain.deployment
  const deployment = await withProgress(context.out.json, 'deploying the contracts', async () => {
    const chain = await openChain({ urls: [config.chain.rpcUrl], chainId: config.chain.chainId }, wait)
    const isLocal = token === undefined
    const account = accountOf(isLocal ? LOCAL_DEPLOYER : await walletKey(context))
    if (isLocal) await fundNative(chain, account.address, 10n ** 18n, wait)
    const sender = createSender({ chain, account, store: memoryTransactionStore(), clock: context.clock })
    const fields = { ...(token === undefined ? {} : { token }), ...(feeAccount === undefined ? {} : { feeAccount }) }
    return deployContracts({ chain, sender, path, ...fields }, wait)
  })
  context.out.result({ ...deployment, path }, () => {
    printDeployment(context, deployment)
    context.out.line(`written to ${path}`)
  })
}

async function status(options: CommonOptions): Promise<void> {
  const context = openContext(options)
  const { rpcUrl, chainId } = context.config().chain
  const wait = { signal: context.signal }
  const embedded = embeddedStatus(directoryOf(context))
  const chain = await openChain({ urls: [rpcUrl], chainId }, wait)
  const head = await readHead(chain, wait)
  const path = deploymentPath(context.config(), context.paths)
  const contracts = await contractsAt(path, (deployment) => checkDeployment(chain, deployment, wait))
  const view = {
    embedded,
    url: rpcUrl,
    chainId: chain.chainId,
    block: head.block,
    blockTime: head.timestamp,
    ...contracts,
  }
  context.out.result(view, () => {
    context.out.facts([
      ['chain', `${chain.chainId} at ${rpcUrl}, block ${head.block}`],
      ['embedded', embedded.kind === 'running' ? `running, process ${embedded.pid}` : embedded.kind],
      ['contracts', contracts.problem === null ? path : contracts.problem],
    ])
    if (contracts.deployment !== null) printDeployment(context, contracts.deployment)
  })
}

async function contractsAt(
  path: string,
  check: (deployment: Deployment) => Promise<void>,
): Promise<{ readonly deployment: Deployment | null; readonly problem: string | null }> {
  try {
    const deployment = readDeployment(path)
    await check(deployment)
    return { deployment, problem: null }
  } catch (error) {
    const { code, message } = reportOf(error)
    if (!code.startsWith('deployment-')) throw error
    return { deployment: null, problem: message }
  }
}

function printDeployment({ out }: Context, deployment: Deployment): void {
  out.facts([
    ['token', `${deployment.token}${deployment.testToken ? ' (test money)' : ''}`],
    ['channels', deployment.channels],
    ['registry', deployment.registry],
    ['fee account', deployment.feeAccount],
  ])
}

function directoryOf(context: Context): string {
  const { embeddedState } = context.config().chain
  return embeddedState === '' ? join(context.paths.stateDir, 'chain') : embeddedState
}

function ownDeploymentPath(context: Context): string {
  return join(context.paths.stateDir, 'chain', `${context.config().chain.chainId}.json`)
}

/** No secret: it holds test gas only, and the same key gives the same contract addresses on every fresh local chain. */
const LOCAL_DEPLOYER = keccak256(utf8('adit: deployer of local test chains'))

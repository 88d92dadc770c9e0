/** What stands in the demo's internet and home: web server, name server, the chain's public RPC, the decoy's page. */
import { join } from 'node:path'
import { until, type Host, type LabProcess } from '../netlab/index.ts'
import { CHAIN, WEB, type DemoNetwork } from './network.ts'

export interface Services {
  readonly web: LabProcess
  readonly names: LabProcess
}

export const DECOY_PAGE = 'the household’s printer: nobody outside may read this'

export async function startServices(network: DemoNetwork): Promise<Services> {
  const [web, names] = await Promise.all([
    program(network.web, 'web-server', 'the demo’s web server'),
    program(network.web, 'name-server', WEB.name, WEB.ip4, WEB.ip6),
    program(network.decoy, 'web-server', DECOY_PAGE),
    // The same page on the provider itself: it stands for every local service of a seller.
    program(network.provider, 'web-server', DECOY_PAGE),
    program(network.chain, 'rpc-gateway', CHAIN.ip4, String(CHAIN.port)),
  ])
  return { web, names }
}

async function program(host: Host, name: string, ...args: string[]): Promise<LabProcess> {
  const started = host.start(name, ['node', join(import.meta.dirname, `${name}.ts`), ...args])
  await until(`${name} on ${host.name}`, () => {
    if (!started.running()) throw new Error(`${name} on ${host.name} ended: ${started.log()}`)
    return started.log().includes('ready')
  })
  return started
}

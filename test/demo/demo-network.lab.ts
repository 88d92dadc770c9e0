// about: the demo's network without Adit: both families reach the web server, the homes stay closed
// needs: nftables iproute2 curl
import { CaseFailed, openLab, runLab, until, type Figures } from '../netlab/index.ts'
import { buildNetwork, CONSUMER, CONTROL_PORT, DECOY, FORBIDDEN, PROVIDER } from './network.ts'
import { startServices } from './services.ts'
import { answers, download, sourceSeen, upload } from './traffic.ts'

const LISTEN = `require('net').createServer().listen(${CONTROL_PORT}, '::')`

await runLab({ name: 'demo-network', needs: 'namespaces', cases: [{ name: 'plain routing', run: plainRouting }] })

async function plainRouting(signal: AbortSignal): Promise<Figures> {
  const started = Date.now()
  await using lab = await openLab('demo-network', { tun: false })
  const network = await buildNetwork(lab)
  const services = await startServices(network)
  const builtMs = Date.now() - started
  const { consumer, provider, web } = network

  const seen = [await sourceSeen(consumer, 4), await sourceSeen(consumer, 6), await sourceSeen(provider, 4)]
  expect(seen.join() === [CONSUMER.ip4, CONSUMER.ip6, PROVIDER.ip4].join(), 'sources', { seen: seen.join() })
  expect(services.names.log().includes(`${CONSUMER.ip4} asks web.example`), 'the name server is asked', {})

  const atHome = [await answers(provider, DECOY.ip4), await answers(provider, DECOY.ip6)]
  expect(atHome.every(Boolean), 'the decoy answers at home', { atHome: atHome.join() })
  const outside = FORBIDDEN.filter((address) => address !== '::1' && address !== '127.0.0.1')
  const reached = await Promise.all(outside.map(async (address) => (await answers(web, address)) && address))
  expect(!reached.some(Boolean), 'the home is closed', { reached: reached.filter(Boolean).join() })
  const listener = provider.start('listener', ['node', '-e', LISTEN])
  const probe = (address: string) => `require('net').connect(${CONTROL_PORT}, '${address}').setTimeout(1000)
    .on('timeout', () => process.exit(1)).on('error', () => process.exit(1)).on('connect', () => process.exit(0))`
  for (const address of [PROVIDER.ip4, PROVIDER.ip6]) {
    const connects = async () => (await consumer.exec(['node', '-e', probe(address)])).code === 0
    await until(`the forwarded port of ${address}`, connects, { signal })
  }
  await listener.stop()

  const moved = [await download(consumer, 4, 8 << 20, signal), await download(consumer, 6, 8 << 20, signal)]
  moved.push(await upload(consumer, 4, 1 << 20, signal), await upload(consumer, 6, 1 << 20, signal))
  expect(
    moved.every(({ sha256Matches }) => sha256Matches),
    'every byte is right',
    { moved: JSON.stringify(moved) },
  )
  return { builtMs, sources: seen.join(), downloaded: moved[0].bytes + moved[1].bytes }
}

function expect(holds: boolean, what: string, figures: Figures): void {
  if (!holds) throw new CaseFailed(what, figures)
}

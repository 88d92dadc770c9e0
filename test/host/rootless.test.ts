/** The same exit inside a user and network namespace of an ordinary user: `unshare -Urnm`. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { viewForNobody } from '../netlab/view.ts'
import { Lab, Program, skipWithoutRoot } from './lab.ts'

const NOBODY = '65534'
const NEIGHBOURHOOD = [
  'ip link set lo up',
  'ip link add up0 type veth peer name far0',
  'ip link add tun0 type bridge',
  'ip link set up0 up',
  'ip link set far0 up',
  'ip address add 192.168.7.2/24 dev up0',
  'ip address add 2001:db8:7::2/64 dev up0 nodad',
  'ip route add default via 192.168.7.1',
  'ip -6 route add default via 2001:db8:7::1 dev up0',
].join(' && ')

test('exit inside a user namespace', { skip: skipWithoutRoot }, async () => {
  await using lab = new Lab()
  chmodSync(lab.folder, 0o777)
  using view = viewForNobody()
  const agent = view.path(join(import.meta.dirname, 'agent.ts'))
  const command = `${NEIGHBOURHOOD} && exec '${view.path(process.execPath)}' '${agent}'`
  const user = [
    'setpriv',
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    'unshare',
    '-Urnm',
    'sh',
    '-c',
    command,
  ]
  const child = spawn('unshare', ['--mount', 'sh', '-ec', `${view.prepare}; exec "$@"`, 'sh', ...user], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, HOME: lab.folder },
  })
  const program = new Program(child)
  const journal = join(lab.folder, 'exit.journal')
  const opened = await program.ask({ do: 'openExit', journal, tun: 'tun0', refused: ['203.0.113.4'] })
  assert.deepEqual(opened['uplink'], { device4: 'up0', device6: 'up0' }, JSON.stringify(opened))
  const added = await program.ask({ do: 'add', address4: '198.18.5.5', address6: '2001:2::5' })
  assert.deepEqual(added['block'], { first: 2048, last: 2559 }, JSON.stringify(added))
  for (const request of [{ do: 'remove', address4: '198.18.5.5', address6: '2001:2::5' }, { do: 'closeExit' }]) {
    const answer = await program.ask(request)
    assert.equal(answer['ok'], true, JSON.stringify(answer))
  }
  await program.kill()
})

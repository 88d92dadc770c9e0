/** A program with a lab that the `netlab` lab kills: it has a daemon, and that has a child which detached itself. */
import { openLab } from './index.ts'

const lab = await openLab('victim', { tun: false })
const host = await lab.addHost('victim')
const daemon = host.start('daemon', ['sh', '-c', 'setsid sleep 300 & echo ready; sleep 300'])
while (!daemon.log().includes('ready')) await new Promise((resolve) => setTimeout(resolve, 5))
console.log(lab.id)
setInterval(() => undefined, 1000)

/** Ports that sockets of this network namespace hold. */
import { existsSync, readFileSync } from 'node:fs'

/** Local ports of every TCP and UDP socket, in any state. */
export function readLocalPorts(): ReadonlySet<number> {
  const ports = new Set<number>()
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6', 'udplite', 'udplite6']) {
    const path = `/proc/self/net/${table}`
    if (!existsSync(path)) continue
    for (const line of readFileSync(path, 'utf8').split('\n').slice(1)) {
      // `  0: 0100007F:1F90 00000000:0000 0A ...`: the port is hexadecimal.
      const local = line.trim().split(/\s+/, 2).at(1)
      if (local !== undefined) ports.add(parseInt(local.slice(local.lastIndexOf(':') + 1), 16))
    }
  }
  return ports
}

/**
 * The data socket: one UDP socket for IPv4 and IPv6 (an IPv4 address appears as `::ffff:a.b.c.d`, RFC 4291 §2.5.5.2);
 * IPv4 alone where the kernel has no IPv6. "Don't fragment" is set in both families: the tunnel's MTU is ours to keep.
 */
import { AditError } from '#base/errors.ts'
import { u16be } from '#base/bytes.ts'
import { ERRNO } from './errno.ts'
import {
  bind,
  close,
  errno,
  getsockname,
  NativeMemory,
  setsockopt,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  socket,
  systemError,
} from './libc.ts'
import { AF_INET, AF_INET6, emitSockaddr, SOCKADDR, SOCKADDR_BYTES, sockaddrLength } from './sockaddr.ts'

const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33
const SO_MARK = 36
const IPPROTO_IP = 0
const IP_MTU_DISCOVER = 10
const IPPROTO_IPV6 = 41
const IPV6_MTU_DISCOVER = 23
const IPV6_V6ONLY = 26
/** Sets DF, and refuses (EMSGSIZE) what the kernel knows to be too big for the path. */
const PMTUDISC_DO = 2
/** About 25 ms at 1 Gbit/s: room for a burst, not for a standing queue. */
const BUFFER_BYTES = 4 << 20

export interface UdpOptions {
  /** 0 chooses a free port. */
  readonly port: number
  /** SO_MARK; 0 sets none (it needs CAP_NET_ADMIN). */
  readonly mark: number
}

export class UdpSocket implements Disposable {
  readonly fd: number
  readonly port: number
  /** 6: dual stack, addresses are `sockaddr_in6`. 4: the kernel has no IPv6, they are `sockaddr_in`. */
  readonly family: 4 | 6
  #closed = false

  constructor(fd: number, port: number, family: 4 | 6) {
    this.fd = fd
    this.port = port
    this.family = family
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    close(this.fd)
  }
}

/** Throws `AditError`: `udp-open`, `udp-port` (in use), `udp-mark`. */
export function openUdp(options: UdpOptions): UdpSocket {
  const dual = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
  const family = dual >= 0 ? 6 : 4
  const fd = dual >= 0 ? dual : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
  if (fd < 0) throw new AditError('udp-open', systemError('UDP socket', errno()).message)
  try {
    using memory = new NativeMemory(64)
    if (family === 6) set(fd, memory, IPPROTO_IPV6, IPV6_V6ONLY, 0, 'IPV6_V6ONLY')
    set(fd, memory, IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DO, 'IP_MTU_DISCOVER')
    if (family === 6) set(fd, memory, IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO, 'IPV6_MTU_DISCOVER')
    if (options.mark !== 0) setMark(fd, memory, options.mark)
    setBuffers(fd, memory)
    return new UdpSocket(fd, bindPort(fd, memory, options.port, family), family)
  } catch (cause) {
    close(fd)
    throw cause
  }
}

function set(fd: number, memory: NativeMemory, level: number, name: number, value: number, what: string): void {
  memory.view.setInt32(0, value, true)
  if (setsockopt(fd, level, name, memory.address, 4) < 0) throw systemError(what, errno())
}

function setMark(fd: number, memory: NativeMemory, mark: number): void {
  memory.view.setUint32(0, mark, true)
  if (setsockopt(fd, SOL_SOCKET, SO_MARK, memory.address, 4) < 0) {
    throw new AditError('udp-mark', systemError('SO_MARK', errno()).message, { remedy: 'run with CAP_NET_ADMIN' })
  }
}

/** The FORCE forms pass the system's limits but need CAP_NET_ADMIN; without it the limits hold. */
function setBuffers(fd: number, memory: NativeMemory): void {
  memory.view.setInt32(0, BUFFER_BYTES, true)
  for (const [force, plain] of [
    [SO_RCVBUFFORCE, SO_RCVBUF],
    [SO_SNDBUFFORCE, SO_SNDBUF],
  ]) {
    if (setsockopt(fd, SOL_SOCKET, force, memory.address, 4) < 0) setsockopt(fd, SOL_SOCKET, plain, memory.address, 4)
  }
}

function bindPort(fd: number, memory: NativeMemory, port: number, family: 4 | 6): number {
  emitSockaddr(memory.bytes, 0, family === 6 ? '::' : '0.0.0.0', port, family)
  if (bind(fd, memory.address, sockaddrLength(family)) < 0) {
    const code = errno()
    throw new AditError('udp-port', systemError(`UDP port ${port}`, code).message, {
      remedy: 'choose another port, or 0 for any',
      fields: { port, errno: code, inUse: code === ERRNO.addressInUse },
    })
  }
  memory.view.setUint32(SOCKADDR_BYTES, SOCKADDR_BYTES, true)
  if (getsockname(fd, memory.address, memory.address + SOCKADDR_BYTES) < 0) throw systemError('getsockname', errno())
  return u16be(memory.bytes, SOCKADDR.port)
}

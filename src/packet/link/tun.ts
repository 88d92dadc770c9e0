/** A TUN device: layer 3, IPv4 and IPv6, without packet information, non-blocking (Linux, Documentation/networking/tuntap). */
import { AditError } from '#base/errors.ts'
import { utf8 } from '#base/bytes.ts'
import { ERRNO } from './errno.ts'
import {
  close,
  errno,
  ioctl,
  NativeMemory,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  open,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  socket,
  systemError,
} from './libc.ts'
import { AF_INET } from './sockaddr.ts'

/** `_IOW('T', 202, int)`; the encoding is the same on x86-64 and arm64. */
const TUNSETIFF = 0x4004_54ca
const SIOCSIFMTU = 0x8922
const IFF_TUN = 0x0001
const IFF_NO_PI = 0x1000
/** `struct ifreq`: 16 bytes of name, then a union of 24 bytes. */
const IFREQ = { name: 0, flags: 16, mtu: 16, bytes: 40 } as const
const MAX_NAME_BYTES = 15

/** Owns the descriptor; the kernel removes the interface when it is closed. */
export class TunDevice implements Disposable {
  readonly fd: number
  readonly name: string
  readonly mtu: number
  #closed = false

  constructor(fd: number, name: string, mtu: number) {
    this.fd = fd
    this.name = name
    this.mtu = mtu
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    close(this.fd)
  }
}

/**
 * Creates the interface and sets its MTU; addresses, routes and "up" are the host's business (`src/host`). `%d` in the
 * name lets the kernel number it. Throws `AditError`: `tun-name`, `tun-open` (no device node or no right), `tun-busy`.
 */
export function openTun(name: string, mtu: number): TunDevice {
  const encoded = utf8(name)
  if (encoded.length === 0 || encoded.length > MAX_NAME_BYTES) {
    throw new AditError('tun-name', `TUN name: expected 1 to ${MAX_NAME_BYTES} bytes, got ${encoded.length}`)
  }
  const fd = open('/dev/net/tun', O_RDWR | O_CLOEXEC | O_NONBLOCK)
  if (fd < 0) throw tunOpenError('/dev/net/tun', errno())
  try {
    using request = new NativeMemory(IFREQ.bytes)
    request.bytes.set(encoded, IFREQ.name)
    request.view.setUint16(IFREQ.flags, IFF_TUN | IFF_NO_PI, true)
    if (ioctl(fd, TUNSETIFF, 'uintptr_t', request.address) < 0) throw tunOpenError(name, errno())
    const actual = nameAt(request.bytes)
    setMtu(request, mtu)
    return new TunDevice(fd, actual, mtu)
  } catch (cause) {
    close(fd)
    throw cause
  }
}

function setMtu(request: NativeMemory, mtu: number): void {
  const control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (control < 0) throw systemError('socket', errno())
  try {
    request.view.setInt32(IFREQ.mtu, mtu, true)
    if (ioctl(control, SIOCSIFMTU, 'uintptr_t', request.address) < 0) throw systemError(`MTU ${mtu}`, errno())
  } finally {
    close(control)
  }
}

function nameAt(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(bytes.subarray(0, end))
}

function tunOpenError(what: string, code: number): AditError {
  if (code === ERRNO.perm || code === ERRNO.access) {
    return new AditError('tun-open', `TUN device ${what}: not permitted`, {
      remedy: 'run as root, or with CAP_NET_ADMIN and a /dev/net/tun that is open to this user',
      fields: { errno: code },
    })
  }
  if (code === ERRNO.busy) {
    return new AditError('tun-busy', `TUN device ${what}: the name is in use by another process`, {
      remedy: 'stop the other process or choose another name',
    })
  }
  return new AditError('tun-open', `TUN device ${what}: ${systemError('', code).message.slice(2)}`, {
    remedy: 'load the kernel module `tun`, or bind-mount /dev/net/tun',
    fields: { errno: code },
  })
}

/**
 * The calls into libc that the links and the engine need, through koffi. Pointers are plain numbers (`uintptr_t`): user
 * addresses stay below 2^53, and a number costs no allocation where a BigInt does (120 against 148 ns per call).
 *
 * `load(null)` resolves in the running process, so the same code runs with glibc and with musl. Structures are written
 * by hand with the offsets below: the kernel's 64-bit ABI, equal on x86-64 and arm64. musl declares `msg_iovlen` and
 * `msg_controllen` as 32 bits and a padding word; on these little-endian machines that is the same eight bytes.
 */
import { arch, endianness, platform } from 'node:os'
import koffi from 'koffi'
import { AditError } from '#base/errors.ts'

if (platform() !== 'linux' || endianness() !== 'LE' || !['x64', 'arm64'].includes(arch())) {
  throw new AditError('link-platform', `packet links: expected Linux on x64 or arm64, got ${platform()} on ${arch()}`, {
    remedy: 'run Adit on 64-bit Linux',
  })
}

const process_ = koffi.load(null)

function call(name: string, result: string, parameters: readonly string[]): (...values: number[]) => number {
  return process_.func(name, result, [...parameters]) as (...values: number[]) => number
}

const POINTER = 'uintptr_t'
export const malloc = call('malloc', POINTER, ['size_t'])
export const free = call('free', 'void', [POINTER])
export const close = call('close', 'int', ['int'])
export const poll = call('poll', 'int', [POINTER, 'unsigned long', 'int'])
export const read = call('read', 'intptr_t', ['int', POINTER, 'size_t'])
export const write = call('write', 'intptr_t', ['int', POINTER, 'size_t'])
export const recvmmsg = call('recvmmsg', 'int', ['int', POINTER, 'unsigned int', 'int', POINTER])
export const sendmmsg = call('sendmmsg', 'int', ['int', POINTER, 'unsigned int', 'int'])
export const socket = call('socket', 'int', ['int', 'int', 'int'])
export const bind = call('bind', 'int', ['int', POINTER, 'uint32_t'])
export const getsockname = call('getsockname', 'int', ['int', POINTER, POINTER])
export const setsockopt = call('setsockopt', 'int', ['int', 'int', 'int', POINTER, 'uint32_t'])
export const eventfd = call('eventfd', 'int', ['unsigned int', 'int'])
const openPath = process_.func('open', 'int', ['str', 'int']) as (path: string, flags: number) => number
/** ioctl is variadic; on both machines a pointer as third argument is passed like a fixed one. */
export const ioctl = process_.func('int ioctl(int fd, unsigned long request, ...)') as (
  fd: number,
  request: number,
  type: 'uintptr_t',
  argument: number,
) => number

/** The error number of the last call on this thread. */
export function errno(): number {
  return koffi.errno()
}

/** `E...` of an error number, for messages. */
export function errorName(code: number): string {
  return Object.entries(koffi.os.errno).find(([, value]) => value === code)?.[0] ?? `errno ${code}`
}

export function open(path: string, flags: number): number {
  return openPath(path, flags)
}

/** Memory outside the garbage collector, so that its address stays: freed with `Symbol.dispose`. */
export class NativeMemory implements Disposable {
  readonly address: number
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly view: DataView<ArrayBuffer>
  #freed = false

  constructor(length: number) {
    this.address = malloc(length)
    if (this.address === 0) throw new AditError('link-memory', `malloc: expected ${length} bytes, got none`)
    this.bytes = new Uint8Array(koffi.view(BigInt(this.address), length))
    this.view = new DataView(this.bytes.buffer)
    this.bytes.fill(0)
  }

  /** Nothing may use the views afterwards. */
  [Symbol.dispose](): void {
    if (this.#freed) return
    this.#freed = true
    this.bytes.fill(0)
    free(this.address)
  }
}

/** Throws what a failed call means: `what` is the call or the object, `remedy` what a person can do. */
export function systemError(what: string, code: number, remedy = ''): AditError {
  return new AditError('link-system', `${what}: ${errorName(code)}`, { remedy, fields: { errno: code } })
}

export const SOCK_DGRAM = 2
export const SOCK_CLOEXEC = 0o2000000
export const SOCK_NONBLOCK = 0o4000
export const O_RDWR = 2
export const O_CLOEXEC = 0o2000000
export const O_NONBLOCK = 0o4000
export const EFD_CLOEXEC = 0o2000000
export const EFD_NONBLOCK = 0o4000
export const MSG_DONTWAIT = 0x40
export const MSG_TRUNC = 0x20
export const POLLIN = 1
export const POLLOUT = 4
export const POLLERR = 8
export const POLLHUP = 16
export const POLLNVAL = 32

/** `struct pollfd`. */
export const POLLFD = { fd: 0, events: 4, revents: 6, bytes: 8 } as const
/** `struct iovec`. */
export const IOVEC = { base: 0, length: 8, bytes: 16 } as const
/** `struct mmsghdr`: a `struct msghdr` of 56 bytes, the transferred length, 4 bytes of padding. */
export const MMSGHDR = {
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
  bytes: 64,
} as const

/** An eventfd: one thread wakes another that sits in `poll`. */
import { close, EFD_CLOEXEC, EFD_NONBLOCK, errno, eventfd, NativeMemory, read, systemError, write } from './libc.ts'

export class WakeEvent implements Disposable {
  readonly fd: number
  readonly #word: NativeMemory
  readonly #owned: boolean
  #closed = false

  /** Without `fd` a new one is made and closed with this object; with it, an existing one is borrowed. */
  constructor(fd?: number) {
    this.#owned = fd === undefined
    this.fd = fd ?? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)
    if (this.fd < 0) throw systemError('eventfd', errno())
    this.#word = new NativeMemory(16)
    this.#word.view.setBigUint64(0, 1n, true)
  }

  wake(): void {
    if (!this.#closed) write(this.fd, this.#word.address, 8)
  }

  /** Makes it wait again. */
  clear(): void {
    read(this.fd, this.#word.address + 8, 8)
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    this.#word[Symbol.dispose]()
    if (this.#owned) close(this.fd)
  }
}

/**
 * Signs and verifies vouchers on a thread of its own: one recovery takes 2 ms or more, four a second for each session,
 * and neither the engine nor the control API may wait for it. One message holds all that came in a turn of the loop.
 */
import { Worker } from 'node:worker_threads'
import { AditError } from '#base/errors.ts'
import type { Address } from '#base/hex.ts'
import type { VoucherCrypto } from '#payment/channel/signer.ts'

export interface VoucherWorkerOptions {
  /** 32 bytes: the channel's signer (consumer). Left out, nothing can be signed (provider). The worker gets a copy. */
  readonly privateKey?: Uint8Array
  /** Jobs under way at once; beyond it a call is refused with `voucher-queue-full`. */
  readonly queueLimit?: number
}

export type VoucherJob =
  | { readonly kind: 'sign'; readonly id: number; readonly digest: Uint8Array }
  | {
      readonly kind: 'verify'
      readonly id: number
      readonly digest: Uint8Array
      readonly signature: Uint8Array
      readonly signer: Address
    }

export type VoucherAnswer =
  { readonly id: number; readonly result: Uint8Array | boolean } | { readonly id: number; readonly error: string }

/** `voucher-queue-full`, `voucher-worker-failed` and `voucher-worker-closed` reject the call; the session then stops. */
export function openVoucherWorker(options: VoucherWorkerOptions = {}): VoucherCrypto & AsyncDisposable {
  const limit = options.queueLimit ?? QUEUE_LIMIT
  const worker = new Worker(new URL('./voucher-thread.ts', import.meta.url), {
    workerData: { privateKey: options.privateKey },
    name: 'voucher',
  })
  const waiting = new Map<number, PromiseWithResolvers<Uint8Array | boolean>>()
  let failure: AditError | undefined
  let batch: VoucherJob[] = []
  let nextId = 1
  // A daemon that ends must not be held by an idle worker; while a job is under way it is.
  worker.unref()

  worker.on('message', (answers: readonly VoucherAnswer[]) => {
    for (const answer of answers) {
      const promise = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('result' in answer) promise?.resolve(answer.result)
      else promise?.reject(new AditError('voucher-worker-failed', answer.error))
    }
    if (waiting.size === 0) worker.unref()
  })
  worker.on('error', (cause) =>
    fail(new AditError('voucher-worker-failed', 'the voucher thread broke down', { cause })),
  )
  worker.on('exit', () => fail(new AditError('voucher-worker-closed', 'the voucher thread has ended')))

  return {
    sign: async (digest) => (await request((id) => ({ kind: 'sign', id, digest }))) as Uint8Array,
    verify: async (digest, signature, signer) =>
      (await request((id) => ({ kind: 'verify', id, digest, signature, signer }))) as boolean,
    [Symbol.asyncDispose]: async () => {
      await worker.terminate()
    },
  }

  function request(jobOf: (id: number) => VoucherJob): Promise<Uint8Array | boolean> {
    if (failure !== undefined) return Promise.reject(failure)
    if (waiting.size >= limit) {
      return Promise.reject(
        new AditError('voucher-queue-full', `vouchers: expected at most ${limit} under way`, {
          remedy: 'this machine is too slow for so many sessions: lower the number of sessions',
        }),
      )
    }
    const id = nextId++
    const promise = Promise.withResolvers<Uint8Array | boolean>()
    if (waiting.size === 0) worker.ref()
    waiting.set(id, promise)
    if (batch.push(jobOf(id)) === 1) queueMicrotask(flush)
    return promise.promise
  }

  function flush(): void {
    worker.postMessage(batch)
    batch = []
  }

  function fail(error: AditError): void {
    failure ??= error
    for (const promise of waiting.values()) promise.reject(failure)
    waiting.clear()
  }
}

/** A provider with 1,000 sessions that all send at once. */
const QUEUE_LIMIT = 1_024

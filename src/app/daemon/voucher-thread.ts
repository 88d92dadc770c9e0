/** The thread behind `voucher-worker.ts`: takes batches of jobs, answers each batch with one message. */
import { parentPort, workerData } from 'node:worker_threads'
import { bytesOf } from '#base/hex.ts'
import { signDigest, verifyDigest } from '#crypto/secp256k1.ts'
import type { VoucherAnswer, VoucherJob } from './voucher-worker.ts'

const { privateKey } = workerData as { readonly privateKey: Uint8Array | undefined }

parentPort?.on('message', (jobs: readonly VoucherJob[]) => parentPort?.postMessage(jobs.map(answer)))

function answer(job: VoucherJob): VoucherAnswer {
  try {
    if (job.kind === 'verify') {
      return { id: job.id, result: verifyDigest(job.digest, job.signature, bytesOf(job.signer)) }
    }
    if (privateKey === undefined) return { id: job.id, error: 'this voucher thread has no key to sign with' }
    return { id: job.id, result: signDigest(privateKey, job.digest) }
  } catch (error) {
    // A digest or address of a wrong length is a mistake of the caller: it gets it back.
    return { id: job.id, error: error instanceof Error ? error.message : 'unknown' }
  }
}

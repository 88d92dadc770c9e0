/** One GET of a signed offer: no redirects, no keep-alive, a hard limit on bytes and time. */
import { request } from 'node:http'
import { err, ok, type Result } from '#base/result.ts'
import type { Millis } from '#base/clock.ts'
import { MAX_OFFER_BYTES, type Refusal } from './constants.ts'

export type FetchFailure = Extract<Refusal, `fetch-${string}`>

export type FetchOffer = (address: string, signal: AbortSignal) => Promise<Result<Uint8Array, FetchFailure>>

export const OFFER_PATH = '/v1/offer'

/** Asks `address` (`host:port`). Nothing that the other side sends makes it throw or wait longer than `timeoutMs`. */
export function fetchOfferWithin(timeoutMs: Millis): FetchOffer {
  return (address, signal) =>
    new Promise((resolve) => {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const failure = (): FetchFailure => (limited.aborted ? 'fetch-timeout' : 'fetch-unreachable')
      const url = `http://${address}${OFFER_PATH}`
      if (!URL.canParse(url)) {
        resolve(err('fetch-unreachable'))
        return
      }
      const outgoing = request(url, { agent: false, signal: limited, maxHeaderSize: MAX_HEADER_BYTES }, (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('error', () => resolve(err(failure())))
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          chunks.push(chunk)
          if (size <= MAX_OFFER_BYTES) return
          resolve(err('fetch-size'))
          outgoing.destroy()
        })
        response.on('end', () => resolve(ok(new Uint8Array(Buffer.concat(chunks)))))
        if (response.statusCode === 200) return
        resolve(err('fetch-status'))
        outgoing.destroy()
      })
      outgoing.on('error', () => resolve(err(failure())))
      outgoing.end()
    })
}

const MAX_HEADER_BYTES = 8192

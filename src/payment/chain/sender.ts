/**
 * Sends transactions of one account. Nonces are given out in one place; a transaction is signed and stored before it is
 * sent, under a key that names the intention, so that a crash or a repeated call continues it and never sends a second.
 * What is not included gets sent again, then replaced under the same nonce with higher fees.
 */
import { keccak256, type TransactionReceipt } from 'viem'
import type { Clock, Millis } from '#base/clock.ts'
import { AditError } from '#base/errors.ts'
import { SILENT_LOG, type Log } from '#base/log.ts'
import {
  checkChainId,
  pause,
  readNativeBalance,
  reading,
  type Chain,
  type ChainAccount,
  type WaitOptions,
} from './client.ts'
import { insufficientFunds, isTransient, revertedError } from './errors.ts'
import { nextFees, suggestedFees, type Fees } from './fees.ts'
import type { Address, Hex } from './types.ts'

/** JSON as it is stored: amounts as decimal strings. */
export interface TransactionRecord {
  /** `<chainId>:<account>:<key of the caller>`. */
  readonly key: string
  readonly chainId: number
  readonly account: Address
  readonly nonce: number
  readonly to: Address | null
  readonly data: Hex
  readonly value: string
  readonly gas: string
  readonly maxFeePerGas: string
  readonly maxPriorityFeePerGas: string
  /** The newest signed form. */
  readonly raw: Hex
  /** Hashes of all signed forms, newest last: any of them may be included. */
  readonly hashes: readonly Hex[]
  readonly state: 'pending' | 'mined' | 'reverted'
}

/** Synchronous, and durable when `put` returns (`node:sqlite` with `synchronous=FULL`). */
export interface TransactionStore {
  /** Inserts, or replaces the record of the same key. */
  put(record: TransactionRecord): void
  byKey(key: string): TransactionRecord | undefined
  /** Records of the account in state `pending`. */
  pending(account: Address): readonly TransactionRecord[]
}

export interface TransactionRequest {
  /** Names the intention: the same key is the same transaction, also after a crash. */
  readonly key: string
  /** Null: creates a contract. */
  readonly to: Address | null
  readonly data: Hex
  /** Wei. */
  readonly value?: bigint
}

export interface RawLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly block: number
  readonly blockHash: Hex
  readonly transaction: Hex
  readonly logIndex: number
}

export interface Receipt {
  readonly hash: Hex
  readonly block: number
  readonly blockHash: Hex
  readonly gasUsed: bigint
  /** Wei: what the transaction cost its sender. */
  readonly gasCost: bigint
  readonly contractAddress: Address | undefined
  readonly logs: readonly RawLog[]
}

export interface SenderOptions {
  readonly chain: Chain
  readonly account: ChainAccount
  readonly store: TransactionStore
  readonly clock: Clock
  readonly log?: Log
  /** Blocks that contain or follow the transaction before it counts. Default 1: inclusion. */
  readonly confirmations?: number
  readonly timing?: Partial<SenderTiming>
}

export interface SenderTiming {
  readonly pollMs: Millis
  readonly resendMs: Millis
  readonly replaceMs: Millis
  /** After this `nonce-stuck`; the record stays and a repeated `send` goes on with it. */
  readonly giveUpMs: Millis
}

export interface Sender {
  readonly address: Address
  /** Whose transactions these are; also signs permits. */
  readonly account: ChainAccount
  /** Resolves when the transaction is confirmed. Throws `reverted:<error>`, `insufficient-funds`, `nonce-stuck`. */
  send(request: TransactionRequest, options?: WaitOptions): Promise<Receipt>
  /** After a start: waits for what was under way. Transactions that reverted are recorded and left out. */
  resume(options?: WaitOptions): Promise<readonly Receipt[]>
}

export function createSender(options: SenderOptions): Sender {
  return new AccountSender(options)
}

class AccountSender implements Sender {
  readonly address: Address
  readonly account: ChainAccount
  readonly #options: SenderOptions
  readonly #log: Log
  readonly #timing: SenderTiming
  /** Signing and the first broadcast run one after the other: this is the one place where nonces are given out. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: SenderOptions) {
    this.account = options.account
    this.address = options.account.address
    this.#options = options
    this.#log = options.log ?? SILENT_LOG
    this.#timing = { ...DEFAULT_TIMING, ...options.timing }
  }

  async send(request: TransactionRequest, options: WaitOptions = {}): Promise<Receipt> {
    const record = await this.#inTurn(() => this.#startOnce(request, options))
    return this.#follow(record, options)
  }

  async resume(options: WaitOptions = {}): Promise<readonly Receipt[]> {
    const receipts: Receipt[] = []
    const mine = this.#options.store.pending(this.address).filter((one) => one.chainId === this.#options.chain.chainId)
    for (const record of mine.toSorted((left, right) => left.nonce - right.nonce)) {
      try {
        await this.#broadcast(record, options)
        receipts.push(await this.#follow(record, options))
      } catch (error) {
        if (!(error instanceof AditError) || !error.code.startsWith('reverted:')) throw error
        this.#log.warn({ key: record.key, code: error.code }, 'a resumed transaction was refused')
      }
    }
    return receipts
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #startOnce(request: TransactionRequest, options: WaitOptions): Promise<TransactionRecord> {
    const { chain, store } = this.#options
    const key = `${chain.chainId}:${this.address}:${request.key}`
    const known = store.byKey(key)
    if (known !== undefined && known.state !== 'reverted') return known

    await checkChainId(chain, options)
    const value = request.value ?? 0n
    const gas = await this.#estimateGas(request, value, options)
    const fees = await suggestedFees(chain, options)
    // Refused here, before a nonce is used: a transaction that nobody takes would block all later ones.
    const balance = await readNativeBalance(chain, this.address, options)
    if (balance < gas * fees.maxFeePerGas + value) throw insufficientFunds(request.key)
    const nonce = await this.#nextNonce(options)
    const record = await this.#sign({
      key,
      chainId: chain.chainId,
      account: this.address,
      nonce,
      to: request.to,
      data: request.data,
      value: value.toString(),
      gas: gas.toString(),
      ...feeFields(fees),
      hashes: [],
      state: 'pending',
    })
    store.put(record)
    await this.#broadcast(record, options)
    return record
  }

  /** The contract's refusal shows here, before a nonce is used. */
  async #estimateGas(request: TransactionRequest, value: bigint, options: WaitOptions): Promise<bigint> {
    const { client } = this.#options.chain
    const estimated = await reading(request.key, options, () =>
      client.estimateGas({
        account: this.address,
        ...(request.to === null ? {} : { to: request.to }),
        data: request.data,
        value,
      }),
    )
    return estimated + (estimated * GAS_MARGIN_PERCENT) / 100n
  }

  /** The node's count covers what other programs sent for this account; the store covers what a crash kept from it. */
  async #nextNonce(options: WaitOptions): Promise<number> {
    const { chain, store } = this.#options
    let nonce = await reading('nonce', options, () =>
      chain.client.getTransactionCount({ address: this.address, blockTag: 'pending' }),
    )
    const taken = new Set(store.pending(this.address).map((record) => record.nonce))
    while (taken.has(nonce)) nonce++
    return nonce
  }

  async #sign(record: Omit<TransactionRecord, 'raw'>): Promise<TransactionRecord> {
    const raw = await this.#options.account.signTransaction({
      type: 'eip1559',
      chainId: record.chainId,
      nonce: record.nonce,
      ...(record.to === null ? {} : { to: record.to }),
      data: record.data,
      value: BigInt(record.value),
      gas: BigInt(record.gas),
      maxFeePerGas: BigInt(record.maxFeePerGas),
      maxPriorityFeePerGas: BigInt(record.maxPriorityFeePerGas),
    })
    return { ...record, raw, hashes: [...record.hashes, keccak256(raw)] }
  }

  /** Hands the stored bytes to the node. Answers that say "have it" or "no longer needed" are left to `#follow`. */
  async #broadcast(record: TransactionRecord, options: WaitOptions): Promise<void> {
    try {
      await reading(record.key, options, () =>
        this.#options.chain.client.sendRawTransaction({ serializedTransaction: record.raw }),
      )
    } catch (error) {
      if (!(error instanceof AditError)) throw error
      if (error.code === 'insufficient-funds') throw error
      this.#log.debug({ key: record.key, code: error.code }, 'the node did not take a transaction yet')
    }
  }

  /** Waits until one of the signed forms is confirmed; sends again, and replaces with higher fees. */
  async #follow(first: TransactionRecord, options: WaitOptions): Promise<Receipt> {
    const { clock, store } = this.#options
    const startedMs = clock.monotonicMs()
    let record = first
    let sentMs = startedMs
    let signedMs = startedMs
    for (;;) {
      const found = await this.#confirmed(record, options)
      if (found !== undefined) return this.#settle(record, found, options)
      const nowMs = clock.monotonicMs()
      if (nowMs - startedMs > this.#timing.giveUpMs) throw nonceStuck(record)
      if (nowMs - signedMs >= this.#timing.replaceMs) {
        record = await this.#replace(record, options)
        signedMs = sentMs = nowMs
      } else if (nowMs - sentMs >= this.#timing.resendMs) {
        record = await this.#sendAgain(record, options)
        sentMs = nowMs
      }
      const stored = store.byKey(record.key)
      if (stored !== undefined && stored.hashes.length > record.hashes.length) record = stored
      await pause(this.#timing.pollMs, options.signal)
    }
  }

  async #confirmed(record: TransactionRecord, options: WaitOptions): Promise<TransactionReceipt | undefined> {
    const { client } = this.#options.chain
    try {
      for (const hash of record.hashes.toReversed()) {
        const receipt = await receiptOf(this.#options.chain, hash, options)
        if (receipt === undefined) continue
        const wanted = this.#options.confirmations ?? 1
        if (wanted <= 1) return receipt
        const head = await reading('newest block', options, () => client.getBlockNumber({ cacheTime: 0 }))
        return head - receipt.blockNumber + 1n >= BigInt(wanted) ? receipt : undefined
      }
    } catch (error) {
      if (!isTransient(error)) throw error
      this.#log.debug({ key: record.key }, 'the chain does not answer; waiting')
    }
    return undefined
  }

  async #settle(record: TransactionRecord, receipt: TransactionReceipt, options: WaitOptions): Promise<Receipt> {
    const state = receipt.status === 'success' ? 'mined' : 'reverted'
    if (record.state !== state) this.#options.store.put({ ...record, state })
    if (state === 'reverted') throw await this.#whyReverted(record, receipt, options)
    return receiptFrom(receipt)
  }

  /** Receipts carry no reason: the call is repeated on the state before its block. */
  async #whyReverted(record: TransactionRecord, receipt: TransactionReceipt, options: WaitOptions): Promise<AditError> {
    try {
      await reading(record.key, options, () =>
        this.#options.chain.client.call({
          account: this.address,
          ...(record.to === null ? {} : { to: record.to }),
          data: record.data,
          value: BigInt(record.value),
          blockNumber: receipt.blockNumber - 1n,
        }),
      )
    } catch (error) {
      if (error instanceof AditError && error.code.startsWith('reverted:')) return error
    }
    return revertedError(record.key, undefined)
  }

  /** Same bytes again. Where the nonce went to something else, no signed form can be included any more: a new nonce. */
  async #sendAgain(record: TransactionRecord, options: WaitOptions): Promise<TransactionRecord> {
    return this.#inTurn(async () => {
      try {
        if (await this.#nonceIsFree(record, options)) {
          await this.#broadcast(record, options)
          return record
        }
        const receipt = await this.#confirmed(record, options)
        if (receipt !== undefined) return record
        this.#log.warn({ key: record.key, nonce: record.nonce }, 'the nonce was used elsewhere: taking another')
        const nonce = await this.#nextNonce(options)
        return await this.#signAndSend({ ...record, state: 'pending', nonce, hashes: [] }, options)
      } catch (error) {
        if (!isTransient(error)) throw error
        return record
      }
    })
  }

  /**
   * Free: not used up, and not beyond a gap that nothing fills (a chain that lost blocks) unless the node knows the
   * transaction.
   */
  async #nonceIsFree(record: TransactionRecord, options: WaitOptions): Promise<boolean> {
    const { client } = this.#options.chain
    const count = (blockTag: 'latest' | 'pending'): Promise<number> =>
      reading('nonce', options, () => client.getTransactionCount({ address: this.address, blockTag }))
    if ((await count('latest')) > record.nonce) return false
    if ((await count('pending')) >= record.nonce) return true
    const lower = this.#options.store.pending(this.address).some((other) => other.nonce < record.nonce)
    return lower || (await isKnown(this.#options.chain, record.hashes, options))
  }

  async #replace(record: TransactionRecord, options: WaitOptions): Promise<TransactionRecord> {
    return this.#inTurn(async () => {
      try {
        if (!(await this.#nonceIsFree(record, options))) return record
        const previous = {
          maxFeePerGas: BigInt(record.maxFeePerGas),
          maxPriorityFeePerGas: BigInt(record.maxPriorityFeePerGas),
        }
        const fees = nextFees(previous, await suggestedFees(this.#options.chain, options))
        this.#log.info({ key: record.key, nonce: record.nonce }, 'replacing a stuck transaction with higher fees')
        return await this.#signAndSend({ ...record, state: 'pending', ...feeFields(fees) }, options)
      } catch (error) {
        if (!isTransient(error)) throw error
        return record
      }
    })
  }

  async #signAndSend(record: TransactionRecord, options: WaitOptions): Promise<TransactionRecord> {
    const signed = await this.#sign(record)
    this.#options.store.put(signed)
    await this.#broadcast(signed, options)
    return signed
  }
}

async function receiptOf(chain: Chain, hash: Hex, options: WaitOptions): Promise<TransactionReceipt | undefined> {
  return reading('receipt', options, async () => {
    const raw = await chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
    if (raw === null) return undefined
    return chain.client.getTransactionReceipt({ hash })
  })
}

async function isKnown(chain: Chain, hashes: readonly Hex[], options: WaitOptions): Promise<boolean> {
  for (const hash of hashes) {
    const found = await reading('transaction', options, () =>
      chain.client.request({ method: 'eth_getTransactionByHash', params: [hash] }),
    )
    if (found !== null) return true
  }
  return false
}

function receiptFrom(receipt: TransactionReceipt): Receipt {
  return {
    hash: receipt.transactionHash,
    block: Number(receipt.blockNumber),
    blockHash: receipt.blockHash,
    gasUsed: receipt.gasUsed,
    gasCost: receipt.gasUsed * receipt.effectiveGasPrice,
    contractAddress: receipt.contractAddress?.toLowerCase() as Address | undefined,
    logs: receipt.logs.map((log) => ({
      address: log.address.toLowerCase() as Address,
      topics: log.topics,
      data: log.data,
      block: Number(log.blockNumber),
      blockHash: log.blockHash,
      transaction: log.transactionHash,
      logIndex: log.logIndex,
    })),
  }
}

function feeFields(fees: Fees): { maxFeePerGas: string; maxPriorityFeePerGas: string } {
  return { maxFeePerGas: fees.maxFeePerGas.toString(), maxPriorityFeePerGas: fees.maxPriorityFeePerGas.toString() }
}

function nonceStuck(record: TransactionRecord): AditError {
  return new AditError('nonce-stuck', `transaction with nonce ${record.nonce} was not included in time`, {
    remedy: 'wait for the chain and repeat the command: the signed transaction is kept and goes on',
    fields: { nonce: record.nonce, hash: record.hashes.at(-1) ?? '' },
  })
}

/** A transaction's cost may change between the estimate and its block: another storage slot turns nonzero. */
const GAS_MARGIN_PERCENT = 25n
const DEFAULT_TIMING: SenderTiming = { pollMs: 250, resendMs: 5_000, replaceMs: 45_000, giveUpMs: 180_000 }

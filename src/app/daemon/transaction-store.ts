/** The chain sender's durable records in the node's store: JSON of the sender's own making, opaque to the store. */
import type { Clock } from '#base/clock.ts'
import type { TransactionRecord, TransactionStore } from '#payment/chain/sender.ts'
import type { Store } from '../store/index.ts'

export function transactionStoreOf(store: Store, clock: Clock): TransactionStore {
  const parse = (text: string): TransactionRecord => JSON.parse(text) as TransactionRecord
  return {
    put: (record) =>
      store.outbox.put(
        {
          key: record.key,
          account: record.account,
          isPending: record.state === 'pending',
          record: JSON.stringify(record),
        },
        clock.wallMs(),
      ),
    byKey: (key) => {
      const entry = store.outbox.byKey(key)
      return entry === undefined ? undefined : parse(entry.record)
    },
    pending: (account) => store.outbox.pending(account).map((entry) => parse(entry.record)),
  }
}

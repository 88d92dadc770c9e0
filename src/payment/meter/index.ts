export {
  METER_DROPS,
  PAUSE_REASONS,
  REFUSALS,
  type MeterDrop,
  type PauseReason,
  type Refusal,
  type ServiceState,
} from './constants.ts'
export {
  emitChallenge,
  emitFinish,
  emitVoucher,
  parseMeter,
  type Challenge,
  type Finish,
  type MeterMessage,
  type VoucherMessage,
} from './messages.ts'
export { equalReading, readingHash, type Reading, type SessionId } from './reading.ts'
export { addLossMark, isLossTolerated, lostBytes, NO_LOSS, type LossMark } from './loss.ts'
export { nextTokenMs, observeRate, startRate, takeToken, type Bucket, type Rate } from './rate.ts'

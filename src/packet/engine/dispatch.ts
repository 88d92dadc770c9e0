/**
 * Sending to a peer, whoever made the packet: the TUN (`outbound.ts`) or the engine itself (`own.ts`). Service and
 * allowance -> MSS -> flow -> count -> keys and counter -> seal -> send; without keys the packet is staged.
 */
import { setU32le } from '#base/bytes.ts'
import { ERRNO } from '../link/errno.ts'
import { PROTOCOL } from '../wire/ipv4.ts'
import { clampMss } from '../wire/mss.ts'
import type { PacketView } from '../wire/packet.ts'
import {
  MESSAGE_DATA,
  PADDING_MULTIPLE,
  REJECT_AFTER_TIME_MS,
  REKEY_AFTER_TIME_MS,
  TAG_BYTES,
} from '../wireguard/constants.ts'
import { type Batch, DESCRIPTOR, DESCRIPTOR_WORDS, FLAG, HEAD_BYTES } from './batch.ts'
import { countDrop, NO_PEER, ROW_WORDS, WORD } from './counters.ts'
import { DROP } from './drops.ts'
import { rememberFlow } from './flows.ts'
import { NO_SLOT } from './keys.ts'
import { ADDRESS_ROWS } from './operations.ts'
import {
  ACTIVITY,
  type EngineState,
  needHandshake,
  noteActivity,
  reportSendTooBig,
  ROLE,
  stagePacket,
} from './state.ts'
import type { PeerId } from './types.ts'

/** 2^60 messages in the high half of the counter (§6.2). */
const REKEY_COUNTER_HIGH = 2 ** 28
/** The high half and low half of 2^64 - 2^13 - 1 (§6.1). */
const REJECT_COUNTER_HIGH = 0xffff_ffff
const REJECT_COUNTER_LOW = 0xffff_dfff

/**
 * Sends a sound packet of at most the peer's inner MTU, which `view` reads, to `peer`: counts it, gives it keys and a counter
 * and marks it for sealing; or keeps a copy until there are keys.
 */
export function dispatchPacket(
  state: EngineState,
  batch: Batch,
  index: number,
  peer: PeerId,
  bytes: Uint8Array,
  view: PacketView,
): void {
  const { counters } = state
  const row = peer * ROW_WORDS
  const meter = isMeter(state, bytes, view)
  const slot = usableSlot(state, peer)
  if (slot === NO_SLOT) {
    stagePacket(state, peer, view.offset, view.length, bytes)
    return
  }
  if (state.hasEndpoint[peer] === 0) {
    countDrop(counters, peer, DROP['no-endpoint'])
    return
  }
  if (meter) counters[row + WORD.meterSentBytes] += BigInt(view.length)
  else {
    if (state.role[peer] === ROLE.consumer && !isServed(state, peer, view.length)) return
    clampMss(bytes, view, state.mtu[peer])
    if (state.role[peer] === ROLE.exit) rememberFlow(state.flows, bytes, view, state.nowMs)
    counters[row + WORD.sentBytes] += BigInt(view.length)
    counters[row + WORD.sentPackets] += 1n
  }
  batch.innerLengths[index] = view.length
  batch.meter[index] = meter ? 1 : 0
  sealOn(state, batch, index, peer, slot, view.offset, view.length)
  noteActivity(state, peer, ACTIVITY.sent | ACTIVITY.sentData)
}

/** Whether service is open and the allowance covers `length` more bytes; otherwise the drop is counted. */
export function isServed(state: EngineState, peer: PeerId, length: number): boolean {
  const { counters } = state
  const row = peer * ROW_WORDS
  if (counters[row + WORD.service] !== 0n) {
    countDrop(counters, peer, DROP.paused)
    return false
  }
  const used = counters[row + WORD.sentBytes] + counters[row + WORD.receivedBytes] + BigInt(length)
  if (used <= counters[row + WORD.allowance]) return true
  countDrop(counters, peer, DROP['over-allowance'])
  return false
}

/**
 * A data message without a packet: empty it is a keepalive (§6.5), with `paddingBytes` of zeros a probe of the path.
 * Without keys a keepalive only asks for some.
 */
export function dispatchEmpty(
  state: EngineState,
  batch: Batch,
  index: number,
  peer: PeerId,
  offset: number,
  paddingBytes: number,
): void {
  const slot = usableSlot(state, peer)
  if (slot === NO_SLOT) {
    if (paddingBytes === 0) needHandshake(state, peer, 'no-keys')
    return
  }
  if (state.hasEndpoint[peer] === 0) return
  batch.innerLengths[index] = 0
  batch.bytes.fill(0, offset, offset + paddingBytes)
  sealOn(state, batch, index, peer, slot, offset, paddingBytes)
  noteActivity(state, peer, ACTIVITY.sent)
}

/** Seals and sends what the descriptors ask for; refused packets are taken out of the counts again. */
export function sealAndSend(state: EngineState, batch: Batch, count: number): void {
  const { operations } = state
  operations.seal(batch, count)
  operations.send(batch, count)
  for (let index = 0; index < count; index++) {
    const at = index * DESCRIPTOR_WORDS
    if (batch.descriptors[at + DESCRIPTOR.flags] !== FLAG.refused) continue
    const code = batch.descriptors[at + DESCRIPTOR.aux]
    const peer = batch.peers[index]
    countDrop(state.counters, peer, refusalOf(code))
    if (batch.innerLengths[index] > 0) uncount(state, batch, index)
    if (code !== ERRNO.msgSize || peer === NO_PEER) continue
    reportSendTooBig(state, peer, batch.descriptors[at + DESCRIPTOR.length] - HEAD_BYTES - TAG_BYTES)
  }
}

function refusalOf(code: number): number {
  if (code === ERRNO.msgSize) return DROP['send-size']
  if (code === ERRNO.again || code === ERRNO.noBufs) return DROP['send-queue']
  return DROP['send-refused']
}

/** The slot of the keys to send on, or NO_SLOT; asks for a rekey where these are old (§6.2). */
function usableSlot(state: EngineState, peer: PeerId): number {
  const { keys } = state
  const slot = keys.current[peer]
  if (slot === NO_SLOT) return NO_SLOT
  const high = keys.counterHigh[slot]
  if (high === REJECT_COUNTER_HIGH && keys.counterLow[slot] >= REJECT_COUNTER_LOW) return NO_SLOT
  const ageMs = state.nowMs - keys.createdMs[slot]
  if (ageMs >= REJECT_AFTER_TIME_MS) return NO_SLOT
  if (high >= REKEY_COUNTER_HIGH) needHandshake(state, peer, 'rekey-messages')
  else if (keys.initiator[slot] === 1 && ageMs >= REKEY_AFTER_TIME_MS) needHandshake(state, peer, 'rekey-time')
  return slot
}

/** Pads, writes the header of the data message in front (§5.4.6) and marks the packet for sealing. */
function sealOn(
  state: EngineState,
  batch: Batch,
  index: number,
  peer: PeerId,
  slot: number,
  offset: number,
  length: number,
): void {
  const { keys } = state
  const { bytes, descriptors } = batch
  const padded = paddedLength(length, state.mtu[peer])
  bytes.fill(0, offset + length, offset + padded)
  const low = keys.counterLow[slot]
  const high = keys.counterHigh[slot]
  const header = offset - HEAD_BYTES
  setU32le(bytes, header, MESSAGE_DATA)
  setU32le(bytes, header + 4, keys.remoteIndex[slot])
  setU32le(bytes, header + 8, low)
  setU32le(bytes, header + 12, high)
  keys.counterLow[slot] = low + 1
  if (low === 0xffff_ffff) keys.counterHigh[slot] = high + 1
  const at = index * DESCRIPTOR_WORDS
  batch.peers[index] = peer
  descriptors[at + DESCRIPTOR.offset] = offset
  descriptors[at + DESCRIPTOR.length] = padded
  descriptors[at + DESCRIPTOR.flags] = FLAG.seal
  descriptors[at + DESCRIPTOR.keySlot] = slot
  descriptors[at + DESCRIPTOR.counterLow] = low
  descriptors[at + DESCRIPTOR.counterHigh] = high
  descriptors[at + DESCRIPTOR.address] = ADDRESS_ROWS.peers + peer
}

/** To a multiple of 16, but never above the MTU: a full packet is not padded. */
function paddedLength(length: number, mtu: number): number {
  return Math.max(length, Math.min(mtu, Math.ceil(length / PADDING_MULTIPLE) * PADDING_MULTIPLE))
}

/** The kernel refused to send it, so it was not sent: neither billed nor counted. */
function uncount(state: EngineState, batch: Batch, index: number): void {
  const { counters } = state
  const row = batch.peers[index] * ROW_WORDS
  const length = batch.innerLengths[index]
  if (batch.meter[index] === 1) counters[row + WORD.meterSentBytes] -= BigInt(length)
  else {
    counters[row + WORD.sentBytes] -= BigInt(length)
    counters[row + WORD.sentPackets] -= 1n
  }
}

/** UDP between the gateway's meter port and a consumer, in either direction. */
export function isMeter(state: EngineState, bytes: Uint8Array, view: PacketView): boolean {
  if (view.protocol !== PROTOCOL.udp || view.isFragment) return false
  const { meterPort } = state.options
  if (view.sourcePort === meterPort && isGateway(state, bytes, view, view.source)) return true
  return view.destinationPort === meterPort && isGateway(state, bytes, view, view.destination)
}

/** Whether the address at `offset` (of the packet's family) is the gateway's. Hot path. */
export function isGateway(state: EngineState, bytes: Uint8Array, view: PacketView, offset: number): boolean {
  const gateway = view.version === 4 ? state.gateway4 : state.gateway6
  for (let index = gateway.length - 1; index >= 0; index--) if (bytes[offset + index] !== gateway[index]) return false
  return true
}

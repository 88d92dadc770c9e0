/**
 * From the peers to the TUN. The walk of a datagram: receive -> type -> receiver index to keys -> open the batch ->
 * replay, loss, roaming -> inner packet -> what its role asks for (source, gateway, service, flow) -> count -> write.
 */
import { u32le } from '#base/bytes.ts'
import { prefixContains } from '#base/ip.ts'
import { parseSockaddr, SOCKADDR_BYTES } from '../link/sockaddr.ts'
import { clampMss } from '../wire/mss.ts'
import { type PacketView, readPacket } from '../wire/packet.ts'
import { lookup4, lookup6 } from '../wireguard/allowed-ips.ts'
import {
  KEEPALIVE_TIMEOUT_MS,
  MESSAGE_COOKIE,
  MESSAGE_DATA,
  MESSAGE_INITIATION,
  REJECT_AFTER_TIME_MS,
  REKEY_TIMEOUT_MS,
  TAG_BYTES,
} from '../wireguard/constants.ts'
import { acceptCounter, REPLAY_WORDS } from '../wireguard/replay.ts'
import { type Batch, DESCRIPTOR, DESCRIPTOR_WORDS, FLAG, HEAD_BYTES } from './batch.ts'
import { countDrop, NO_PEER, ROW_WORDS, WORD } from './counters.ts'
import { isGateway, isMeter, isServed } from './dispatch.ts'
import { DROP } from './drops.ts'
import { isKnownFlow } from './flows.ts'
import { answerAtGateway, handOverDatagram } from './gateway.ts'
import { confirmNext } from './keys.ts'
import { ADDRESS_ROWS } from './operations.ts'
import { sendStaged } from './own.ts'
import { ACTIVITY, type EngineState, mayHandOver, needHandshake, noteActivity, ROLE } from './state.ts'
import type { PeerId } from './types.ts'

const MIN_DATA_BYTES = HEAD_BYTES + TAG_BYTES
/** No handshake message is longer; what is, cannot be one. */
const MAX_CONTROL_BYTES = 148
/** §6.2: who began the handshake renews it also when only receiving, early enough before the keys die. */
const REKEY_ON_RECEIVE_MS = REJECT_AFTER_TIME_MS - KEEPALIVE_TIMEOUT_MS - REKEY_TIMEOUT_MS

/** Carries one batch from the socket. The number of datagrams received. */
export function receiveBatch(state: EngineState): number {
  const { operations } = state
  const { rx } = operations
  const count = operations.receive(rx)
  if (count === 0) return 0
  for (let index = 0; index < count; index++) classify(state, rx, index)
  operations.open(rx, count)
  for (let index = 0; index < count; index++) accept(state, rx, index)
  operations.coalesceWrite(rx, count)
  for (let index = 0; index < count; index++) {
    if (rx.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR.flags] === FLAG.refused) {
      countDrop(state.counters, rx.peers[index], DROP['tun-refused'])
    }
  }
  return count
}

/** Finds the keys of a data message and marks it to be opened; hands handshake messages over. */
function classify(state: EngineState, batch: Batch, index: number): void {
  const { bytes, descriptors } = batch
  const { counters, keys } = state
  const at = index * DESCRIPTOR_WORDS
  const offset = descriptors[at + DESCRIPTOR.offset]
  const length = descriptors[at + DESCRIPTOR.length]
  if (length < MIN_DATA_BYTES) {
    countDrop(counters, NO_PEER, DROP['outer-length'])
    return
  }
  const type = u32le(bytes, offset)
  if (type !== MESSAGE_DATA) {
    handOverControl(state, bytes, offset, length, type, descriptors[at + DESCRIPTOR.address])
    return
  }
  const slot = keys.slotOfIndex.get(u32le(bytes, offset + 4))
  if (slot === undefined) {
    countDrop(counters, NO_PEER, DROP['unknown-index'])
    return
  }
  if (state.nowMs - keys.createdMs[slot] >= REJECT_AFTER_TIME_MS) {
    countDrop(counters, keys.peer[slot], DROP['key-expired'])
    return
  }
  descriptors[at + DESCRIPTOR.keySlot] = slot
  descriptors[at + DESCRIPTOR.counterLow] = u32le(bytes, offset + 8)
  descriptors[at + DESCRIPTOR.counterHigh] = u32le(bytes, offset + 12)
  descriptors[at + DESCRIPTOR.offset] = offset + HEAD_BYTES
  descriptors[at + DESCRIPTOR.length] = length - HEAD_BYTES
  descriptors[at + DESCRIPTOR.flags] = FLAG.open
}

function handOverControl(
  state: EngineState,
  bytes: Uint8Array,
  offset: number,
  length: number,
  type: number,
  addressRow: number,
): void {
  if (type < MESSAGE_INITIATION || type > MESSAGE_COOKIE || length > MAX_CONTROL_BYTES) {
    countDrop(state.counters, NO_PEER, DROP['outer-type'])
  } else if (!mayHandOver(state, false)) {
    countDrop(state.counters, NO_PEER, DROP['control-queue'])
  } else {
    const from = parseSockaddr(state.operations.addresses, addressRow * SOCKADDR_BYTES)
    state.events.push({ kind: 'control', from, bytes: bytes.slice(offset, offset + length) })
  }
}

/** What an authentic message does: replay window, loss, confirmation of keys, roaming, and then its packet. */
function accept(state: EngineState, batch: Batch, index: number): void {
  const { descriptors } = batch
  const { counters, keys } = state
  const at = index * DESCRIPTOR_WORDS
  const flags = descriptors[at + DESCRIPTOR.flags]
  if (flags === FLAG.none) return
  descriptors[at + DESCRIPTOR.flags] = FLAG.none
  const slot = descriptors[at + DESCRIPTOR.keySlot]
  const peer = keys.peer[slot]
  batch.peers[index] = peer
  if (flags !== FLAG.opened) {
    countDrop(counters, peer, DROP.authentication)
    return
  }
  const low = descriptors[at + DESCRIPTOR.counterLow]
  const high = descriptors[at + DESCRIPTOR.counterHigh]
  if (!acceptCounter(keys.replay, slot * REPLAY_WORDS, low, high)) {
    countDrop(counters, peer, DROP.replay)
    return
  }
  countLoss(state, peer, slot, low + high * 0x1_0000_0000)
  if (keys.next[peer] === slot) {
    confirmNext(keys, state.operations, peer)
    state.events.push({ kind: 'nextConfirmed', peer, localIndex: keys.localIndex[slot] })
  }
  roam(state, peer, descriptors[at + DESCRIPTOR.address])
  if (state.staged[peer] !== undefined) sendStaged(state, peer)
  if (keys.initiator[slot] === 1 && state.nowMs - keys.createdMs[slot] >= REKEY_ON_RECEIVE_MS) {
    if (keys.current[peer] === slot) needHandshake(state, peer, 'rekey-time')
  }
  const plainLength = descriptors[at + DESCRIPTOR.length] - TAG_BYTES
  // Empty: a keepalive. A zero where the version of a packet stands: nothing but padding, a probe of the path.
  if (plainLength === 0 || batch.bytes[descriptors[at + DESCRIPTOR.offset]] === 0) {
    noteActivity(state, peer, ACTIVITY.received)
    return
  }
  noteActivity(state, peer, ACTIVITY.received | ACTIVITY.receivedData)
  acceptInner(state, batch, index, peer, plainLength)
}

/**
 * `lostPackets` is the greatest counter + 1 minus the messages received, kept up to date: a jump adds the gap, a late
 * message gives one back.
 */
function countLoss(state: EngineState, peer: PeerId, slot: number, counter: number): void {
  const { counters, keys } = state
  const word = peer * ROW_WORDS + WORD.lostPackets
  const ahead = counter - keys.highest[slot]
  if (ahead > 0) {
    if (ahead > 1) counters[word] += BigInt(ahead - 1)
    keys.highest[slot] = counter
  } else counters[word] -= 1n
}

/** An authentic packet from a new address: from now on we send there (§2.1). */
function roam(state: EngineState, peer: PeerId, addressRow: number): void {
  const { addresses } = state.operations
  const from = addressRow * SOCKADDR_BYTES
  const known = (ADDRESS_ROWS.peers + peer) * SOCKADDR_BYTES
  if (state.hasEndpoint[peer] === 1) {
    let same = true
    for (let byte = 0; byte < SOCKADDR_BYTES; byte++) {
      if (addresses[from + byte] !== addresses[known + byte]) {
        same = false
        break
      }
    }
    if (same) return
  }
  addresses.copyWithin(known, from, from + SOCKADDR_BYTES)
  state.hasEndpoint[peer] = 1
  noteActivity(state, peer, ACTIVITY.endpoint)
}

/** The inner packet of an authentic message: by the peer's role it is answered, counted and written, or dropped. */
function acceptInner(state: EngineState, batch: Batch, index: number, peer: PeerId, length: number): void {
  const { view } = state
  const { bytes, descriptors } = batch
  const at = index * DESCRIPTOR_WORDS
  const offset = descriptors[at + DESCRIPTOR.offset]
  if (!readPacket(bytes, offset, length, view)) {
    countDrop(state.counters, peer, DROP['inner-malformed'])
    return
  }
  const owner = (view.version === 4 ? lookup4 : lookup6)(state.allowed, bytes, view.source)
  if (owner !== peer) {
    countDrop(state.counters, peer, DROP['source-address'])
    return
  }
  const write =
    state.role[peer] === ROLE.consumer
      ? acceptFromConsumer(state, peer, bytes, view)
      : acceptFromExit(state, peer, bytes, view)
  if (!write) return
  clampMss(bytes, view, state.mtu[peer])
  descriptors[at + DESCRIPTOR.length] = view.length
  descriptors[at + DESCRIPTOR.flags] = FLAG.write
}

/** We are the exit. True: the packet goes to the TUN, and from there to the internet. */
function acceptFromConsumer(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): boolean {
  const { counters } = state
  const row = peer * ROW_WORDS
  if (isMeter(state, bytes, view)) {
    counters[row + WORD.meterReceivedBytes] += BigInt(view.length)
    handOverDatagram(state, peer, bytes, view)
    return false
  }
  const toGateway = isGateway(state, bytes, view, view.destination)
  if (!toGateway && isInner(state, bytes, view)) {
    countDrop(counters, peer, DROP['consumer-to-consumer'])
    return false
  }
  if (!isServed(state, peer, view.length)) return false
  countReceived(state, peer, view.length)
  if (!toGateway) return true
  answerAtGateway(state, peer, bytes, view)
  return false
}

/** We are the consumer. True: the packet goes to the TUN, and it is billable. */
function acceptFromExit(state: EngineState, peer: PeerId, bytes: Uint8Array, view: PacketView): boolean {
  const { counters } = state
  const row = peer * ROW_WORDS
  if (isMeter(state, bytes, view)) {
    counters[row + WORD.meterReceivedBytes] += BigInt(view.length)
    handOverDatagram(state, peer, bytes, view)
    return false
  }
  countReceived(state, peer, view.length)
  if (!isKnownFlow(state.flows, bytes, view, state.nowMs)) {
    countDrop(counters, peer, DROP.unsolicited)
    return false
  }
  counters[row + WORD.billableReceivedBytes] += BigInt(view.length)
  counters[row + WORD.billableReceivedPackets] += 1n
  return true
}

function countReceived(state: EngineState, peer: PeerId, length: number): void {
  const row = peer * ROW_WORDS
  state.counters[row + WORD.receivedBytes] += BigInt(length)
  state.counters[row + WORD.receivedPackets] += 1n
}

/** Whether the destination is some session's inner address. Hot path: one masked comparison in nearly all cases. */
function isInner(state: EngineState, bytes: Uint8Array, view: PacketView): boolean {
  const prefix = view.version === 4 ? state.inner4 : state.inner6
  if (bytes[view.destination] !== prefix.address[0]) return false
  return prefixContains(prefix, bytes.subarray(view.destination, view.destination + view.addressBytes))
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, setU16be, u16be } from '#base/bytes.ts'
import { checksumHolds, foldChecksum, sumPseudoHeader, sumWords, updateChecksum } from './checksum.ts'
import { emitDns, parseDns } from './dns.ts'
import { emitIcmp, parseIcmp } from './icmp.ts'
import { emitIcmpv6 } from './icmpv6.ts'
import { emitIpv4, IPV4_HEADER_BYTES, parseIpv4, PROTOCOL } from './ipv4.ts'
import { emitIpv6, IPV6_HEADER_BYTES, NEXT_HEADER, parseIpv6 } from './ipv6.ts'
import { clampMss } from './mss.ts'
import { createPacketView, readPacket, readQuoted } from './packet.ts'
import { emitTcp, parseTcp, TCP_FLAG } from './tcp.ts'
import { emitUdp, parseUdp } from './udp.ts'

const u8 = fc.integer({ min: 0, max: 0xff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const address = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes })
const junk = fc.uint8Array({ minLength: 0, maxLength: 120 })

test('the checksum of RFC 1071 §3 and its incremental update agree', () => {
  const example = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
  assert.equal(foldChecksum(sumWords(example, 0, 8)), 0x220d)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 64 }), u16, (bytes, after) => {
      const even = bytes.subarray(0, bytes.length & ~1)
      const before = u16be(even, 2)
      const checksum = foldChecksum(sumWords(even, 0, even.length))
      setU16be(even, 2, after)
      const updated = updateChecksum(checksum, before, after)
      // 0 and 0xffff are the same number in one's complement.
      assert.equal(updated % 0xffff, foldChecksum(sumWords(even, 0, even.length)) % 0xffff)
    }),
  )
})

test('parse(emit(x)) = x for every header', () => {
  fc.assert(
    fc.property(
      fc.record({
        source: address(4),
        destination: address(4),
        protocol: u8,
        timeToLive: u8,
        identification: u16,
        dontFragment: fc.boolean(),
        moreFragments: fc.boolean(),
        fragmentOffset: fc.integer({ min: 0, max: 0x1fff }).map((words) => words * 8),
      }),
      (header) => {
        const bytes = new Uint8Array(48)
        emitIpv4(bytes, 0, header, 28)
        assert.ok(checksumHolds(bytes, 0, IPV4_HEADER_BYTES))
        assert.deepEqual(parseIpv4(bytes), { ok: true, value: { ...header, headerBytes: 20, totalLength: 48 } })
      },
    ),
  )
  fc.assert(
    fc.property(
      fc.record({ source: address(16), destination: address(16), hopLimit: u8, nextHeader: fc.constant(17) }),
      (header) => {
        const bytes = new Uint8Array(50)
        emitIpv6(bytes, 0, header, 10)
        const parsed = parseIpv6(bytes)
        assert.ok(parsed.ok)
        const { upperProtocol, headerBytes, totalLength, fragment, ...rest } = parsed.value
        assert.deepEqual(rest, { ...header })
        assert.deepEqual([upperProtocol, headerBytes, totalLength, fragment], [17, 40, 50, undefined])
      },
    ),
  )
  fc.assert(
    fc.property(fc.record({ sourcePort: u16, destinationPort: u16 }), junk, (ports, payload) => {
      const bytes = concat(new Uint8Array(IPV4_HEADER_BYTES + 8), payload)
      emitUdp(bytes, 20, ports, payload.length, 12, 4)
      assert.deepEqual(parseUdp(bytes.subarray(20)), { ok: true, value: { ...ports, length: 8 + payload.length } })
      const length = 8 + payload.length
      assert.ok(checksumHolds(bytes, 20, length, sumPseudoHeader(bytes, 12, 4, PROTOCOL.udp, length)))
    }),
  )
  fc.assert(
    fc.property(
      fc.record({ sourcePort: u16, destinationPort: u16, sequence: u32, acknowledgement: u32, flags: u8, window: u16 }),
      (header) => {
        const bytes = new Uint8Array(IPV6_HEADER_BYTES + 20)
        emitTcp(bytes, 40, header, 8, 16)
        assert.deepEqual(parseTcp(bytes.subarray(40)), { ok: true, value: { ...header, headerBytes: 20 } })
        assert.ok(checksumHolds(bytes, 40, 20, sumPseudoHeader(bytes, 8, 16, PROTOCOL.tcp, 20)))
      },
    ),
  )
  fc.assert(
    fc.property(u8, u8, u32, junk, (type, code, rest, body) => {
      const bytes = concat(new Uint8Array(IPV6_HEADER_BYTES + 8), body)
      const expected = { type, code, identifier: rest >>> 16, sequence: rest & 0xffff }
      emitIcmp(bytes, 40, { type, code, rest }, body.length)
      assert.deepEqual(parseIcmp(bytes.subarray(40)), { ok: true, value: expected })
      assert.ok(checksumHolds(bytes, 40, 8 + body.length))
      emitIcmpv6(bytes, 40, { type, code, rest }, body.length, 8)
      assert.deepEqual(parseIcmp(bytes.subarray(40)), { ok: true, value: expected })
      const pseudo = sumPseudoHeader(bytes, 8, 16, PROTOCOL.icmpv6, 8 + body.length)
      assert.ok(checksumHolds(bytes, 40, 8 + body.length, pseudo))
    }),
  )
  const dns = { id: 0x1234, response: true, opcode: 2, truncated: true, rcode: 5, questions: 1, answers: 3 }
  const message = new Uint8Array(12)
  emitDns(message, 0, dns)
  assert.deepEqual(parseDns(message), { ok: true, value: dns })
})

test('no parser throws or looks outside, and the hot walk agrees with the parsers', () => {
  const versioned = fc.tuple(fc.constantFrom(0x45, 0x46, 0x4f, 0x60, 0x6f, 0x00), junk).map(([first, rest]) => {
    const bytes = concat(Uint8Array.of(first), rest)
    // Half of them with a length field that fits, so that the walk goes on.
    if (bytes.length > 40 && rest[0] & 1)
      setU16be(bytes, first >> 4 === 4 ? 2 : 4, bytes.length - (first >> 4 === 6 ? 40 : 0))
    if (bytes.length > 6 && rest[0] & 2) bytes[6] = [0, 43, 44, 51, 60][rest[0] % 5]
    return bytes
  })
  const view = createPacketView()
  fc.assert(
    fc.property(versioned, (bytes) => {
      for (const parse of [parseUdp, parseTcp, parseIcmp, parseDns]) assert.equal(typeof parse(bytes).ok, 'boolean')
      const v4 = parseIpv4(bytes)
      const v6 = parseIpv6(bytes)
      // Guard bytes around: whatever is read outside would change the outcome or throw.
      const framed = concat(new Uint8Array(7).fill(0xaa), bytes, new Uint8Array(64).fill(0x55))
      const sound = readPacket(framed, 7, bytes.length, view)
      if (sound) {
        assert.ok(v4.ok || v6.ok)
        assert.ok(view.upper + view.upperLength <= 7 + bytes.length)
      }
      if (sound && v4.ok) {
        assert.deepEqual(
          [view.length, view.protocol, view.upper - 7],
          [v4.value.totalLength, v4.value.protocol, v4.value.headerBytes],
        )
        assert.equal(view.fragmentOffset, v4.value.fragmentOffset)
      }
      if (sound && v6.ok) {
        assert.deepEqual(
          [view.length, view.protocol, view.upper - 7],
          [v6.value.totalLength, v6.value.upperProtocol, v6.value.headerBytes],
        )
        assert.equal(view.isFragment, v6.value.fragment !== undefined)
      }
      readQuoted(framed, 7, bytes.length, view)
      if (sound) clampMss(framed, view, 1280)
      assert.ok(framed.subarray(0, 7).every((byte) => byte === 0xaa))
      assert.ok(framed.subarray(7 + bytes.length).every((byte) => byte === 0x55))
    }),
    { numRuns: 3000 },
  )
})

test('extension headers are walked, and a ninth one is refused', () => {
  const chain = (count: number): Uint8Array => {
    const bytes = new Uint8Array(IPV6_HEADER_BYTES + count * 8 + 8)
    emitIpv6(
      bytes,
      0,
      { source: new Uint8Array(16), destination: new Uint8Array(16), hopLimit: 1, nextHeader: 60 },
      count * 8 + 8,
    )
    for (let index = 0; index < count; index++)
      bytes[40 + index * 8] = index === count - 1 ? 17 : NEXT_HEADER.destination
    emitUdp(bytes, 40 + count * 8, { sourcePort: 5, destinationPort: 6 }, 0, 8, 16)
    return bytes
  }
  const view = createPacketView()
  for (const count of [1, 8]) {
    assert.ok(readPacket(chain(count), 0, chain(count).length, view))
    assert.deepEqual([view.protocol, view.sourcePort, view.destinationPort], [17, 5, 6])
  }
  assert.equal(readPacket(chain(9), 0, chain(9).length, view), false)
  assert.deepEqual(parseIpv6(chain(9)), { ok: false, error: 'ipv6-extension' })
})

test('the MSS of a SYN is clamped with an intact checksum, at even and odd offsets, and only downwards', () => {
  for (const version of [4, 6] as const) {
    for (const padding of [[], [1], [1, 1, 1], [3, 3, 7]]) {
      const options = [...padding, 2, 4, 0x05, 0xb4, 1]
      while (options.length % 4) options.push(0)
      const ip = version === 4 ? 20 : 40
      const bytes = new Uint8Array(ip + 20 + options.length)
      const source = new Uint8Array(version === 4 ? 4 : 16).fill(9)
      const rest = { timeToLive: 9, identification: 0, dontFragment: true, moreFragments: false, fragmentOffset: 0 }
      if (version === 4) emitIpv4(bytes, 0, { ...rest, source, destination: source, protocol: 6 }, bytes.length - ip)
      else emitIpv6(bytes, 0, { source, destination: source, hopLimit: 9, nextHeader: 6 }, bytes.length - ip)
      const [addresses, size] = version === 4 ? [12, 4] : [8, 16]
      emitTcp(
        bytes,
        ip,
        { sourcePort: 1, destinationPort: 2, sequence: 3, acknowledgement: 0, flags: TCP_FLAG.syn, window: 9 },
        addresses,
        size,
      )
      bytes.set(options, ip + 20)
      bytes[ip + 12] = ((20 + options.length) / 4) << 4
      const pseudo = (): number => sumPseudoHeader(bytes, addresses, size, PROTOCOL.tcp, bytes.length - ip)
      setU16be(bytes, ip + 16, 0)
      setU16be(bytes, ip + 16, foldChecksum(sumWords(bytes, ip, bytes.length - ip) + pseudo()))
      const view = createPacketView()
      assert.ok(readPacket(bytes, 0, bytes.length, view))
      assert.equal(clampMss(bytes, view, 1420), true)
      assert.equal(u16be(bytes, ip + 20 + padding.length + 2), version === 4 ? 1380 : 1360)
      assert.ok(checksumHolds(bytes, ip, bytes.length - ip, pseudo()))
      assert.equal(clampMss(bytes, view, 1420), false)
      assert.equal(clampMss(bytes, view, 1500), false)
      bytes[ip + 13] = TCP_FLAG.ack
      assert.equal(clampMss(bytes, view, 1280), false)
    }
  }
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { concat, setU16be, u16be, utf8 } from '#base/bytes.ts'
import { SILENT_LOG } from '#base/log.ts'
import { isLocalName, parseQuestion } from './dns-question.ts'
import { openResolverForwarder } from './resolver-forwarder.ts'
import type { ResolverForwarder } from './types.ts'

const ID = 0x4242

test("forwards with an id of its own and answers with the asker's", async () => {
  await using upstream = await openUpstream((query) => [answerTo(query, 20)])
  await using forwarder = forwarderTo(upstream.port)
  const answer = await expectAnswer(forwarder, queryFor('www.example.org'))
  assert.equal(u16be(answer, 0), ID)
  assert.equal(answer.length, queryFor('www.example.org').length + 20)
  assert.equal(upstream.ids.length, 1)
})

test('drops forged answers: another id, another question', async () => {
  await using upstream = await openUpstream((query) => {
    const wrongId = answerTo(query, 1)
    setU16be(wrongId, 0, u16be(query, 0) ^ 1)
    const wrongName = answerTo(queryFor('www.example.net', 512, u16be(query, 0)), 2)
    return [wrongId, wrongName, answerTo(query, 3)]
  })
  await using forwarder = forwarderTo(upstream.port)
  assert.equal((await expectAnswer(forwarder, queryFor('www.example.org'))).at(-1), 3)
})

test('asks again by TCP when the answer was cut', async () => {
  await using upstream = await openUpstream(
    (query) => [truncated(query)],
    (query) => answerTo(query, 700),
  )
  await using forwarder = forwarderTo(upstream.port)
  const large = await expectAnswer(forwarder, queryFor('big.example.org', 1232))
  assert.ok(large.length > 700)
  // An asker that takes 512 bytes gets the cut mark instead.
  const small = await expectAnswer(forwarder, queryFor('big.example.org'))
  assert.equal(small[2] & 0x02, 0x02)
})

test('a silent upstream is SERVFAIL, local names are NXDOMAIN and never leave', async () => {
  await using upstream = await openUpstream(() => [])
  await using forwarder = forwarderTo(upstream.port)
  assert.equal((await expectAnswer(forwarder, queryFor('www.example.org')))[3] & 0xf, 2)
  for (const name of ['printer.lan', 'printer', 'nas.home.arpa', '1.7.168.192.in-addr.arpa', 'x.office.example']) {
    assert.equal((await expectAnswer(forwarder, queryFor(name)))[3] & 0xf, 3, name)
  }
  assert.equal(upstream.ids.length, 1)
})

test('a host without a resolver is SERVFAIL, not the end of the program', async () => {
  await using forwarder = openResolverForwarder({
    upstream: () => {
      throw new Error('no nameserver')
    },
    random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
    log: SILENT_LOG,
  })
  assert.equal((await expectAnswer(forwarder, queryFor('www.example.org')))[3] & 0xf, 2)
})

test('bounds what one consumer has under way; never asks the gateway itself', async () => {
  await using upstream = await openUpstream(() => [])
  await using forwarder = forwarderTo(upstream.port)
  const answers = await Promise.all(
    ['a', 'b', 'c'].map((name) => forwarder.forward('alice', queryFor(`${name}.example.org`))),
  )
  assert.deepEqual(
    answers.map((answer) => (answer.ok ? 'answered' : answer.error)),
    ['answered', 'answered', 'dns-too-many'],
  )
  await using looped = openResolverForwarder({
    upstream: () => ({ servers: ['198.18.0.1', '2001:2::1'], searchDomains: [] }),
    random: { bytes: randomBytes },
    log: SILENT_LOG,
  })
  assert.equal((await expectAnswer(looped, queryFor('www.example.org')))[3] & 0xf, 2)
})

test('refuses what is no query', () => {
  const answer = queryFor('www.example.org')
  answer[2] |= 0x80
  assert.deepEqual(parseQuestion(answer), { ok: false, error: 'dns-not-a-query' })
  for (const length of [0, 11, 12, 20]) {
    assert.deepEqual(parseQuestion(queryFor('www.example.org').subarray(0, length)), {
      ok: false,
      error: 'dns-malformed',
    })
  }
  const compressed = queryFor('www.example.org')
  compressed[12] = 0xc0
  assert.equal(parseQuestion(compressed).ok, false)
})

test('never throws on bytes', () => {
  for (let round = 0; round < 3000; round++) parseQuestion(randomBytes(round % 64))
  for (let round = 0; round < 3000; round++) {
    const query = queryFor('www.example.org', 1232)
    query[round % query.length] = randomBytes(1)[0]
    parseQuestion(query)
  }
  assert.equal(isLocalName('example.org', []), false)
})

function forwarderTo(port: number): ResolverForwarder {
  return openResolverForwarder({
    upstream: () => ({ servers: ['127.0.0.1'], searchDomains: ['office.example.'] }),
    random: { bytes: randomBytes },
    log: SILENT_LOG,
    timeoutMs: 150,
    maxInFlightPerConsumer: 2,
    port,
  })
}

async function expectAnswer(forwarder: ResolverForwarder, query: Uint8Array): Promise<Uint8Array> {
  const answer = await forwarder.forward('alice', query)
  assert.ok(answer.ok, JSON.stringify(answer))
  return answer.value
}

interface Upstream extends AsyncDisposable {
  readonly port: number
  readonly ids: number[]
}

/** A resolver on loopback whose answers the test writes. */
async function openUpstream(
  onUdp: (query: Uint8Array) => readonly Uint8Array[],
  onTcp: (query: Uint8Array) => Uint8Array = (query) => answerTo(query, 0),
): Promise<Upstream> {
  const ids: number[] = []
  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (framed: Buffer) => {
      const answer = onTcp(framed.subarray(2))
      const length = Buffer.alloc(2)
      length.writeUInt16BE(answer.length)
      // In two pieces, as TCP may.
      socket.write(Buffer.concat([length, answer.subarray(0, 100)]))
      setTimeout(() => socket.end(answer.subarray(100)), 5)
    })
  })
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  const { port } = tcp.address() as { port: number }
  const udp: Socket = createSocket('udp4')
  udp.on('message', (query, from) => {
    ids.push(u16be(query, 0))
    for (const answer of onUdp(query)) udp.send(answer, from.port, from.address)
  })
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve))
  return {
    port,
    ids,
    async [Symbol.asyncDispose]() {
      udp.close()
      await new Promise((resolve) => tcp.close(resolve))
    },
  }
}

function queryFor(name: string, ednsBytes = 0, id = ID): Uint8Array {
  const header = new Uint8Array(12)
  setU16be(header, 0, id)
  header[2] = 1
  header[5] = 1
  header[11] = ednsBytes > 0 ? 1 : 0
  const labels = name.split('.').map((label) => concat(Uint8Array.of(label.length), utf8(label)))
  const opt = Uint8Array.of(0, 0, 41, ednsBytes >> 8, ednsBytes & 0xff, 0, 0, 0, 0, 0, 0)
  return concat(header, ...labels, Uint8Array.of(0, 0, 1, 0, 1), ednsBytes > 0 ? opt : new Uint8Array(0))
}

/** The query turned into a response, with `extra` bytes of `extra` after it. */
function answerTo(query: Uint8Array, extra: number): Uint8Array {
  const answer = concat(query, new Uint8Array(extra).fill(extra))
  answer[2] |= 0x80
  return answer
}

function truncated(query: Uint8Array): Uint8Array {
  const answer = answerTo(query, 0)
  answer[2] |= 0x02
  return answer
}

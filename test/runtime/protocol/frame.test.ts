import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, FrameParser, frameHeaderBytes, readU32, writeFrameLength } from '#runtime/protocol/frame.ts'

function parse(chunks: readonly Uint8Array[], limitBytes = 1_000): { payloads: Uint8Array[]; parser: FrameParser } {
  const payloads: Uint8Array[] = []
  const parser = new FrameParser(limitBytes, (source, start, end) => {
    payloads.push(Uint8Array.from(source.subarray(start, end)))
    return true
  })
  for (const chunk of chunks) expect(parser.push(chunk)).toBeUndefined()
  return { payloads, parser }
}

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, index) => bytes.subarray(at[index] ?? 0, end))
}

const payloadsArbitrary = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })

test('frames arrive whole and in order, however the stream is cut into chunks', () => {
  fc.assert(
    fc.property(payloadsArbitrary, fc.array(fc.nat(), { maxLength: 40 }), (payloads, cuts) => {
      const stream = Buffer.concat(payloads.map(encodeFrame))
      const { payloads: parsed, parser } = parse(split(stream, cuts))
      expect(parsed.map((payload) => [...payload])).toEqual(payloads.map((payload) => [...payload]))
      expect(parser.isBetweenFrames).toBe(true)
    }),
  )
})

test('a stream cut off anywhere inside a frame delivers the frames before it and knows that one is missing', () => {
  const stream = Buffer.concat([encodeFrame(Uint8Array.of(1, 2, 3)), encodeFrame(Uint8Array.of(4, 5, 6))])
  for (let length = 8; length < stream.length; length += 1) {
    const { payloads, parser } = parse([stream.subarray(0, length)])
    expect(payloads).toEqual([Uint8Array.of(1, 2, 3)])
    expect(parser.isBetweenFrames).toBe(false)
  }
})

test('a frame that lies whole in one chunk is handed over as a range of that chunk, not a copy', () => {
  const chunk = encodeFrame(Uint8Array.of(7, 8))
  const seen: unknown[] = []
  new FrameParser(10, (source, start, end) => seen.push(source === chunk, start, end) > 0).push(chunk)
  expect(seen).toEqual([true, frameHeaderBytes, frameHeaderBytes + 2])
})

test.each([[1_001], [0xffff_ffff]])('a length of %i over the limit of 1000 is refused as soon as it is read', (length) => {
  const header = new Uint8Array(frameHeaderBytes)
  writeFrameLength(header, 0, length)
  expect(readU32(header, 0)).toBe(length)
  const violation = expect.objectContaining({ code: 'protocol.violation', details: { frameBytes: length, limitBytes: 1_000 } })
  expect(() => parse([header])).toThrow(violation)
  expect(() => parse([header.subarray(0, 3), header.subarray(3)])).toThrow(violation)
})

test('a stopped parser hands back exactly the bytes behind the frame it stopped at', () => {
  const first = encodeFrame(Uint8Array.of(1, 2, 3))
  const stream = Buffer.concat([first, Buffer.from('what follows is no frame')])
  for (let cut = 1; cut <= stream.length; cut += 1) {
    const parser = new FrameParser(100, () => false)
    const rests = [parser.push(stream.subarray(0, cut))]
    if (cut < first.length) rests.push(parser.push(stream.subarray(cut)))
    const rest = Buffer.concat(rests.filter((bytes) => bytes !== undefined))
    expect(rest.toString()).toBe(stream.subarray(first.length, Math.max(cut, cut < first.length ? stream.length : cut)).toString())
  }
})

test('memory of a large frame that is given back holds the next one; other memory, and memory given back twice, is left alone', () => {
  const bodies: Uint8Array[] = []
  const parser = new FrameParser(8_000_000, (source, start, end) => bodies.push(source.subarray(start, end)) > 0)
  const receive = (fill: number, sizeBytes: number): Uint8Array => {
    const frame = encodeFrame(new Uint8Array(sizeBytes).fill(fill))
    parser.push(frame.subarray(0, 1_000))
    parser.push(frame.subarray(1_000))
    const body = bodies.at(-1)
    expect(body).toHaveLength(sizeBytes)
    expect(body?.every((byte) => byte === fill)).toBe(true)
    return body ?? new Uint8Array()
  }
  const first = receive(1, 3_000_000)
  const foreign = new Uint8Array(4_000_000)
  parser.recycle(foreign.buffer)
  parser.recycle(first.buffer)
  parser.recycle(first.buffer)
  const second = receive(2, 2_000_000)
  expect(second.buffer).toBe(first.buffer)
  expect(receive(3, 2_000_000).buffer).not.toBe(first.buffer)
  expect(foreign[0]).toBe(0)
  expect(receive(4, 1_000).buffer).not.toBe(second.buffer)
  parser.recycle(second.buffer)
  parser.recycle(undefined)
  expect(receive(5, 2_000_000).buffer).not.toBe(second.buffer)
})

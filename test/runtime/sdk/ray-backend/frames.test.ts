import { spawn, spawnSync } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Frame, frameParts, FrameReader } from '#runtime/sdk/ray-backend/frames.ts'

const buffersOf = (frame: Frame | undefined): Buffer[] => (frame?.buffers ?? []).map((buffer) => Buffer.from(buffer))

const unplaced = () => {
  throw new Error('nothing was placed')
}

const frames = [
  { header: { type: 'a', text: 'größer' }, buffers: [] },
  { header: { type: 'b' }, buffers: [Buffer.from('x'), Buffer.alloc(0), Buffer.alloc(300_000, 7)] },
  { header: { type: 'c', list: [1, null, 'two'] }, buffers: [Buffer.alloc(0)] },
]
const bytes = Buffer.concat(frames.flatMap(({ header, buffers }) => frameParts(header, buffers)))

test.each([1, 7, 4_096, bytes.length])('frames come out as they went in, cut into chunks of %i bytes', (size) => {
  const seen: Frame[] = []
  const reader = new FrameReader((frame) => seen.push(frame), unplaced)
  for (let from = 0; from < bytes.length; from += size) reader.push(bytes.subarray(from, from + size))
  expect(seen.map(({ header }) => header)).toEqual(frames.map(({ header }) => header))
  for (const [index, { buffers }] of frames.entries()) {
    const came = buffersOf(seen[index])
    expect(came.map((buffer) => buffer.length)).toEqual(buffers.map((buffer) => buffer.length))
    expect(Buffer.compare(Buffer.concat(came), Buffer.concat(buffers))).toBe(0)
  }
})

test('a header that is too large for any of ours is refused before its memory is taken', () => {
  const reader = new FrameReader(() => {}, unplaced)
  expect(() => reader.push(Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]))).toThrow(/header of 4294967295 bytes/)
})

/** Sends back what comes, twice as often. */
const echo = `
import socket, sys
sys.path.insert(0, sys.argv[1])
from shoal_ray.frames import Link
link = Link(socket.socket(fileno=3))
for header, buffers in link.frames():
    link.send(header, buffers)
    link.send({"type": "again"}, [memoryview(buffer) for buffer in buffers])
`
const hasPython = spawnSync('python3', ['--version']).status === 0

test.skipIf(!hasPython)(`Python reads and writes the same frames${hasPython ? '' : ' (needs python3)'}`, async () => {
  const folder = fileURLToPath(new URL('../../../../runtime/ray-bridge', import.meta.url))
  const child = spawn('python3', ['-B', '-c', echo, folder], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  const line = child.stdio[3] as Socket // a pipe, as asked for
  const seen: Frame[] = []
  const all = new Promise<void>((resolve, reject) => {
    const reader = new FrameReader((frame) => {
      seen.push(frame)
      if (seen.length === 2 * frames.length) resolve()
    }, unplaced)
    line.on('data', (chunk: Buffer) => reader.push(chunk))
    child.once('exit', () => reject(new Error('Python ended')))
  })
  line.write(bytes)
  await all
  const again = seen.filter(({ header }) => (header as { type: string }).type === 'again')
  const others = seen.filter((frame) => !again.includes(frame))
  expect(others.map(({ header }) => header)).toEqual(frames.map(({ header }) => header))
  for (const list of [again, others]) {
    const came = Buffer.concat(list.flatMap(buffersOf))
    expect(Buffer.compare(came, Buffer.concat(frames.flatMap(({ buffers }) => buffers)))).toBe(0)
  }
  line.end()
})

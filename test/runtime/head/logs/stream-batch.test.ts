import { describe, expect, it } from 'vitest'
import { LogStreamMessage } from '#runtime/api/logs.ts'
import { StreamBatch } from '#runtime/head/logs/stream-batch.ts'
import type { StampedLine } from '#runtime/logs/line-selector.ts'

const line = (offset: number, text: string): StampedLine => ({
  offset,
  end: offset + Buffer.byteLength(text) + 1,
  text,
  isPiece: false,
  timeMs: null,
  level: null,
})

describe('a batch of the merged stream', () => {
  it('gathers lines by source, in order, and what is said of a source comes between its lines', () => {
    const batch = new StreamBatch()
    batch.add(1, { lines: [line(0, 'a')], next: 2, readAtMs: 5 })
    batch.add(2, { lines: [line(0, 'x')], next: 2, readAtMs: 5 })
    batch.add(1, { lines: [line(2, 'b')], next: 4, readAtMs: 6 })
    batch.tell({ type: 'gap', source: 1, from: 4, to: 8 })
    batch.add(1, { lines: [line(8, 'c')], next: 10, readAtMs: 7 })
    expect(batch.bytes).toBe(8)
    expect([...batch.take()]).toMatchObject([
      { source: 1, texts: ['a', 'b'], offsets: [0, 2], times: [5, 5], next: 4 },
      { source: 2, texts: ['x'] },
      { type: 'gap', source: 1 },
      { source: 1, texts: ['c'], next: 10 },
    ])
    expect([...batch.take()]).toEqual([])
  })

  it('makes messages that fit a frame whatever the lines are made of, and misses none', () => {
    const batch = new StreamBatch()
    let offset = 0
    const lines = Array.from({ length: 3_000 }, (_, index) => {
      const made = line(offset, '\u001b'.repeat(index % 7 === 0 ? 32_768 : 20))
      offset = made.end
      return made
    })
    batch.add(1, { lines, next: offset, readAtMs: 1 })
    const messages = [...batch.take()].map((message) => LogStreamMessage.parse(message))
    const texts = messages.flatMap((message) => (message.type === 'lines' ? message.texts : []))
    expect(texts).toEqual(lines.map(({ text }) => text))
    expect(Math.max(...messages.map((message) => JSON.stringify(message).length))).toBeLessThanOrEqual(256 * 1_024)
    expect(messages.at(-1)).toMatchObject({ next: offset })
  })

  it('tells how far was looked even when no line was wanted', () => {
    const batch = new StreamBatch()
    batch.add(1, { lines: [], next: 700, readAtMs: 1 })
    expect([...batch.take()]).toMatchObject([{ type: 'lines', texts: [], next: 700 }])
  })
})

import { describe, expect, it } from 'vitest'
import { textOf, wholePart } from '#runtime/head/logs/tail-text.ts'

const part = (text: string | Uint8Array, hasMore: boolean, longestBytes = 100) =>
  wholePart(Buffer.from(text as Uint8Array), { hasMore, longestBytes })

describe('what makes one message of a log', () => {
  it('is whole lines while more follows, and all when it is the end', () => {
    expect(part(Buffer.from('one\ntwo\nthr'), true)).toBe(8)
    expect(part(Buffer.from('one\ntwo\nthr'), false)).toBe(11)
  })

  it('is a part of a line that is longer, and splits no letter', () => {
    expect(part(Buffer.from('漢'.repeat(50)), false, 100)).toBe(99)
    expect(part(Buffer.from('x'.repeat(150)), true, 100)).toBe(100)
    expect(part(Buffer.from(`one\n${'x'.repeat(150)}`), false, 100)).toBe(4)
  })

  it('leaves a letter out that is not whole yet', () => {
    expect(part(Buffer.from([0x61, 0xe6, 0xbc]), false)).toBe(1)
    expect(part(Buffer.from([0xf0, 0x9f]), false)).toBe(0)
    expect(part(Buffer.from([0x61, 0xff]), false)).toBe(1)
  })

  it('keeps a byte order mark and replaces what is no UTF-8', () => {
    expect(textOf(Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff]))).toBe('\ufeffa\ufffd')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter, type RawLine } from '#runtime/logs/line-splitter.ts'

function split(bytes: Uint8Array, cuts: readonly number[], longest?: number): RawLine[] {
  const splitter = new LineSplitter(0, longest)
  const lines: RawLine[] = []
  let from = 0
  for (const cut of [...new Set(cuts)].filter((at) => at < bytes.length).sort((a, b) => a - b)) {
    lines.push(...splitter.push(bytes.subarray(from, cut)))
    from = cut
  }
  lines.push(...splitter.push(bytes.subarray(from)), ...splitter.flush({ atEnd: true }))
  return lines
}

describe('bytes cut into lines', () => {
  it('give the same lines however they come, with the offsets of a plain split', () => {
    const text = fc.array(fc.constantFrom('a', 'ü', '漢', '🦈', '\n', ' ', '\r\n'), { maxLength: 200 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, fc.array(fc.nat(400), { maxLength: 20 }), (content, cuts) => {
        const bytes = Buffer.from(content)
        const lines = split(bytes, cuts)
        expect(lines).toEqual(split(bytes, []))
        const expected = content.split('\n').map((line, index, all) => (index < all.length - 1 ? line.replace(/\r$/, '') : line))
        if (expected.at(-1) === '') expected.pop()
        expect(lines.map(({ text: line }) => line)).toEqual(expected)
        let offset = 0
        for (const line of lines) {
          expect(line.offset).toBe(offset)
          offset = line.end
        }
        expect(offset).toBe(bytes.length)
      }),
    )
  })

  it('that make a very long line come in pieces that split no letter and miss none', () => {
    const content = '漢'.repeat(20_000)
    const lines = split(Buffer.from(`${content}\nend\n`), [10_000, 30_001], 1_024)
    expect(lines.slice(0, -2).every(({ isPiece }) => isPiece)).toBe(true)
    expect(
      lines
        .slice(0, -1)
        .map(({ text }) => text)
        .join(''),
    ).toBe(content)
    expect(lines.at(-1)).toMatchObject({ text: 'end', isPiece: false })
    expect(Math.max(...lines.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(1_024)
  })

  it('that are not UTF-8 become replacement characters, and only those', () => {
    const [line] = split(Buffer.from([0x61, 0xff, 0xc3, 0xa9, 0x0a]), [3])
    expect(line?.text).toBe('a\ufffdé')
  })

  it('hold a letter back that is not whole, until it is', () => {
    const splitter = new LineSplitter(100)
    splitter.push(Buffer.from([0x61, 0xf0, 0x9f]))
    expect(splitter.flush({ atEnd: false })).toEqual([{ offset: 100, end: 101, text: 'a', isPiece: true }])
    expect(splitter.push(Buffer.from([0xa6, 0x88, 0x0a]))).toEqual([{ offset: 101, end: 106, text: '🦈', isPiece: false }])
  })
})

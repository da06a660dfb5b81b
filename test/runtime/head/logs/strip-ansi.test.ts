import { expect, it } from 'vitest'
import { stripAnsi } from '#runtime/head/logs/strip-ansi.ts'

async function strip(...chunks: readonly string[]): Promise<string> {
  async function* source() {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  const parts: Uint8Array[] = []
  for await (const part of stripAnsi(source())) parts.push(part)
  return Buffer.concat(parts).toString()
}

it('takes colours and cursor movements out, and nothing else', async () => {
  expect(await strip('a\u001b[31;1mred\u001b[0m\u001b[2K 漢 [31m\u001bx')).toBe('ared 漢 [31m\u001bx')
})

it('takes them out where they are split over chunks', async () => {
  const text = 'a\u001b[31mb\u001b[0mc'
  for (let at = 1; at < text.length; at += 1) expect(await strip(text.slice(0, at), text.slice(at))).toBe('abc')
  expect(await strip(...text.split(''))).toBe('abc')
})

it('gives what only looked like one at the end', async () => {
  expect(await strip('end\u001b[3')).toBe('end\u001b[3')
})

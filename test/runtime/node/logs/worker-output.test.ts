import { mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WorkerOutput } from '#runtime/node/logs/worker-output.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-output-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const workerId = 'a'.repeat(56)
const text = (name: string) => readFileSync(join(folder, name), 'utf8')

describe('the files of a worker', () => {
  it('get their whole names as its pid and its job are known, and what is written goes on', () => {
    const output = new WorkerOutput(folder, workerId)
    const [out, err] = output.descriptors
    writeSync(out, 'one\n')
    writeSync(err, 'wrong\n')
    output.started(17)
    expect(output.names).toEqual([`worker-${workerId}-ffffffff-17.out`, `worker-${workerId}-ffffffff-17.err`])
    output.serve('02000000')
    output.serve('02000000')
    expect(readdirSync(folder).sort()).toEqual([`worker-${workerId}-02000000-17.err`, `worker-${workerId}-02000000-17.out`])
    expect(text(`worker-${workerId}-02000000-17.out`)).toBe('one\n')
    expect(text(`worker-${workerId}-02000000-17.err`)).toBe('wrong\n')
  })

  it('show their last twenty lines, those of standard error last, each cut', () => {
    const output = new WorkerOutput(folder, workerId)
    const [out, err] = output.descriptors
    writeSync(out, Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`).join(''))
    writeSync(err, `${Array.from({ length: 30 }, (_, index) => `wrong ${index}\n`).join('')}${'x'.repeat(5_000)}\n`)
    output.started(17)
    const lines = output.lastLines()
    expect(lines).toHaveLength(20)
    expect(lines.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, index) => `line ${9_990 + index}`))
    expect(lines[10]).toBe('wrong 21')
    expect(lines.at(-1)).toHaveLength(2_048)
  })

  it('give twenty lines of one where the other is empty', () => {
    const output = new WorkerOutput(folder, workerId)
    writeSync(output.descriptors[1], Array.from({ length: 30 }, (_, index) => `wrong ${index}\n`).join(''))
    output.started(17)
    expect(output.lastLines()).toHaveLength(20)
    expect(output.lastLines().at(-1)).toBe('wrong 29')
  })

  it('that somebody removed are no reason to fail', () => {
    const output = new WorkerOutput(folder, workerId)
    output.started(17)
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    output.serve('02000000')
    expect(output.lastLines()).toEqual([])
  })
})

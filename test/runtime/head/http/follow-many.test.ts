import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestNode } from '#test/support/cluster.ts'
import { type LogCluster, startLogCluster, StreamRecord } from './log-cluster.ts'

/** 50 files of 10,000 lines a second for half a minute take a machine of their own; the short form goes the same ways. */
const isLong = process.env['SHOAL_LONG_TESTS'] === '1'
const load = isLong
  ? { files: 50, linesPerSecond: 10_000, seconds: Number(process.env['SHOAL_LONG_SECONDS'] ?? 30) }
  : { files: 20, linesPerSecond: 1_000, seconds: 4 }
const total = load.linesPerSecond * load.seconds

let logs: LogCluster
beforeAll(async () => {
  logs = await startLogCluster([{}])
})
afterAll(() => logs?.stop())

it(`${load.files} files of ${load.linesPerSecond} lines a second are followed at once, cut in between, and no line is lost or comes twice`, async () => {
  const node = logs.cluster.nodes[0] as TestNode
  const order = { selectors: [{ node_id: node.nodeId, file: 'many-*' }], tail: -1 }
  const connect = (resume: Record<string, number>) => new StreamRecord(logs.socket('/api/shoal/v1/logs/stream'), { ...order, resume })
  const script = join(import.meta.dirname, '../../../fixtures/log-writer.mjs')
  const writer = spawn(process.execPath, [
    script,
    node.layout.logDir,
    String(load.files),
    String(load.linesPerSecond),
    String(load.seconds),
  ])
  const written = once(writer, 'exit')
  const before = connect({})
  await expect.poll(() => before.lines.length, { timeout: 120_000 }).toBeGreaterThan((load.files * total) / 4)
  before.end()
  await before.closed
  const after = connect(before.resume)
  await expect
    .poll(() => before.lines.length + after.lines.length, { timeout: 300_000, interval: 200 })
    .toBeGreaterThanOrEqual(load.files * total)
  await written
  for (let index = 0; index < load.files; index += 1) {
    const key = `${node.nodeId}/many-${index}.log`
    const lines = [...(before.linesOf.get(key) ?? []), ...(after.linesOf.get(key) ?? [])]
    expect(lines).toHaveLength(total)
    expect(lines.findIndex((line, at) => line !== `many-${index} ${at}`)).toBe(-1)
  }
  expect(after.has('gap')).toBe(false)
  after.end()
}, 600_000)

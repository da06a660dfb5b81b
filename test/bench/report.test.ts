import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { describeMachine } from './machine.ts'
import { Report, reportRow, tableHead, tableLine } from './report.ts'
import { RowRunner } from './row-runner.ts'
import { type Row, rows } from './rows.ts'
import { quickSettings } from './settings.ts'
import { endAllSides, type SideCommand } from './side.ts'

afterEach(endAllSides)

function rowNamed(name: string): Row {
  const row = rows.find((one) => one.name === name)
  if (!row) throw new Error(`no row ${name}`)
  return row
}

const canned = (name: string, answers: object): SideCommand => ({
  name,
  program: process.execPath,
  args: [fileURLToPath(new URL('canned-side.mjs', import.meta.url)), JSON.stringify(answers)],
})

const ours = canned('ours', {
  startS: 0.5,
  'single client tasks sync': { mean: 9_000, sd: 10 },
  'get of 100 MB, same node': { mean: 25, sd: 1 },
  'put of 100 MB arrays': { mean: 10, sd: 0, reference: 11 },
  'worker process ready': { mean: 40, sd: 2 },
})
const ray = canned('Ray', {
  startS: 8,
  'single client tasks sync': { mean: 750, sd: 5 },
  'get of 100 MB, same node': { mean: 500, sd: 1 },
  'put of 100 MB arrays': { mean: 8, sd: 1 },
})

async function runCanned(name: string, sides: { ours: SideCommand | null; oursOnRay?: SideCommand; ray: SideCommand | null }) {
  const printed: string[] = []
  const runner = new RowRunner({ settings: quickSettings, oursOnRay: null, ...sides, print: (line) => printed.push(line) })
  const row = rowNamed(name)
  const found = await runner.run(row)
  return { found, row: reportRow(row, found), failed: runner.failed, printed }
}

describe('a report', () => {
  test('of the SDK on Ray takes ours from the program on Ray, and the row that it is like', async () => {
    const oursOnRay = canned('ours on Ray', { startS: 9, 'single client tasks sync': { mean: 600, sd: 5 } })
    const { row } = await runCanned('SDK on Ray: single client tasks sync', { ours: null, oursOnRay, ray })
    expect(row).toMatchObject({ name: 'SDK on Ray: single client tasks sync', ours: 600, ray: 750, ratio: 0.8 })
  })

  test('of a run has exactly the promised shape, and survives JSON', async () => {
    const names = ['single client tasks sync', 'put of 100 MB arrays', 'worker process ready', 'head ready to serve']
    const measured = []
    for (const name of names) measured.push((await runCanned(name, { ours, ray })).row)
    const machine = describeMachine()({ shoal: '0.1.0', ray: '2.58.0', python: '3.11.7', rounds: 'quick' })
    const report = JSON.parse(JSON.stringify({ machine, rows: measured })) as unknown
    expect(Report.parse(report)).toEqual(report)
    expect(Object.keys(measured[0] ?? {})).toEqual(['name', 'unit', 'ours', 'ray', 'ratio', 'budget', 'met', 'memory'])
  })

  test('with a field that was not promised is refused', () => {
    const machine = describeMachine()({ shoal: '0.1.0', ray: null, python: null, rounds: 'full' })
    expect(Report.safeParse({ machine, rows: [] }).success).toBe(true)
    expect(Report.safeParse({ machine, rows: [], more: 1 }).success).toBe(false)
  })
})

describe('a row', () => {
  test('of a rate is met at or above its budget, and its ratio says how many times Ray’s it is', async () => {
    const { row } = await runCanned('single client tasks sync', { ours, ray })
    expect(row).toMatchObject({ ours: 9_000, ray: 750, ratio: 12, budget: 8_000, met: true })
  })

  test('of a time is met at or below its budget, and its ratio still says how many times better we are', async () => {
    const { row } = await runCanned('get of 100 MB, same node', { ours, ray })
    expect(row).toMatchObject({ ours: 25, ray: 500, ratio: 20, budget: 20, met: false })
  })

  test('whose budget is a share of a reference takes what was measured beside it', async () => {
    const { row } = await runCanned('put of 100 MB arrays', { ours, ray })
    expect(row.budget).toBeCloseTo(9.9)
    expect(row.met).toBe(true)
  })

  test('of a fresh cluster takes what its program says of its start', async () => {
    const { row } = await runCanned('head ready to serve', { ours, ray })
    expect(row).toMatchObject({ ours: 0.5, ray: 8, ratio: 16, met: true })
  })

  test('that Ray cannot do has no ratio, and one that ours was not measured for is neither met nor missed', async () => {
    expect((await runCanned('worker process ready', { ours, ray })).row).toMatchObject({ ours: 40, ray: null, ratio: null, met: true })
    expect((await runCanned('single client tasks sync', { ours: null, ray })).row).toMatchObject({
      ours: null,
      ray: 750,
      met: null,
      memory: null,
    })
  })

  test('that fails is said, counted and left empty, and the other side is measured all the same', async () => {
    const { row, failed, printed } = await runCanned('single client tasks sync', { ours: canned('ours', {}), ray })
    expect(row).toMatchObject({ ours: null, ray: 750, ratio: null, met: null })
    expect(failed).toBe(1)
    expect(printed).toEqual(['  single client tasks sync: ours failed: no answer for single client tasks sync'])
  })

  test.runIf(process.platform === 'linux')('tells what our processes held meanwhile', async () => {
    const { row } = await runCanned('single client tasks sync', { ours, ray })
    expect(row.memory?.peakPssBytes).toBeGreaterThan(1e6)
    expect(row.memory?.peakRssBytes).toBeGreaterThan(1e6)
  })

  test('fills a line of the table as wide as the head', async () => {
    const { row, found } = await runCanned('single client tasks sync', { ours, ray })
    const line = tableLine(row, found)
    expect(line).toHaveLength(tableHead.length)
    expect(line.split(/ {2,}/)).toEqual(expect.arrayContaining(['single client tasks sync', '9,000', '750', '12×', '8,000', 'yes']))
  })
})

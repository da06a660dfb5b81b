import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { rowsAlone, rowsInCluster } from './ours/all-rows.ts'
import { rows } from './rows.ts'

/** Ray's micro-benchmarks, those through Ray Client left out (Ray: ray_perf.py of 2.58). */
const raysNames = [
  'single client get calls (Plasma Store)',
  'single client put calls (Plasma Store)',
  'multi client put calls (Plasma Store)',
  'single client put gigabytes',
  'multi client put gigabytes',
  'single client tasks and get batch',
  'single client get object containing 10k refs',
  'single client wait 1k refs',
  'single client tasks sync',
  'single client tasks async',
  'multi client tasks async',
  '1:1 actor calls sync',
  '1:1 actor calls async',
  '1:1 actor calls concurrent',
  '1:n actor calls async',
  'n:n actor calls async',
  'n:n actor calls with arg async',
  '1:1 async-actor calls sync',
  '1:1 async-actor calls async',
  '1:1 async-actor calls with args async',
  '1:n async-actor calls async',
  'n:n async-actor calls async',
  'placement group create/removal',
]

/** What is promised of the runtime, on 2 cores. */
const promises = {
  'single client tasks sync': 8_000,
  'single client tasks async': 60_000,
  '1:1 actor calls sync': 8_000,
  '1:1 actor calls async': 100_000,
  '1:1 async-actor calls sync': 8_000,
  '1:1 async-actor calls async': 100_000,
  'single client put calls (Plasma Store)': 100_000,
  'single client get calls (Plasma Store)': 500_000,
  'put of 100 MB arrays': { shareOf: 'memcpy of 100 MB', share: 0.9 },
  'get of 100 MB, same node': 20,
  'single client wait 1k refs': 100,
  'object to another node, loopback TLS': 1.5,
  'head ready to serve': 0.6,
  'idle memory of a head node': 200,
  'worker process ready': 45,
  'worker process memory': 14,
  '1,000,000 tasks queued on one node, drained': 30,
  '10,000 args to one task': 1,
  '10,000 refs in one get': 1,
  'actor registrations of the head, simulated agents': 5_000,
  'lists of 1,000,000 task attempts, p95': 300,
}

const names = rows.map((row) => row.name)

describe('the rows of the benchmark', () => {
  test('each of Ray’s micro-benchmarks has one, and Ray is measured beside it', () => {
    const beside = rows.filter((row) => row.onRay && row.runs === 'cluster').map((row) => row.name)
    expect(raysNames.filter((name) => !beside.includes(name))).toEqual([])
  })

  test('each promise has one with its budget, and there is no other budget', () => {
    expect(Object.fromEntries(rows.filter((row) => row.budget !== null).map((row) => [row.name, row.budget]))).toEqual(promises)
  })

  test('no name stands twice', () => {
    expect(new Set(names).size).toBe(names.length)
  })

  test('each is served by the program that it names, and none is left over there', () => {
    const served = (runs: string) => names.filter((_, index) => rows[index]?.runs === runs).toSorted()
    expect(Object.keys(rowsInCluster).toSorted()).toEqual(served('cluster'))
    expect(Object.keys(rowsAlone).toSorted()).toEqual(served('alone'))
  })

  test('each of the SDK on Ray makes the calls of a row that both programs serve', () => {
    const onRay = rows.filter((row) => row.runs === 'on-ray')
    expect(onRay.length).toBeGreaterThan(0)
    const beside = rows.filter((row) => row.onRay && row.runs === 'cluster').map((row) => row.name)
    expect(onRay.filter((row) => !beside.includes(row.like ?? ''))).toEqual([])
  })

  test('each that Ray can be told against is in Ray’s program, and none is left over there', () => {
    const program = readFileSync(new URL('ray_rows.py', import.meta.url), 'utf8')
    const served = [...program.matchAll(/^(?:@row\(|@timed_once\(|ROWS\[)"(.*?)"/gm)].map(([, name]) => name)
    expect(served.toSorted()).toEqual(
      rows
        .filter((row) => row.onRay && row.runs === 'cluster')
        .map((row) => row.name)
        .toSorted(),
    )
  })
})

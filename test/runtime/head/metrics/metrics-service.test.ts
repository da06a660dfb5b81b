import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { MetricsService, type MetricsServiceOptions } from '#runtime/head/metrics/metrics-service.ts'
import { MetricsStore } from '#runtime/head/metrics/metrics-store.ts'
import { aProcess, figuresOf } from './figures.ts'

const start = 1_800_000_000_000
const nodeId = 'a'.repeat(56)
const minute = 60_000
const hour = 60 * minute
let path: string
let nowMs = start
let open: MetricsService[] = []
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shoal-metrics-test-'))
  nowMs = start
})
afterEach(() => {
  for (const service of open) service.close()
  open = []
  rmSync(path, { recursive: true, force: true })
})

function aService(options: Partial<MetricsServiceOptions> = {}): MetricsService {
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs }
  const service = new MetricsService({ store: new MetricsStore(join(path, 'm.sqlite')), clock, logger: silentLogger, ...options })
  open.push(service)
  return service
}
function close(service: MetricsService): void {
  service.close()
  open = open.filter((each) => each !== service)
}
/** A figure every `everyMs`, that grows by one each time. */
function feed(
  service: MetricsService,
  { ms, everyMs = 2_000, from = 0, id = nodeId }: { ms: number; everyMs?: number; from?: number; id?: string },
): void {
  for (let at = 0; at < ms; at += everyMs) {
    nowMs += everyMs
    service.accept(figuresOf(id, { cpu: { ...figuresOf(id).cpu, percent: from + at / everyMs } }))
    if (nowMs % 10_000 === 0) service.tick(Number.POSITIVE_INFINITY)
  }
}
const cpu = async (service: MetricsService, fromMs: number, points: number, id = nodeId) =>
  (await service.history({ names: ['cpu_percent'], nodeIds: [id], fromMs, toMs: nowMs, points })).series[0]?.points ?? []

describe('the history of figures', () => {
  it('has the last quarter of an hour as it came', async () => {
    const service = aService()
    feed(service, { ms: 60_000 })
    expect(service.latest(nodeId)?.cpu.percent).toBe(29)
    const points = await cpu(service, nowMs - 20_000, 10)
    expect(points.map(([, , mean]) => mean)).toEqual([19, 20, 21, 22, 23, 24, 25, 26, 27, 28])
  })

  it('goes back further at a falling resolution, with least and greatest kept, and no time told twice', async () => {
    const service = aService()
    feed(service, { ms: 3 * hour, everyMs: 10_000 })
    for (const points of [10, 60, 200]) {
      const line = await cpu(service, start, points)
      expect(line.length).toBeGreaterThanOrEqual(points - 2)
      expect(line.length).toBeLessThanOrEqual(points)
      expect(line[0]?.[1]).toBeLessThanOrEqual(1)
      expect(line.at(-1)?.[3]).toBeGreaterThanOrEqual(1_070)
      for (const [index, [atMs, least, mean, greatest]] of line.entries()) {
        expect(least).toBeLessThanOrEqual(mean)
        expect(mean).toBeLessThanOrEqual(greatest)
        const [beforeMs = 0, , , greatestBefore = -1] = line[index - 1] ?? []
        expect(atMs).toBeGreaterThan(beforeMs)
        expect(least).toBeGreaterThanOrEqual(greatestBefore) // it grows: what comes later is higher
      }
    }
  })

  it('is there after a restart, also of steps that were under way', async () => {
    const first = aService()
    feed(first, { ms: 25 * minute + 30_000, everyMs: 10_000 })
    close(first)
    const second = aService()
    second.tick(Number.POSITIVE_INFINITY)
    expect(second.latest(nodeId)).toBeUndefined()
    const before = await cpu(second, start, 150)
    expect(before.at(-1)?.[3]).toBeGreaterThanOrEqual(150)
    feed(second, { ms: 5 * minute, everyMs: 10_000, from: 1_000 })
    const line = await cpu(second, start, 30)
    expect(line[0]?.[1]).toBeLessThanOrEqual(1)
    expect(line.at(-1)?.[3]).toBe(1_028)
    const coarse = await cpu(second, start, 3)
    expect(coarse.at(-1)?.[3]).toBe(1_028)
  })

  it('forgets what is too old, and nodes of which nothing is left', async () => {
    const tiers = [
      { stepMs: 10_000, keptMs: 10 * minute },
      { stepMs: minute, keptMs: 30 * minute },
    ]
    const store = new MetricsStore(join(path, 'm.sqlite'))
    const service = aService({ tiers, store, recentSamples: 5 })
    feed(service, { ms: 5 * minute, everyMs: 10_000, id: 'b'.repeat(56) })
    feed(service, { ms: 2 * hour, everyMs: 10_000 })
    expect(store.nodeIds()).toEqual([nodeId])
    const oldest = (await cpu(service, start, 2_000))[0]?.[0] ?? 0
    expect(nowMs - oldest).toBeLessThanOrEqual(32 * minute)
    expect(nowMs - oldest).toBeGreaterThanOrEqual(28 * minute)
  })

  it('stays within its bytes by keeping everything for a shorter time', () => {
    const store = new MetricsStore(join(path, 'm.sqlite'))
    const keptBytes = 400_000
    const service = aService({ store, keptBytes, recentSamples: 5 })
    let largest = 0
    for (let round = 0; round < 40; round += 1) {
      for (let node = 0; node < 20; node += 1) {
        const id = node.toString(16).padStart(56, '0')
        service.accept(figuresOf(id, { cpu: { ...figuresOf(id).cpu, percent: Math.random() * 100 } }))
      }
      nowMs += 20 * minute
      for (let tick = 0; tick < 10; tick += 1) service.tick(Number.POSITIVE_INFINITY)
      if (round > 20) largest = Math.max(largest, store.usedBytes())
    }
    expect(largest).toBeLessThan(keptBytes * 1.3)
  })

  it('tells GPUs and processes apart, and does not mix up a pid that was used again', async () => {
    const service = aService()
    const gpu = {
      index: 0,
      name: 'T4',
      uuid: 'GPU-1',
      utilizationPercent: 80,
      memoryUsedBytes: 1e9,
      memoryTotalBytes: 1.6e10,
      powerMilliwatts: null,
      temperatureCelsius: 50,
      processes: null,
    }
    for (const startedAtMs of [1_000, 9_000]) {
      for (let at = 0; at < 10; at += 1) {
        nowMs += 2_000
        service.accept(figuresOf(nodeId, { gpus: [gpu], processes: [aProcess({ pid: 7, startedAtMs, rssBytes: startedAtMs })] }))
      }
    }
    service.tick(Number.POSITIVE_INFINITY)
    for (const points of [3, 100]) {
      const { series } = await service.history({
        names: ['gpu_utilization_percent', 'gpu_power_milliwatts', 'process_rss_bytes'],
        nodeIds: [nodeId],
        fromMs: start,
        toMs: nowMs,
        points,
      })
      expect(series.map(({ name, labels }) => ({ name, ...labels }))).toEqual([
        { name: 'gpu_utilization_percent', gpu: '0' },
        { name: 'process_rss_bytes', role: 'worker', pid: '7', started: '1' },
        { name: 'process_rss_bytes', role: 'worker', pid: '7', started: '9' },
      ])
      expect(series[1]?.points.every(([, least, , greatest]) => least === 1_000 && greatest === 1_000)).toBe(true)
    }
  })

  it('keeps the daemons and the largest of many processes', async () => {
    const service = aService()
    const many = Array.from({ length: 100 }, (_, index) => aProcess({ pid: 100 + index, rssBytes: index * 1e7, cpuPercent: 0 }))
    nowMs += 2_000
    service.accept(figuresOf(nodeId, { processes: [...many, aProcess({ role: 'agent', pid: 1, rssBytes: 1, cpuPercent: 0 })] }))
    nowMs += 1
    const { series } = await service.history({ names: ['process_rss_bytes'], nodeIds: [nodeId], fromMs: start, toMs: nowMs, points: 2_000 })
    const pids = series.map(({ labels }) => Number(labels['pid']))
    expect(pids).toHaveLength(16)
    expect(pids).toContain(1)
    expect(pids).toContain(199)
    expect(pids).not.toContain(100)
  })
})

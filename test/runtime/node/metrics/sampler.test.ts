import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { disksOf, mountOf } from '#runtime/node/metrics/disk-space.ts'
import { percentSince, perSecond } from '#runtime/node/metrics/rates.ts'
import { MetricsSampler } from '#runtime/node/metrics/sampler.ts'
import type { TrackedProcess } from '#runtime/node/metrics/processes.ts'
import { NodeMetrics } from '#runtime/protocol/metrics.ts'

const noStore = {
  ...{ capacityBytes: 0, usedBytes: 0, pinnedBytes: 0, primaryBytes: 0, spilledBytes: 0, objects: 0, waiting: 0 },
  ...{ spilledTotalBytes: 0, restoredTotalBytes: 0, evictedTotalBytes: 0 },
}
const tracked = (pid: number, role: TrackedProcess['role'] = 'worker'): TrackedProcess => ({ role, pid, workerId: null, jobId: null })
const aSampler = (processes: () => readonly TrackedProcess[] = () => []) =>
  new MetricsSampler({
    ...{ nodeId: 'a'.repeat(56), logger: silentLogger, folders: ['/tmp'], processes },
    store: () => noStore,
    outOfMemoryEnds: () => 0,
    gpus: { read: () => [] },
  })

/** A process that says a word each time it was asked to work, after having used `ms` of processor time. */
async function aBusyProcess(ms: number) {
  const code = `process.stdin.on('data', () => { const c = process.cpuUsage(); for (;;) { const u = process.cpuUsage(c); if (u.user + u.system > ${ms * 1_000}) break } console.log('done') }); console.log('ready')`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return {
    pid: child.pid ?? 0,
    work: async () => {
      child.stdin.write('go\n')
      await once(child.stdout, 'data')
    },
    end: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

describe('a sample of this machine', () => {
  it('is what the protocol takes, and what the system itself says', async () => {
    const sampler = aSampler(() => [tracked(process.pid, 'agent')])
    sampler.sample()
    await expect.poll(() => sampler.sample().disks.length).toBeGreaterThan(0)
    const sample = NodeMetrics.parse(sampler.sample())
    expect(sample.cpu.logical).toBe(cpus().length)
    expect(sample.cpu.physical).toBeGreaterThan(0)
    expect(sample.memory.totalBytes).toBe(totalmem())
    expect(sample.memory.usedBytes + sample.memory.availableBytes).toBe(sample.memory.totalBytes)
    const [, size] =
      execFileSync('df', ['-B1', '--output=target,size', '/tmp'], { encoding: 'utf8' }).trim().split('\n').at(-1)?.split(/\s+/) ?? []
    expect(sample.disks.find(({ isOurs }) => isOurs)?.totalBytes).toBe(Number(size))
    const [own] = sample.processes
    expect(own).toMatchObject({ role: 'agent', pid: process.pid })
    expect(own?.files).toBeGreaterThan(readdirSync('/proc/self/fd').length / 2)
    expect(own?.rssBytes).toBeGreaterThan(process.memoryUsage.rss() / 2)
    expect(own?.rssBytes).toBeLessThan(process.memoryUsage.rss() * 2)
    expect(Math.abs((own?.startedAtMs ?? 0) - (Date.now() - process.uptime() * 1_000))).toBeLessThan(5_000)
  })

  it('counts the processor time that a process used, and no other', async () => {
    const busy = await aBusyProcess(300)
    const sampler = aSampler(() => [tracked(busy.pid)])
    const secondsOf = (sample: NodeMetrics) => (sample.processes[0]?.userSeconds ?? 0) + (sample.processes[0]?.systemSeconds ?? 0)
    const before = sampler.sample()
    await busy.work()
    const after = sampler.sample()
    const usedS = secondsOf(after) - secondsOf(before)
    expect(usedS).toBeGreaterThan(0.25)
    expect(usedS).toBeLessThan(0.6)
    // The percentage is the same counter over the sample's span.
    expect(after.processes[0]?.cpuPercent).toBeCloseTo((usedS / (after.spanMs / 1_000)) * 100, -1)
    const idle = sampler.sample()
    expect(secondsOf(idle) - secondsOf(after)).toBeLessThan(0.2)
    await busy.end()
    expect(sampler.sample().processes).toEqual([])
  })

  it('leaves out what is gone and what it may not see', () => {
    const sampler = aSampler(() => [tracked(2 ** 22 + 1), tracked(process.pid)])
    expect(sampler.sample().processes.map(({ pid }) => pid)).toEqual([process.pid])
  })

  it('costs little: less than a hundredth of a core at one in two seconds, with 64 processes', () => {
    const sampler = aSampler(() => Array.from({ length: 64 }, () => tracked(process.pid)))
    for (let warm = 0; warm < 20; warm += 1) sampler.sample()
    const began = process.cpuUsage()
    for (let round = 0; round < 20; round += 1) sampler.sample()
    const { user, system } = process.cpuUsage(began)
    expect((user + system) / 20 / 1_000).toBeLessThan(20) // ms of processor time for each
  })
})

describe('rates', () => {
  it('are never negative, also when counters start over', () => {
    expect(perSecond(100, 300, 2)).toBe(100)
    expect(perSecond(300, 100, 2)).toBe(0)
    expect(perSecond(undefined, 100, 2)).toBe(0)
    expect(perSecond(1, 2, 0)).toBe(0)
    expect(percentSince({ busy: 10, total: 100 }, { busy: 60, total: 200 })).toBe(50)
    expect(percentSince({ busy: 10, total: 100 }, { busy: 5, total: 200 })).toBe(0)
    expect(percentSince({ busy: 10, total: 100 }, { busy: 10, total: 100 })).toBe(0)
  })
})

describe('disks', () => {
  const mounts = [
    { mount: '/', device: '/dev/sda1', type: 'ext4' },
    { mount: '/proc', device: 'proc', type: 'proc' },
    { mount: '/srv', device: '/dev/sdb1', type: 'xfs' },
    { mount: '/srv/copy/again', device: '/dev/sdb1', type: 'xfs' },
    { mount: '/net', device: 'server:/x', type: 'nfs4' },
    { mount: '/snap/core', device: '/dev/loop0', type: 'squashfs' },
  ]
  it('are shown once each, ours first, and none of a network unless our files are there', () => {
    expect(disksOf(mounts, ['/tmp/shoal'])).toEqual([
      { mount: '/', isOurs: true },
      { mount: '/srv', isOurs: false },
    ])
    expect(disksOf(mounts, ['/net/shoal']).map(({ mount }) => mount)).toEqual(['/net', '/', '/srv'])
    expect(mountOf(mounts, '/srv/deep')).toBe('/srv')
    expect(mountOf(mounts, '/srvs')).toBe('/')
  })
  it('of this machine contain the one of this folder', () => {
    expect(readFileSync('/proc/self/mounts', 'utf8')).toContain(` ${mountOf([], '/anywhere')} `)
  })
})

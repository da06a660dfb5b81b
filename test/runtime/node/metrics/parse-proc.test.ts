import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  parseAuxv,
  parseDiskstats,
  parseLoadavg,
  parseMeminfo,
  parseMounts,
  parseNetDev,
  parsePhysicalCores,
  parseProcessStat,
  parseProcStat,
  parseStatm,
} from '#runtime/node/metrics/parse-proc.ts'

describe('readers of /proc', () => {
  it('count waiting for a disk as idle, stolen time as busy, and guests once', () => {
    const text =
      'cpu  100 10 50 800 40 5 5 10 30 0\ncpu0 60 5 30 400 20 3 2 5 15 0\ncpu1 40 5 20 400 20 2 3 5 15 0\nintr 1 2\nbtime 1700000000\n'
    expect(parseProcStat(text)).toEqual({
      all: { busy: 180, total: 1020 },
      cores: [
        { busy: 105, total: 525 },
        { busy: 75, total: 495 },
      ],
      bootedAtMs: 1_700_000_000_000,
    })
  })

  it('take the short lines of old kernels and nothing at all', () => {
    expect(parseProcStat('cpu 1 2 3 4\n').all).toEqual({ busy: 6, total: 10 })
    expect(parseProcStat('')).toEqual({ all: { busy: 0, total: 0 }, cores: [], bootedAtMs: 0 })
    expect(parseLoadavg('')).toEqual([0, 0, 0])
    expect(parseLoadavg('0.52 1.58 2.59 1/467 12345\n')).toEqual([0.52, 1.58, 2.59])
  })

  it('know what memory can be had, also from kernels that do not say it', () => {
    const modern =
      'MemTotal:  16000 kB\nMemFree: 1000 kB\nMemAvailable: 9000 kB\nShmem: 500 kB\nSwapTotal: 2000 kB\nSwapFree: 1500 kB\nHugePages_Total: 0\n'
    expect(parseMeminfo(modern)).toEqual({
      totalBytes: 16_384_000,
      availableBytes: 9_216_000,
      sharedBytes: 512_000,
      swapTotalBytes: 2_048_000,
      swapFreeBytes: 1_536_000,
    })
    const old = 'MemTotal: 16000 kB\nMemFree: 1000 kB\nBuffers: 200 kB\nCached: 3000 kB\nSReclaimable: 100 kB\nShmem: 500 kB\n'
    expect(parseMeminfo(old).availableBytes).toBe(3_800 * 1024)
    expect(parseMeminfo('garbage\nMemTotal: x kB').totalBytes).toBe(0)
  })

  it('read disks in sectors, with the longer lines of newer kernels and the shorter ones of old partitions', () => {
    const text = [
      ' 259       0 nvme0n1 1000 5 80000 90 2000 7 160000 300 0 400 500 1 2 3 4 5 6',
      '   8       0 sda 10 0 100 1 20 0 200 2 0 3 4',
      '   8       1 sda1 10 100 20 200',
      '',
    ].join('\n')
    expect([...parseDiskstats(text)]).toEqual([
      ['nvme0n1', { reads: 1000, readBytes: 40_960_000, writes: 2000, writeBytes: 81_920_000 }],
      ['sda', { reads: 10, readBytes: 51_200, writes: 20, writeBytes: 102_400 }],
    ])
  })

  it('read networks with and without a blank behind the colon, and aliases', () => {
    const text = [
      'Inter-|   Receive                                                |  Transmit',
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
      '    lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0',
      'enp1s0:123456789 1 0 0 0 0 0 0 987654321 1 0 0 0 0 0 0',
      'eth0:1: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0',
    ].join('\n')
    expect([...parseNetDev(text)]).toEqual([
      ['lo', { receivedBytes: 10, sentBytes: 10 }],
      ['enp1s0', { receivedBytes: 123_456_789, sentBytes: 987_654_321 }],
      ['eth0:1', { receivedBytes: 5, sentBytes: 6 }],
    ])
  })

  it('read mounts with blanks in their paths', () => {
    expect(parseMounts('/dev/sda1 /mnt/my\\040disk ext4 rw 0 0\nproc /proc proc rw 0 0\nshort\n')).toEqual([
      { device: '/dev/sda1', mount: '/mnt/my disk', type: 'ext4' },
      { device: 'proc', mount: '/proc', type: 'proc' },
    ])
  })

  it('read processes whatever their name is', () => {
    const rest = 'S 1 42 42 0 -1 4194560 700 30 8 2 111 22 33 44 20 0 11 0 98765 1073741824 2048 18446744073709551615 1 1'
    for (const name of ['node', 'a) b (c', 'two\nlines', '))) 1 2 3']) {
      expect(parseProcessStat(`42 (${name}) ${rest}`)).toEqual({
        ...{ state: 'S', parentPid: 1, minorFaults: 700, majorFaults: 8 },
        ...{ user: 111, system: 22, childUser: 33, childSystem: 44 },
        ...{ started: 98_765, virtualBytes: 1_073_741_824, rssPages: 2_048 },
      })
    }
    expect(parseProcessStat('')).toBeUndefined()
    expect(parseProcessStat('42 (node) Z 1')).toBeUndefined()
    expect(parseStatm('100 50 20 1 0 30 0\n')).toEqual({ virtual: 100, rss: 50, shared: 20 })
  })

  it('count cores of hardware, and say 0 where the kernel is silent', () => {
    const thread = (processor: number, chip: number, core: number) =>
      `processor\t: ${processor}\nphysical id\t: ${chip}\ncore id\t\t: ${core}\n`
    expect(parsePhysicalCores([thread(0, 0, 0), thread(1, 0, 0), thread(2, 0, 1), thread(3, 1, 0)].join('\n'))).toBe(3)
    expect(parsePhysicalCores('processor : 0\nBogoMIPS : 50.00\n')).toBe(0)
  })

  it('know the pages and ticks of this machine', () => {
    const { pageBytes, ticksPerS } = parseAuxv(readFileSync('/proc/self/auxv'))
    expect([4_096, 16_384, 65_536]).toContain(pageBytes)
    expect(ticksPerS).toBe(100) // what every Linux shows to programs
    expect(parseAuxv(Buffer.alloc(0))).toEqual({ pageBytes: 4_096, ticksPerS: 100 })
  })
})

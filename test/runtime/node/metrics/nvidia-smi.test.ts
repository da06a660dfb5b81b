import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { GpuSampler, parseGpuProcesses, parseGpus } from '#runtime/node/metrics/nvidia-smi.ts'

const two = [
  '0, GPU-5f1a3d2c-0000-0000-0000-000000000001, 37, 1024, 40960, 61.25, 41, NVIDIA A100-SXM4-40GB',
  '1, GPU-5f1a3d2c-0000-0000-0000-000000000002, [N/A], 0, 15360, [Not Supported], ERR!, Tesla T4, rev 2',
].join('\n')

describe('the figures of nvidia-smi', () => {
  it('are read with their units, and what the driver does not say is null', () => {
    expect(parseGpus(two)).toEqual([
      {
        ...{ index: 0, name: 'NVIDIA A100-SXM4-40GB', uuid: 'GPU-5f1a3d2c-0000-0000-0000-000000000001', utilizationPercent: 37 },
        ...{ memoryUsedBytes: 1_073_741_824, memoryTotalBytes: 42_949_672_960, powerMilliwatts: 61_250, temperatureCelsius: 41 },
      },
      {
        ...{ index: 1, name: 'Tesla T4, rev 2', uuid: 'GPU-5f1a3d2c-0000-0000-0000-000000000002', utilizationPercent: null },
        ...{ memoryUsedBytes: 0, memoryTotalBytes: 16_106_127_360, powerMilliwatts: null, temperatureCelsius: null },
      },
    ])
  })

  it('are nothing where the tool says something else', () => {
    const noise =
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n\n-1, GPU-1, 1, 1, 1, 1, 1, x\n0, GPU-1, 1\n"
    expect(parseGpus(noise)).toEqual([])
    expect(parseGpus('')).toEqual([])
  })

  it('name processes by GPU', () => {
    const text = 'GPU-a, 4711, 3456\nGPU-a, 4712, [N/A]\nGPU-b, 4713, 10\nNo running processes found\n'
    expect([...parseGpuProcesses(text)]).toEqual([
      [
        'GPU-a',
        [
          { pid: 4711, memoryBytes: 3456 * 1_048_576 },
          { pid: 4712, memoryBytes: 0 },
        ],
      ],
      ['GPU-b', [{ pid: 4713, memoryBytes: 10 * 1_048_576 }]],
    ])
  })

  const aTool = (script: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-smi-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const tool = join(folder, 'nvidia-smi')
    writeFileSync(tool, `#!/bin/sh\n${script}\n`)
    chmodSync(tool, 0o700)
    return tool
  }

  it('come from the tool without being waited for, and again after a while', async () => {
    const tool = aTool(
      `case "$1" in --query-gpu*) cat <<'TEXT'\n${two}\nTEXT\n;; *) echo 'GPU-5f1a3d2c-0000-0000-0000-000000000001, 7, 100';; esac`,
    )
    const sampler = new GpuSampler({ logger: silentLogger, tool })
    expect(sampler.read(0)).toEqual([])
    await sampler.settled()
    expect(sampler.read(1).map(({ processes }) => processes)).toEqual([[{ pid: 7, memoryBytes: 104_857_600 }], []])
    await sampler.settled()
    expect(sampler.read(20_000)).toHaveLength(2) // asks anew, and tells what it has meanwhile
    await sampler.settled()
  })

  it('are none on a machine without the tool, which is asked for once', async () => {
    const sampler = new GpuSampler({ logger: silentLogger, tool: '/nowhere/nvidia-smi' })
    sampler.read(0)
    await sampler.settled()
    expect(sampler.read(1e9)).toEqual([])
  })

  it('are none while the tool fails or hangs', async () => {
    for (const script of ['echo broken; exit 9', 'exec sleep 60']) {
      const sampler = new GpuSampler({ logger: silentLogger, tool: aTool(script), timeoutMs: 200 })
      sampler.read(0)
      await sampler.settled()
      expect(sampler.read(1)).toEqual([])
    }
  })
})

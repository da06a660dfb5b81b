import { describe, expect, it } from 'vitest'
import { silentLogger } from '#runtime/base/logger.ts'
import { resolveLabels, resolveResources } from '#runtime/node/agent-options.ts'
import { acceleratorType, defaultStoreBytes, parseCpuQuota, parseNvidiaSmi, readHardware, visibleGpus } from '#runtime/node/hardware.ts'

/** In the format of `nvidia-smi --query-gpu=index,uuid,name,memory.total --format=csv,noheader,nounits`. */
const output = `0, GPU-6a1f0f39-6f0c-2f2b-91d6-0a7f3c3f2f10, NVIDIA A100-SXM4-40GB, 40960
1, GPU-0b9c8e53-1dd1-7f35-5c2e-94a1f7a5f0f7, NVIDIA A100-SXM4-40GB, 40960
`

describe('what nvidia-smi prints', () => {
  it('becomes one record for each GPU', () => {
    expect(parseNvidiaSmi(output)).toEqual([
      { index: '0', uuid: 'GPU-6a1f0f39-6f0c-2f2b-91d6-0a7f3c3f2f10', name: 'NVIDIA A100-SXM4-40GB', memoryBytes: 40_960 * 1_048_576 },
      { index: '1', uuid: 'GPU-0b9c8e53-1dd1-7f35-5c2e-94a1f7a5f0f7', name: 'NVIDIA A100-SXM4-40GB', memoryBytes: 40_960 * 1_048_576 },
    ])
  })

  it('is no GPU when it is a message', () => {
    expect(parseNvidiaSmi('No devices were found\n')).toEqual([])
    expect(parseNvidiaSmi("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")).toEqual([])
  })

  it('counts a GPU whose memory is not known', () => {
    expect(parseNvidiaSmi('0, GPU-aa, NVIDIA GB10, [N/A]\n')).toMatchObject([{ index: '0', memoryBytes: 0 }])
  })
})

describe('CUDA_VISIBLE_DEVICES', () => {
  const gpus = parseNvidiaSmi(output)
  it.each([
    [undefined, ['0', '1']],
    ['', []],
    ['1', ['1']],
    ['1,0', ['1', '0']],
    ['GPU-0b9c', ['1']],
    ['0,7,1', ['0']],
    ['-1', []],
  ])('of %j shows %j', (variable, indexes) => {
    expect(visibleGpus(gpus, variable).map((gpu) => gpu.index)).toEqual(indexes)
  })
})

it('a CPU quota counts in whole CPUs, and no quota is none', () => {
  expect(parseCpuQuota('150000 100000\n')).toBe(2)
  expect(parseCpuQuota('max 100000\n')).toBeUndefined()
  expect(parseCpuQuota('')).toBeUndefined()
})

it.each([
  ['NVIDIA A100-SXM4-40GB', 'A100'],
  ['NVIDIA H200', 'H200'],
  ['Tesla V100-SXM2-16GB', 'V100'],
  ['NVIDIA GeForce RTX 4090', 'RTX-4090'],
])('%s is an accelerator of type %s', (name, type) => {
  expect(acceleratorType(name)).toBe(type)
})

it('this machine has CPUs and memory', async () => {
  const hardware = await readHardware(silentLogger)
  expect(hardware.cpus).toBeGreaterThan(0)
  expect(await defaultStoreBytes(hardware.memoryBytes)).toBeGreaterThanOrEqual(75 * 1_048_576)
})

it('the operator overrides and adds resources, and takes one away with 0', () => {
  const hardware = { cpus: 4, memoryBytes: 1_000, gpus: parseNvidiaSmi(output) }
  const resources = resolveResources(hardware, {
    address: '10.0.0.1',
    isHead: true,
    objectStoreBytes: 300,
    given: { CPU: 2, GPU: 0, tape: 1 },
  })
  expect(resources).toEqual({ CPU: 2, memory: 700, object_store_memory: 300, 'node:10.0.0.1': 1, 'node:__internal_head__': 1, tape: 1 })
  expect(resolveLabels(hardware, { zone: 'b' })).toEqual({ 'shoal.io/accelerator-type': 'A100', zone: 'b' })
})

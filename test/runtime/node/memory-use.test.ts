import { expect, it } from 'vitest'
import { memoryGroups, parseMemoryLimit, readMemoryUse } from '#runtime/node/memory-use.ts'

it('a memory limit is read, and the huge number that means none is not', () => {
  expect(parseMemoryLimit('1073741824\n')).toBe(1_073_741_824)
  expect(parseMemoryLimit('max\n')).toBeUndefined()
  expect(parseMemoryLimit('9223372036854771712\n')).toBeUndefined()
})

it('the groups whose limits hold are those of version 2 and of the memory controller, up to the root', () => {
  const folders = memoryGroups('9:name=systemd:/other\n4:memory:/jobs/one\n1:cpu,cpuacct:/\n0::/user.slice\n').map(({ folder }) => folder)
  expect(folders).toEqual([
    '/sys/fs/cgroup/memory/jobs/one',
    '/sys/fs/cgroup/memory/jobs',
    '/sys/fs/cgroup/memory/',
    '/sys/fs/cgroup/user.slice',
    '/sys/fs/cgroup/',
  ])
})

it('a path that leads out of the container is not followed', () => {
  expect(memoryGroups('0::/../../outside').map(({ folder }) => folder)).not.toContainEqual(expect.stringContaining('..'))
})

it('this machine uses some of its memory', () => {
  const { usedBytes, totalBytes } = readMemoryUse()
  expect(usedBytes).toBeGreaterThan(0)
  expect(usedBytes).toBeLessThan(totalBytes)
})

import { expect, test } from 'vitest'
import { createCluster } from '#src-main/cli/cluster/create.ts'
import { createCommand } from '#src-renderer/features/clusters/create-command.ts'

const nameOf = (id: string) => ({ 'm-1': 'gpu1', 'm-2': 'gpu2', 'm-3': "ada's box" })[id] ?? id

test('what is as usual is left out', () => {
  const ports = { head: 6_379, agent: 6_380, api: 8_265 }
  expect(createCommand({ name: 'lab', head: 'm-1', workers: [], service: 'none', ports }, nameOf)).toBe(
    'shoal cluster create lab --head gpu1',
  )
})

test('what is not stands there as flags that the command has', () => {
  const spec = { name: 'lab', head: 'm-1', workers: ['m-2', 'm-3'], service: 'auto' as const, ports: { head: 7_000, agent: 7_001, api: 0 } }
  const line = createCommand(spec, nameOf)
  expect(line).toBe(
    `shoal cluster create lab --head gpu1 --workers 'gpu2,ada'"'"'s box' --service auto --port 7000 --agent-port 7001 --api-port 0`,
  )
  const flags = [...line.matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag)
  expect(flags.filter((flag) => !Object.hasOwn(createCluster.flags, flag ?? ''))).toEqual([])
})

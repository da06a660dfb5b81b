import { expect, test } from 'vitest'
import { withoutReplaced } from '#src-renderer/entities/without-replaced.ts'
import type { HeatItem, NodeState } from '#src-renderer/ui/charts/heat-map-items.ts'

const item = (id: string, name: string, state: NodeState): HeatItem => ({ id, name, state, values: {} })

test('a dead node is shown until another of its name lives', () => {
  const items = [item('1', 'a', 'dead'), item('2', 'a', 'alive'), item('3', 'b', 'dead'), item('4', 'c', 'dead'), item('5', 'c', 'suspect')]
  expect(withoutReplaced(items).map(({ id }) => id)).toEqual(['2', '3', '5'])
})

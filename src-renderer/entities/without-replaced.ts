import type { HeatItem } from '../ui/charts/heat-map-items.ts'

/** Without the dead nodes in whose place one of the same name lives, as after a restart. */
export function withoutReplaced(items: readonly HeatItem[]): readonly HeatItem[] {
  const living = new Set(items.filter(({ state }) => state !== 'dead').map(({ name }) => name))
  return items.filter(({ name, state }) => state !== 'dead' || !living.has(name))
}

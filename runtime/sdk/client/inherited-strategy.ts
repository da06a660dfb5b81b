import type { ResourceOptions, SchedulingStrategy } from '../options.ts'
import { taskScope } from './read.ts'

/** The placement group that a task or actor started here inherits: that of the task around, when it captures its children and they name no place. */
export function inheritedStrategy({ schedulingStrategy }: ResourceOptions): SchedulingStrategy | undefined {
  const around = taskScope.getStore()?.strategy
  if (around?.kind !== 'group' || !around.captureChildren || schedulingStrategy !== undefined) return undefined
  return { placementGroup: { id: around.groupId }, captureChildTasks: true }
}

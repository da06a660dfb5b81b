import type { PlacementGroupStateRow } from '../../api/state/placement-groups.ts'
import type { Group, GroupPhase } from '../core/state.ts'
import { selectorOf } from './actor-rows.ts'

export type GroupRow = PlacementGroupStateRow & { readonly strategy: string; readonly state_message: string | null }

export function groupStateRow({ spec, phase, placed, wasCreated, round }: Group): GroupRow {
  return {
    placement_group_id: spec.groupId,
    name: spec.name ?? '',
    creator_job_id: spec.jobId,
    state: stateOf(phase, wasCreated),
    bundles: spec.bundles.map(({ resources, labels }, index) => ({
      bundle_id: { placement_group_id: spec.groupId, bundle_index: index },
      unit_resources: { ...resources },
      node_id: placed.get(index)?.nodeId ?? null,
      label_selector: selectorOf(labels),
    })),
    is_detached: spec.detached,
    stats: { scheduling_state: phase.kind.toUpperCase(), scheduling_attempt: round },
    topology_strategy: {},
    topology_assignments: {},
    strategy: spec.strategy,
    state_message: whyOf(phase),
  }
}

function stateOf(phase: GroupPhase, wasCreated: boolean): PlacementGroupStateRow['state'] {
  if (phase.kind === 'removed') return 'REMOVED'
  if (phase.kind === 'created') return 'CREATED'
  if (wasCreated) return 'RESCHEDULING'
  return phase.kind === 'committing' ? 'PREPARED' : 'PENDING'
}

function whyOf(phase: GroupPhase): string | null {
  if (phase.kind === 'removed') return phase.failure.message
  return phase.kind === 'waiting' ? phase.why : null
}

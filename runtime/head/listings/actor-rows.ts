import type { ActorStateRow } from '../../api/state/actors.ts'
import type { LabelSelector } from '../../protocol/scheduling.ts'
import type { Actor } from '../core/state.ts'

export type ActorRow = ActorStateRow & { readonly worker_id: string | null; readonly pending_since_ms: number | null }

/** `pidOf` knows the processes of living workers. */
export function actorStateRow(actor: Actor, pidOf: (workerId: string) => number | undefined): ActorRow {
  const { spec, phase, restarts, lastExit } = actor
  const workerId = phase.kind === 'alive' ? phase.address.workerId : null
  const death = phase.kind === 'dead' ? phase.death : undefined
  return {
    actor_id: spec.actorId,
    class_name: spec.className,
    state: actorState(actor),
    job_id: spec.jobId,
    name: spec.name ?? '',
    node_id: 'nodeId' in phase ? phase.nodeId : null,
    pid: (workerId === null ? lastExit?.pid : pidOf(workerId)) ?? null,
    ray_namespace: spec.namespace,
    serialized_runtime_env: '{}',
    required_resources: { ...spec.shape.resources },
    death_cause: death ? { cause: death.cause, message: death.message, exit: death.exit } : null,
    is_detached: spec.detached,
    placement_group_id: spec.shape.strategy.kind === 'group' ? spec.shape.strategy.groupId : null,
    repr_name: '',
    num_restarts: restarts,
    num_restarts_due_to_lineage_reconstruction: 0,
    num_restarts_due_to_node_preemption: 0,
    call_site: null,
    label_selector: selectorOf(spec.shape.labels),
    fallback_strategy: null,
    worker_id: workerId,
    pending_since_ms: phase.kind === 'pending' ? phase.sinceMs : null,
  }
}

export function actorState({ phase, restarts }: Pick<Actor, 'phase' | 'restarts'>): ActorStateRow['state'] {
  if (phase.kind === 'alive') return 'ALIVE'
  if (phase.kind === 'dead') return 'DEAD'
  return restarts > 0 ? 'RESTARTING' : 'PENDING_CREATION'
}

export const selectorOf = (labels: LabelSelector): Record<string, string> =>
  Object.fromEntries(labels.map(({ key, operator, values }) => [key, `${operator === 'in' ? '' : '!'}in(${values.join(',')})`]))

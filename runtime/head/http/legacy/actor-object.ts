import type { NodeMetrics } from '../../../protocol/metrics.ts'
import type { Actor } from '../../core/state.ts'
import { hostOf } from '../../node-ip.ts'
import { workerObject } from './node-object.ts'

/** What Ray puts where there is no id. */
const nilNode = 'f'.repeat(56)

/** The actor as `/logical/actors` has it; keys are camelCase already. (Ray: dashboard/modules/node/node_head.py) */
export function actorObject(actor: Actor, figures: NodeMetrics | undefined): Record<string, unknown> {
  const { spec, phase } = actor
  const address = phase.kind === 'alive' ? phase.address : undefined
  const process = figures?.processes.find(({ workerId }) => workerId !== null && workerId === address?.workerId)
  const onGpus = figures?.gpus.filter(({ processes }) => processes?.some(({ pid }) => pid === process?.pid) === true) ?? []
  return {
    actorId: spec.actorId,
    jobId: spec.jobId,
    address: {
      nodeId: address?.nodeId ?? nilNode,
      ipAddress: address === undefined ? '' : hostOf(address.agentAddress) || '127.0.0.1',
      port: 0,
      workerId: address?.workerId ?? nilNode,
    },
    name: spec.name ?? '',
    className: spec.className,
    actorClass: spec.className,
    state: stateOf(actor),
    numRestarts: String(actor.restarts),
    timestamp: 0,
    pid: process?.pid ?? actor.lastExit?.pid ?? 0,
    startTime: 0,
    endTime: phase.kind === 'dead' ? Math.round(phase.diedAtMs) : 0,
    reprName: '',
    exitDetail: phase.kind === 'dead' ? phase.death.message : '-',
    requiredResources: spec.shape.resources,
    labelSelector: Object.fromEntries(
      spec.shape.labels.map(({ key, operator, values }) => [key, `${operator === 'in' ? '' : '!'}in(${values.join(',')})`]),
    ),
    placementGroupId: spec.shape.strategy.kind === 'group' ? spec.shape.strategy.groupId : null,
    callSite: '',
    gpus: onGpus.map(({ index, name, uuid }) => ({ index, name, uuid })),
    tpus: [],
    processStats: process === undefined ? null : workerObject(process),
    mem: figures === undefined ? [] : [figures.memory.totalBytes, figures.memory.availableBytes, 0, figures.memory.usedBytes],
  }
}

function stateOf({ phase, restarts }: Actor): string {
  switch (phase.kind) {
    case 'alive':
      return 'ALIVE'
    case 'dead':
      return 'DEAD'
    case 'pending':
    case 'starting':
      return restarts > 0 ? 'RESTARTING' : 'PENDING_CREATION'
  }
}

import { ClusterError } from '../../runtime/base/errors.ts'
import type { Cluster, ClusterSpec, ExtraNode } from '../contract/clusters.ts'
import type { Machine } from '../contract/machines.ts'
import { hasTokens, oldestGuarded, RaySetup } from '../contract/ray-setup.ts'
import { blocker } from './findings-words.ts'
import { type Blocker, memberTarget, newTarget, type Payloads } from './machine-target.ts'
import type { MachineTarget, OperationInput } from './operation-input.ts'
import { type Draft, type PlannedOperation, planOf } from './plan-of.ts'
import { pythonsThatDiffer } from './ray/ray-findings.ts'

/** What the plans below are made from: the inventory as it is, and what there is to send. */
export type PlanWorld = {
  readonly machines: readonly Machine[]
  readonly payloads: Payloads
  /** Of a cluster of Ray that is to have them. */
  readonly wheels?: OperationInput['wheels']
}

const machineOf = ({ machines }: PlanWorld, machineId: string): Machine => {
  const machine = machines.find(({ id }) => id === machineId)
  if (machine) return machine
  throw new ClusterError('machine.not-found', `there is no machine ${machineId}; it was removed from the inventory`, {
    details: { machineId },
  })
}

type Creating = PlanWorld & { readonly extraNodes?: readonly ExtraNode[] }

/** Pure, as all plans are. `extraNodes`: on the head's machine. @throws ClusterError `machine.not-found`, `bad-argument` */
export function planCreate(clusterId: string, spec: ClusterSpec, world: Creating): PlannedOperation {
  const ids = [spec.head, ...spec.workers]
  if (new Set(ids).size < ids.length)
    throw new ClusterError('bad-argument', 'a machine is named twice; the head has a node too and is no worker beside')
  const cluster = { clusterId, clusterName: spec.name }
  const ray = raySetupOf(spec)
  const { extraNodes = [] } = world
  const made = makeTargets({ ids, headId: spec.head, cluster, ports: spec.ports, taken: [], isAlone: ids.length === 1, extraNodes }, world)
  return planOf({
    kind: 'create',
    clusterId,
    clusterName: spec.name,
    ports: spec.ports,
    service: spec.service,
    ...made,
    ...(ray && { ray, blockers: [...made.blockers, ...pythonsThatDiffer(made.machines, ray)] }),
    head: made.targets.find(({ role }) => role === 'head'),
  })
}

/**
 * Undefined for a cluster of ours.
 * @throws ClusterError `bad-argument` for a setup without that engine or ports that Ray cannot have, `not-supported` for a Ray that would let in everybody
 */
export function raySetupOf({ engine, ray, ports }: Pick<ClusterSpec, 'engine' | 'ray' | 'ports'>): RaySetup | undefined {
  if (engine !== 'ray') {
    if (ray) throw new ClusterError('bad-argument', 'a version of Ray is only for the engine ray; choose that engine, or leave it out')
    return undefined
  }
  const setup = ray ?? RaySetup.parse({})
  if (ports.api === 0)
    throw new ClusterError('bad-argument', 'Ray’s dashboard needs a port of its own: give one, such as 8265', {
      details: { field: 'ports.api' },
    })
  if (hasTokens(setup)) return setup
  throw new ClusterError(
    'not-supported',
    `Ray ${setup.version} has no token authentication: whoever reaches its port could run programs. Choose ${oldestGuarded.join('.')}.0 or later; one that others run can be connected to all the same`,
    { details: { field: 'ray.version' } },
  )
}

/** A cluster that is half way or down is created again over what is there: each step finds that. With the payload that this computer has now. */
export function planCreateAgain(cluster: Cluster, world: PlanWorld): PlannedOperation {
  const ids = cluster.members.map(({ machineId }) => machineId)
  const made = memberTargets(cluster, ids, world)
  const targets = made.targets.map((target) => withNewPayload(target, world))
  const blockers = [...made.blockers, ...made.machines.flatMap((machine) => blockersOf(machine, cluster.id))]
  const head = targets.find(({ role }) => role === 'head')
  return planOf({ kind: 'create', ...namesOf(cluster), ...made, targets, blockers, findings: true, head })
}

export function planAdd(cluster: Cluster, machineIds: readonly string[], world: PlanWorld): PlannedOperation {
  const taken = cluster.members.flatMap(({ sessionFolder, machineId }) =>
    sessionFolder === null || machineIds.includes(machineId) ? [] : [sessionFolder],
  )
  const { id: clusterId, name: clusterName, ports } = cluster
  const making = { ids: machineIds, headId: null, cluster: { clusterId, clusterName }, ports, taken, isAlone: false, extraNodes: [] }
  const made = makeTargets(making, world)
  const head = headOf(cluster, world)
  const headMachine = world.machines.find(({ id }) => id === head?.machineId)
  const differing = cluster.ray && headMachine ? pythonsThatDiffer([headMachine, ...made.machines], cluster.ray) : []
  const withHead = { ...made, blockers: [...made.blockers, ...differing, ...(head ? [] : [noHead(cluster)])] }
  return planOf({ kind: 'add', ...namesOf(cluster), ...withHead, head })
}

type Making = {
  readonly ids: readonly string[]
  readonly headId: string | null
  readonly cluster: { readonly clusterId: string; readonly clusterName: string }
  readonly ports: Cluster['ports']
  readonly taken: readonly string[]
  readonly isAlone: boolean
  readonly extraNodes: readonly ExtraNode[]
}
type Made = Pick<Draft, 'targets' | 'blockers' | 'machines' | 'world' | 'findings'>

function makeTargets({ ids, headId, cluster, ports, taken, isAlone, extraNodes }: Making, world: PlanWorld): Made {
  const folders = new Set(taken)
  const targets: MachineTarget[] = []
  const blockers: Blocker[] = []
  const machines = ids.map((machineId) => machineOf(world, machineId))
  for (const machine of machines) {
    const role = machine.id === headId ? 'head' : 'worker'
    const found = blockersOf(machine, cluster.clusterId)
    blockers.push(...found)
    const { payloads } = world
    const more = { isAlone, extraNodes: role === 'head' ? extraNodes : [] }
    const target = newTarget({ machine, role, cluster, ports, payloads, taken: folders, ...more })
    if ('level' in target) {
      if (found.length === 0) blockers.push({ machineId: machine.id, finding: target }) // else what was found says why
      continue
    }
    const twin = targets.find((other) => other.nodeIp === target.nodeIp && other.agentPort === target.agentPort)
    if (twin) blockers.push({ machineId: machine.id, finding: sameMachine(target, twin) })
    folders.add(target.sessionFolder)
    targets.push(target)
  }
  return { targets, blockers, machines, world, findings: true }
}

function blockersOf(machine: Machine, clusterId: string): Blocker[] {
  const found = machine.findings.filter(({ level }) => level === 'blocker')
  const elsewhere =
    machine.clusterId === null || machine.clusterId === clusterId
      ? []
      : [
          blocker('machine.elsewhere', 'Part of another cluster', {
            detail: `${machine.name} belongs to cluster ${machine.clusterId}`,
            remedy: 'Remove it there first, or choose another machine.',
          }),
        ]
  return [...found, ...elsewhere].map((finding) => ({ machineId: machine.id, finding }))
}

const sameMachine = ({ nodeIp, agentPort, name }: MachineTarget, twin: MachineTarget) =>
  blocker('machine.twice', 'The same machine twice', {
    detail: `${name} and ${twin.name} would both listen at ${nodeIp}:${agentPort}`,
    remedy: 'Leave one out, or give one of them another agent port.',
  })

const noHead = ({ name }: Pick<Cluster, 'name'>): Blocker => ({
  machineId: null,
  finding: blocker('head.none', 'No head', {
    detail: `cluster ${name} has no head that was started`,
    remedy: 'Create the cluster first, or take it down.',
  }),
})

export function planDrain(
  cluster: Cluster,
  machineIds: readonly string[],
  world: PlanWorld & { readonly withinMs?: number | null },
): PlannedOperation {
  const made = memberTargets(cluster, machineIds, world)
  return planOf({ kind: 'drain', ...namesOf(cluster), ...made, head: headOf(cluster, world), drainWithinMs: world.withinMs ?? null })
}

/** How members leave. */
export type Leaving = PlanWorld & {
  /** Does not wait for what runs. Those of `unreachable` are forgotten, and what stays on them is said. */
  readonly force: boolean
  readonly unreachable: ReadonlySet<string>
}

export function planRemove(cluster: Cluster, machineIds: readonly string[], leaving: Leaving): PlannedOperation {
  const made = leavingTargets(cluster, machineIds, leaving)
  const head = headOf(cluster, leaving)
  const drain = leaving.force || !head ? {} : { drainWithinMs: null }
  return planOf({ kind: 'remove', ...namesOf(cluster), ...made, head, ...drain })
}

/** Everything of the cluster on every machine; the head's last. */
export function planDown(cluster: Cluster, leaving: Leaving): PlannedOperation {
  const ids = cluster.members.map(({ machineId }) => machineId)
  const made = leavingTargets(cluster, ids, leaving)
  return planOf({
    kind: 'down',
    ...namesOf(cluster),
    ...made,
    blockers: made.blockers.filter(({ finding }) => finding.id !== 'head.stays'),
    head: headOf(cluster, leaving),
  })
}

function leavingTargets(cluster: Cluster, machineIds: readonly string[], leaving: Leaving): Made {
  const made = memberTargets(cluster, machineIds, leaving)
  const targets = made.targets.map((target) => ({ ...target, isReachable: !(leaving.force && leaving.unreachable.has(target.machineId)) }))
  const heads = targets.filter(({ role }) => role === 'head')
  const stays = heads.map(({ machineId, name }) => ({
    machineId,
    finding: blocker('head.stays', 'The head cannot be removed alone', {
      detail: `${name} is the head of ${cluster.name}: without it there is no cluster`,
      remedy: 'Take the cluster down instead.',
    }),
  }))
  return { ...made, targets, blockers: [...made.blockers, ...stays] }
}

export function planRestart(cluster: Cluster, machineIds: readonly string[], world: PlanWorld): PlannedOperation {
  return planOf({ kind: 'restart', ...namesOf(cluster), ...memberTargets(cluster, machineIds, world), head: headOf(cluster, world) })
}

/** To the payload that this computer has now. With `drain`, workers finish what they have first. */
export function planUpgrade(
  cluster: Cluster,
  machineIds: readonly string[],
  world: PlanWorld & { readonly drain?: boolean; readonly rayVersion?: string | undefined },
): PlannedOperation {
  const ray = upgradedRay(cluster, machineIds, world.rayVersion)
  const made = memberTargets(cluster, machineIds, world)
  const targets = made.targets.map((target) => withNewPayload(target, world))
  const head = headOf(cluster, world)
  const newHead = targets.find(({ role }) => role === 'head') ?? head
  return planOf({
    kind: 'upgrade',
    ...namesOf(cluster),
    ...made,
    ...(ray && { ray }),
    targets,
    head: newHead,
    ...(world.drain === true ? { drainWithinMs: null } : {}),
  })
}

/** @throws ClusterError `bad-argument` for a version where there is no Ray, or for some machines of one: all nodes have the same */
export function upgradedRay(
  { name, ray, members, engine, ports }: Cluster,
  machineIds: readonly string[],
  version: string | undefined,
): RaySetup | undefined {
  if (version === undefined || version === ray?.version) return ray
  if (!ray) throw new ClusterError('bad-argument', `${name} is no cluster of Ray that was made here; leave out the version of Ray`)
  const left = members.filter(({ machineId }) => !machineIds.includes(machineId)).length
  if (left > 0)
    throw new ClusterError('bad-argument', `all nodes of ${name} have the same Ray: upgrade all of it, ${left} machines were left out`)
  return raySetupOf({ engine, ray: { ...ray, version }, ports })
}

function withNewPayload(target: MachineTarget, { payloads }: PlanWorld): MachineTarget {
  const payload = payloads[target.arch]?.sha256 ?? target.payload
  return { ...target, payload, previousPayload: payload === target.payload ? null : target.payload }
}

const namesOf = ({
  id,
  name,
  ports,
  service,
  ray,
}: Cluster): Pick<OperationInput, 'clusterId' | 'clusterName' | 'ports' | 'service' | 'ray'> => ({
  clusterId: id,
  clusterName: name,
  ports,
  service,
  ...(ray && { ray }),
})

function headOf(cluster: Cluster, world: PlanWorld): MachineTarget | undefined {
  const member = cluster.members.find(({ role }) => role === 'head')
  return (
    member &&
    memberTarget(
      cluster,
      member,
      world.machines.find(({ id }) => id === member.machineId),
    )
  )
}

/** @throws ClusterError `bad-argument` for a machine that is no member */
function memberTargets(cluster: Cluster, machineIds: readonly string[], world: PlanWorld): Made {
  const targets: MachineTarget[] = []
  const blockers: Blocker[] = []
  for (const machineId of machineIds) {
    const member = cluster.members.find((each) => each.machineId === machineId)
    const machine = world.machines.find(({ id }) => id === machineId)
    if (!member) throw new ClusterError('bad-argument', `${machine?.name ?? machineId} is not part of cluster ${cluster.name}`)
    const { role } = member
    const target =
      memberTarget(cluster, member, machine) ??
      (machine &&
        newTarget({
          machine,
          role,
          cluster: { clusterId: cluster.id, clusterName: cluster.name },
          ports: cluster.ports,
          payloads: world.payloads,
          taken: new Set(),
          isAlone: cluster.members.length === 1,
          extraNodes: member.extraNodes ?? [],
        }))
    if (target === undefined) continue // nothing was ever put there, and nothing is known of it
    if ('level' in target) blockers.push({ machineId, finding: target })
    else targets.push(target)
  }
  const machines = machineIds.flatMap((machineId) => world.machines.find(({ id }) => id === machineId) ?? [])
  return { targets, blockers, machines, world, findings: false }
}

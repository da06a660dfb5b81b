import { ClusterError } from '../../runtime/base/errors.ts'
import type { Plan } from '../contract/clusters.ts'
import type { Finding, Machine } from '../contract/machines.ts'
import { usualLimits } from './core/state.ts'
import { listSteps } from './list-steps.ts'
import type { Blocker, Payloads } from './machine-target.ts'
import type { MachineTarget, OperationInput } from './operation-input.ts'
import { rayPorts, rayWorkerPorts } from './ray/ray-ports.ts'

/** What is shown, and what is run: the same steps. */
export type PlannedOperation = {
  readonly plan: Plan
  /** Null when there is no head to do it with; `plan.blockers` says why. Machines with a blocker are still in it. */
  readonly input: OperationInput | null
}

export type Draft = Pick<OperationInput, 'kind' | 'clusterId' | 'clusterName' | 'ports' | 'service' | 'ray'> & {
  readonly drainWithinMs?: number | null
  readonly head: MachineTarget | undefined
  /** In any order: heads are begun first. */
  readonly targets: readonly MachineTarget[]
  readonly blockers: readonly Blocker[]
  readonly machines: readonly Machine[]
  readonly world: { readonly payloads: Payloads; readonly wheels?: OperationInput['wheels'] }
  /** Whether the machines' findings matter: where something of ours runs already, they were judged. */
  readonly findings: boolean
}

export function planOf(draft: Draft): PlannedOperation {
  const { kind, clusterId, clusterName, targets, blockers, machines } = draft
  const input = inputOf(draft)
  const entries = targets.map((target) => ({
    machineId: target.machineId,
    name: target.name,
    role: target.role,
    steps: input ? listSteps(input, target).map(({ id, title, effect, command }) => ({ id, title, effect, command })) : [],
    findings: draft.findings ? (machines.find(({ id }) => id === target.machineId)?.findings ?? []) : [],
  }))
  const left = machines.filter(({ id }) => !targets.some(({ machineId }) => machineId === id))
  const unplanned = left.map(({ id, name, findings }) => ({
    machineId: id,
    name,
    role: 'none' as const,
    steps: [],
    findings: draft.findings ? findings : [],
  }))
  return {
    plan: {
      kind,
      clusterId,
      clusterName,
      machines: [...entries, ...unplanned],
      notes: notesOf(draft, input),
      blockers: [...blockers].slice(0, 4_096),
    },
    input,
  }
}

/** Without a head there is nothing to do, but for taking away what an unfinished creation left. */
function inputOf({ kind, clusterId, clusterName, ports, service, ray, head, targets, world, drainWithinMs }: Draft): OperationInput | null {
  const standIn = kind === 'down' || kind === 'remove' ? targets[0] : undefined
  const used = head ?? standIn
  if (!used) return null
  const heads = targets.filter(({ role }) => role === 'head')
  return {
    kind,
    clusterId,
    clusterName,
    ports,
    service,
    head: used,
    machines: [...heads, ...targets.filter(({ role }) => role !== 'head')],
    archiveBytes: Object.fromEntries(Object.values(world.payloads).map(({ sha256, sizeBytes }) => [sha256, sizeBytes])),
    ...(drainWithinMs === undefined ? {} : { drainWithinMs }),
    ...(ray && { ray }),
    ...(ray && world.wheels && { wheels: world.wheels }),
  }
}

/**
 * What is run: without the machines that a blocker keeps out, where that was agreed to.
 * @throws ClusterError `machine.unfit` naming the blockers that keep all of it from being run, `wrong-state` when there is nothing to do
 */
export function runnableInput({ plan, input }: PlannedOperation, { withoutBlocked }: { readonly withoutBlocked: boolean }): OperationInput {
  const blocked = new Set(plan.blockers.flatMap(({ machineId }) => machineId ?? []))
  const isForAll = plan.blockers.some(({ machineId }) => machineId === null || machineId === input?.head.machineId)
  const machines = input?.machines.filter(({ machineId }) => !blocked.has(machineId)) ?? []
  if (input && plan.blockers.length === 0) return input
  if (input && withoutBlocked && !isForAll && machines.length > 0) return { ...input, machines }
  if (plan.blockers.length === 0)
    throw new ClusterError('wrong-state', `cluster ${plan.clusterName} has nothing of ours on any machine: there is nothing to do`)
  const reasons = plan.blockers.slice(0, shownBlockers).map(({ machineId, finding }) => {
    const name = plan.machines.find((each) => each.machineId === machineId)?.name
    return name === undefined ? `${finding.title}: ${wordsOf(finding)}` : saidOf(name, finding)
  })
  const more = plan.blockers.length > reasons.length ? ` And ${plan.blockers.length - reasons.length} more.` : ''
  throw new ClusterError('machine.unfit', `this cannot be done as planned. ${reasons.join(' ')}${more}`, {
    details: { blockers: plan.blockers.length },
  })
}

const shownBlockers = 12

/** What a connection failed with names its machine, and says itself what to do. */
const saidOf = (name: string, finding: Finding): string =>
  finding.detail.startsWith(`${name}: `) ? finding.detail : `${name}: ${finding.title}: ${wordsOf(finding)}`

const wordsOf = ({ detail, remedy }: Finding): string => `${detail}${/[.!?]$/.test(detail) ? '' : '.'} ${remedy}`

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`

function notesOf(draft: Draft, input: OperationInput | null): string[] {
  return [...transferNotes(draft, input), ...rayNotes(draft), ...absenceNotes(draft)].slice(0, 256)
}

function transferNotes({ kind, targets, machines }: Draft, input: OperationInput | null): string[] {
  if (!input || (kind !== 'create' && kind !== 'add' && kind !== 'upgrade')) return []
  const has = (target: MachineTarget) =>
    machines.find(({ id }) => id === target.machineId)?.facts?.payloads.includes(target.payload) ?? false
  const waiting = targets.filter((target) => !has(target))
  const there = targets.length - waiting.length
  const kept = there === 0 ? [] : [`${there} of ${targets.length} machines have the payload already.`]
  const groups = Map.groupBy(waiting, ({ payload }) => payload)
  const sends = [...groups].map(([payload, group]) => {
    const bytes = input.archiveBytes[payload] ?? 0
    const kin = targets.filter((target) => target.payload === payload).length
    const first = group.slice(0, usualLimits.seeds).map(({ name }) => name)
    return kin >= usualLimits.peersFrom && group.length > usualLimits.seeds
      ? `${mebibytes(bytes)} go to each of ${group.length} machines: from here to about ${usualLimits.seeds} (${first.join(', ')}), and from those to the others; about ${mebibytes(bytes * usualLimits.seeds)} leave this computer.`
      : group.length === 1
        ? `${mebibytes(bytes)} go from here to one machine.`
        : `${mebibytes(bytes)} go from here to each of ${group.length} machines: ${mebibytes(bytes * group.length)} in all.`
  })
  return [...kept, ...sends]
}

function rayNotes({ kind, ray, ports, targets, world }: Draft): string[] {
  if (!ray || (kind !== 'create' && kind !== 'add' && kind !== 'upgrade')) return []
  const source = world.wheels
    ? `the wheels of ${ray.wheels ?? ''}, ${mebibytes(world.wheels.sizeBytes)} to each machine`
    : 'the package index that each machine is set to'
  const install = `Ray ${ray.version} comes from ${source}, and takes about 500 MB there.`
  if (kind === 'upgrade' || (kind === 'create' && targets.length === 1)) return [install]
  const last = rayPorts(ports.agent).client
  return [
    install,
    `The machines must reach each other on ${ports.head}, ${ports.agent} to ${last} and ${rayWorkerPorts.first} to ${rayWorkerPorts.last}. Who has no token is refused; what Ray says there is not encrypted.`,
  ]
}

function absenceNotes({ kind, targets, drainWithinMs }: Draft): string[] {
  const hasHead = targets.some(({ role }) => role === 'head')
  const workers = targets.filter(({ role }) => role === 'worker').length
  const lost = targets
    .filter(({ isReachable }) => !isReachable)
    .map(({ name }) => `${name} cannot be reached and is only forgotten; what lies there stays.`)
  switch (kind) {
    case 'create':
    case 'add':
      return []
    case 'drain':
      return ['The machines stay in the inventory, and all of ours stays on them: remove them to have it deleted.']
    case 'restart':
    case 'upgrade':
      return [
        ...(hasHead
          ? [
              'While the head is started anew, a second or two, nothing can be submitted; what runs on machines that are not restarted goes on, and all records stay.',
            ]
          : []),
        ...(workers > 0 && drainWithinMs === undefined ? ['What runs on the workers is ended, and run again where it may be.'] : []),
      ]
    case 'remove':
      return [
        ...(drainWithinMs === undefined ? ['What runs there is ended at once.'] : ['What runs there is waited for, as long as it takes.']),
        ...lost,
      ]
    case 'down':
      return ['All that runs is ended. Records and logs on the machines are deleted; what this panel recorded stays.', ...lost]
  }
}

import { type Amounts, amountsFrom, fits, fromUnits } from '../../runtime/base/fixed-point.ts'
import type { WhyNode } from '../../runtime/api/why.ts'
import type { JobPlan, JobSpec } from '../contract/jobs.ts'

/** A node as far as placing a job goes. Amounts as people give them. */
export type FitNode = {
  readonly nodeId: string
  readonly name: string
  readonly isHead: boolean
  readonly total: Readonly<Record<string, number>>
  readonly free: Readonly<Record<string, number>>
  readonly labels: Readonly<Record<string, string>>
  /** Why it takes no work now; null: it does. */
  readonly closed: 'draining' | 'unreachable' | 'dead' | null
}

export type Wanted = {
  readonly resources: Readonly<Record<string, number>>
  readonly labels: readonly LabelCondition[]
  /** Nothing was asked for: it runs on the node of the head. */
  readonly isForHead: boolean
}
type LabelCondition = { readonly key: string; readonly isNot: boolean; readonly values: readonly string[] }
type Verdict = JobPlan['nodes'][number]

/** Of a job that is submitted as this. */
export function wantedBy({ resources, labels }: Pick<JobSpec, 'resources' | 'labels'>): Wanted {
  const { cpus, gpus, memoryBytes, custom } = resources
  const asked: Record<string, number> = { ...custom, CPU: cpus ?? 0, GPU: gpus ?? 0, memory: memoryBytes ?? 0 }
  const isForHead = [cpus, gpus, memoryBytes, custom, labels].every((each) => each === undefined)
  return {
    resources: Object.fromEntries(Object.entries(asked).filter(([, amount]) => amount > 0)),
    labels: Object.entries(labels ?? {}).map(([key, text]) => conditionFrom(key, text)),
    isForHead,
  }
}

/** `a`, `!a`, `in(a,b)`, `!in(a,b)`. */
function conditionFrom(key: string, text: string): LabelCondition {
  const isNot = text.startsWith('!')
  const rest = isNot ? text.slice(1) : text
  const list = /^in\((.*)\)$/.exec(rest)
  return { key, isNot, values: list ? (list[1] ?? '').split(',').map((value) => value.trim()) : [rest] }
}

/** What each node says to the job, the nearest first. */
export function judgeNodes(nodes: readonly FitNode[], wanted: Wanted): Verdict[] {
  return nodes.map((node) => judgeNode(node, wanted)).sort((one, other) => distanceOf(one) - distanceOf(other))
}

function judgeNode(node: FitNode, { resources, labels, isForHead }: Wanted): Verdict {
  const units = amountsFrom(resources)
  const missing = missingOf(node, units)
  const facts = { nodeId: node.nodeId, name: node.name, missing }
  if (node.closed !== null) return { ...facts, verdict: node.closed, why: closedWords[node.closed] }
  if (isForHead && !node.isHead) return { ...facts, verdict: 'affinity', why: 'a job that asks for nothing runs on the node of the head' }
  const unmet = labels.filter(({ key, isNot, values }) => values.includes(labelOf(node, key) ?? '\0') === isNot)
  if (unmet.length > 0)
    return { ...facts, verdict: 'labels', why: `its labels do not meet what is asked for: ${unmet.map(({ key }) => key).join(', ')}` }
  if (!fits(amountsFrom(node.total), units))
    return { ...facts, verdict: 'too-small', why: `it can never hold it: ${shortWords(missing, 'total')}` }
  if (missing.length > 0) return { ...facts, verdict: 'busy', why: `it is busy: ${shortWords(missing, 'free')}` }
  return { ...facts, verdict: 'fits', why: 'it has room for it now' }
}

const labelOf = ({ labels }: FitNode, key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined)

const closedWords = {
  draining: 'it is being drained and takes no new work',
  unreachable: 'it has no link to the head now',
  dead: 'it is dead',
} as const

function missingOf({ free, total }: FitNode, units: Readonly<Amounts>): WhyNode['missing'] {
  const freeUnits = amountsFrom(free)
  return Object.entries(units).flatMap(([resource, amount]) => {
    const here = Math.max(0, freeUnits[resource] ?? 0)
    if (here >= amount) return []
    return [{ resource, wanted: fromUnits(amount), free: fromUnits(here), total: total[resource] ?? 0, short: fromUnits(amount - here) }]
  })
}

const shortWords = (missing: WhyNode['missing'], have: 'free' | 'total'): string =>
  missing
    .slice(0, 8)
    .map((each) => `${each.wanted} ${each.resource} asked for, ${each[have]} ${have === 'free' ? 'free' : 'there'}`)
    .join('; ')

const ranks = { fits: 0, busy: 1, 'too-small': 2, labels: 3, draining: 4, affinity: 5, unreachable: 6, dead: 7 } as const
const distanceOf = ({ verdict, missing }: Verdict): number =>
  ranks[verdict] * 1_000 + missing.reduce((sum, { wanted, short }) => sum + Math.min(1, short / wanted), 0)

/** What comes of it on the whole. `nodes`: as `judgeNodes` gave them. */
export function judgeCluster(nodes: readonly Verdict[], byId: ReadonlyMap<string, FitNode>, wanted: Wanted): Pick<JobPlan, 'fits' | 'why'> {
  const [nearest] = nodes
  if (nearest === undefined) return { fits: 'never', why: 'the cluster has no node now; it starts when one joins that can hold it' }
  if (nearest.verdict === 'fits') return { fits: 'now', why: `node ${nearest.name} has room for it` }
  const busy = nodes.filter(({ verdict }) => verdict === 'busy')
  const words = `${nearest.name}: ${nearest.why}`
  if (busy.length > 0)
    return {
      fits: 'later',
      why: `it waits: ${busy.length === 1 ? 'the one node that can hold it is busy' : `all ${busy.length} nodes that can hold it are busy`}; the nearest is ${words}`,
    }
  const back = nodes.find(({ verdict, nodeId }) => {
    const node = byId.get(nodeId)
    return (
      verdict === 'unreachable' && node !== undefined && judgeNode({ ...node, closed: null, free: node.total }, wanted).verdict === 'fits'
    )
  })
  if (back) return { fits: 'later', why: `it waits for node ${back.name}, which can hold it and has no link to the head now` }
  return { fits: 'never', why: `no node can hold it: ${words}. It waits until one joins that can, and fails when none does` }
}

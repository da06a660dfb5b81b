import type { BlastRadius, ControlAnswer } from '../../runtime/api/control.ts'
import { panel } from '../api/panel.ts'

/** What one may do to running things, with the route of the head that does it. */
export const controls = {
  stopJob: { route: 'stopAnyJob', one: 'stopJob', many: 'stopJobs' },
  cancelTask: { route: 'cancelTask', one: 'cancelTask', many: 'cancelTasks' },
  killActor: { route: 'killActor', one: 'killActor', many: 'killActors' },
  endWorker: { route: 'endWorker', one: 'endWorker', many: 'endWorkers' },
  drainNode: { route: 'drainNode', one: 'drainNode', many: 'drainNodes' },
  removeGroup: { route: 'removePlacementGroup', one: 'removeGroup', many: 'removeGroups' },
} as const
export type Control = keyof typeof controls

export type ControlTarget = { readonly id: string; readonly name: string }
export type ControlOptions = {
  readonly force: boolean
  readonly recursive: boolean
  readonly noRestart: boolean
  readonly withinMs: number
}

/** What is asked for in one go. */
const atOnce = 8
/** So many are looked at before; of more the first stand for all. */
const lookedAt = 50

/** Does it, or with `isDryRun` says what it would end. @throws PanelError */
async function control(
  cluster: string,
  action: Control,
  given: { id: string; options: ControlOptions; isDryRun: boolean },
): Promise<ControlAnswer> {
  const { id, options, isDryRun } = given
  const query = {
    dry_run: isDryRun,
    ...(action === 'cancelTask' && { force: options.force, recursive: options.recursive }),
    ...(action === 'killActor' && { no_restart: options.noRestart }),
  }
  const body = action === 'drainNode' ? { withinMs: options.withinMs } : undefined
  const answer = await panel.call('api.change', {
    cluster,
    route: controls[action].route,
    params: { id },
    query,
    ...(body !== undefined && { body }),
  })
  return answer.body as ControlAnswer // parsed by the host by the schema of the route
}

export type Radius = { readonly counts: Readonly<Record<string, number>>; readonly notes: readonly string[]; readonly isPartial: boolean }

/** What would end with these, all of them together. A thing that two of them take along may count twice. */
export async function lookAtRadius(
  cluster: string,
  action: Control,
  given: { targets: readonly ControlTarget[]; options: ControlOptions },
): Promise<Radius> {
  const looked = given.targets.slice(0, lookedAt)
  const answers = await mapSome(looked, ({ id }) => control(cluster, action, { id, options: given.options, isDryRun: true }))
  const counts: Record<string, number> = {}
  const notes = new Set<string>()
  for (const { radius } of answers) {
    for (const [name, count] of countsOf(radius)) counts[name] = (counts[name] ?? 0) + count
    for (const note of radius.notes) notes.add(note)
  }
  return { counts, notes: [...notes].slice(0, 12), isPartial: looked.length < given.targets.length }
}

function countsOf(radius: BlastRadius): [string, number][] {
  const { nodes, jobs, actors, placement_groups: groups, workers, tasks, objects } = radius
  return [
    ['nodes', nodes.count],
    ['jobs', jobs.count],
    ['actors', actors.count],
    ['groups', groups.count],
    ['workers', workers.count],
    ['tasks', tasks ?? 0],
    ['objects', objects ?? 0],
  ]
}

export type ControlResult = { readonly done: number; readonly messages: readonly string[]; readonly failures: readonly string[] }

/** Does it to each; one that fails keeps none of the others. */
export async function controlAll(
  cluster: string,
  action: Control,
  given: { targets: readonly ControlTarget[]; options: ControlOptions },
): Promise<ControlResult> {
  const messages: string[] = []
  const failures: string[] = []
  await mapSome(given.targets, async ({ id, name }) => {
    try {
      messages.push((await control(cluster, action, { id, options: given.options, isDryRun: false })).message)
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  return { done: messages.length, messages, failures }
}

async function mapSome<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const one = async () => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at]
      if (item !== undefined) results[at] = await work(item)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return results
}

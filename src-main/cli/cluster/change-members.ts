import { UsageError } from '../../../runtime/cli/command.ts'
import { parseDuration } from '../../../runtime/cli/values.ts'
import type { Cluster, Plan } from '../../contract/clusters.ts'
import type { GivenInput } from '../../contract/panel.ts'
import { RayVersionText } from '../../contract/ray-setup.ts'
import { isEmpty, requireSelection, type Selection, selectionFlags, selectionFrom, selectMachines } from '../machine/select-machines.ts'
import type { PanelSubcommand, Typed } from '../noun.ts'
import type { PanelSession } from '../panel-session.ts'
import { namesText } from '../words/amounts.ts'
import { getCluster, selectMembers } from './members.ts'
import { plannedFlags, showAndRun } from './show-and-run.ts'

type Members = GivenInput<'clusters.planAdd'>
/** What was typed, and a signal for the call. */
type Asked = { readonly typed: Typed; readonly signal: AbortSignal }

/** What tells one of these commands from another. */
type Change = {
  readonly verb: string
  readonly summary: string
  readonly flags?: PanelSubcommand['flags']
  readonly notes?: readonly string[]
  /** Refuses wrong values before anything is looked at. @throws UsageError */
  readonly check?: (typed: Typed) => void
  readonly plan: (panel: PanelSession, members: Members, asked: Asked) => Promise<{ plan: Plan }>
  readonly start: (panel: PanelSession, members: Members, typed: Typed) => Promise<{ operationId: string }>
  /** What it does to these machines, as a sentence; asked before. */
  readonly effect: (names: string, cluster: string) => string
  /** Without machines named: every member, or nobody. */
  readonly whenNone: 'all' | 'refuse'
  /** Machines of the inventory rather than members. */
  readonly isOfInventory?: true
  /** Must be confirmed even where nobody can be asked. */
  readonly takesAway?: true
}

function changeOf(change: Change): PanelSubcommand {
  const { verb } = change
  const what = change.whenNone === 'all' ? '[MACHINE …|--group NAME]' : 'MACHINE …|--group NAME'
  return {
    name: verb,
    summary: change.summary,
    usage: [`shoal cluster ${verb} NAME ${what} [--plan] [--yes]`],
    flags: { ...selectionFlags, ...change.flags, ...plannedFlags },
    ...(change.notes ? { notes: change.notes } : {}),
    prepare(typed) {
      const [name, ...machines] = typed.words
      if (name === undefined) throw new UsageError(`cluster ${verb} needs the name of a cluster`)
      change.check?.(typed)
      const given = selectionFrom(typed.values, machines)
      const selection = change.whenNone === 'all' && isEmpty(given) ? { ...given, isAll: true } : requireSelection(`cluster ${verb}`, given)
      return async (context) => {
        const { panel } = context
        const cluster = await getCluster(panel, name)
        const chosen = await choose(panel, { change, cluster, selection })
        const members = { cluster: cluster.id, machines: chosen.map(({ id }) => id) }
        const effect = change.effect(namesText(chosen.map((machine) => machine.name)), cluster.name)
        return showAndRun(context, {
          plan: async (signal) => (await change.plan(panel, members, { typed, signal })).plan,
          start: () => change.start(panel, members, typed),
          ask: { effect, isOptional: change.takesAway !== true },
        })
      }
    },
  }
}

type Choice = { readonly change: Change; readonly cluster: Cluster; readonly selection: Selection }

async function choose(panel: PanelSession, { change, cluster, selection }: Choice) {
  if (change.isOfInventory === undefined) return selectMembers(panel, cluster, selection)
  return selectMachines(await panel.call('machines.list', {}), selection)
}

export const addToCluster = changeOf({
  verb: 'add',
  summary: 'puts machines of the list into a cluster',
  plan: (panel, members, { signal }) => panel.call('clusters.planAdd', members, { signal }),
  start: (panel, members) => panel.call('clusters.add', members),
  effect: (names, cluster) => `${names} will join ${cluster}.`,
  whenNone: 'refuse',
  isOfInventory: true,
})

export const drainMachines = changeOf({
  verb: 'drain',
  summary: 'lets machines finish what runs there, and gives them nothing new',
  flags: { within: { value: 'DURATION', help: 'after which what still runs is ended, such as 10m. Default: no limit' } },
  check: limitFrom,
  plan: (panel, members, { signal }) => panel.call('clusters.planDrain', members, { signal }),
  start: (panel, members, typed) => panel.call('clusters.drain', { ...members, ...limitFrom(typed) }),
  effect: (names, cluster) => `${names} of ${cluster} will finish and take nothing new.`,
  whenNone: 'refuse',
})

export const removeFromCluster = changeOf({
  verb: 'remove',
  summary: 'takes machines out of a cluster and deletes all we put there',
  flags: { force: { help: 'do not wait for what runs there, and forget machines that cannot be reached' } },
  plan: (panel, members, { typed, signal }) =>
    panel.call('clusters.planRemove', { ...members, force: typed.values.has('force') }, { signal }),
  start: (panel, members, { values }) => panel.call('clusters.remove', { ...members, force: values.has('force') }),
  effect: (names, cluster) => `${names} will leave ${cluster}: what runs there moves or ends, and all of ours there is deleted.`,
  whenNone: 'refuse',
  takesAway: true,
})

export const restartMachines = changeOf({
  verb: 'restart',
  summary: 'ends and starts the daemons of machines',
  notes: ['To restart every machine: --all.'],
  plan: (panel, members, { signal }) => panel.call('clusters.planRestart', members, { signal }),
  start: (panel, members) => panel.call('clusters.restart', members),
  effect: (names, cluster) => `${names} of ${cluster} will be restarted: what runs there is broken off.`,
  whenNone: 'refuse',
})

export const upgradeMachines = changeOf({
  verb: 'upgrade',
  summary: 'brings this version to machines of a cluster; what runs on them ends',
  notes: ['Without machines: all of them. What a machine has already is not sent again.'],
  flags: { 'ray-version': { value: 'VERSION', help: 'of a cluster of Ray, all of it. Default: the one that it has' } },
  check: rayVersionFrom,
  plan: (panel, members, { typed, signal }) => panel.call('clusters.planUpgrade', { ...members, ...rayVersionFrom(typed) }, { signal }),
  start: (panel, members, typed) => panel.call('clusters.upgrade', { ...members, ...rayVersionFrom(typed) }),
  effect: (names, cluster) => `${names} of ${cluster} will run this version: each is restarted.`,
  whenNone: 'all',
})

/** @throws UsageError for what is no version */
function rayVersionFrom({ values }: Typed): { rayVersion?: string } {
  const text = values.find('ray-version')
  if (text === undefined) return {}
  const parsed = RayVersionText.safeParse(text)
  if (parsed.success) return { rayVersion: parsed.data }
  throw new UsageError(`--ray-version ${parsed.error.issues[0]?.message ?? 'must be a version'}, got ${JSON.stringify(text)}`)
}

function limitFrom({ values }: Typed): { withinMs?: number } {
  const within = values.find('within')
  return within === undefined ? {} : { withinMs: parseDuration('--within', within) }
}

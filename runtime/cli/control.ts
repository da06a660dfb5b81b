import { ControlAnswer } from '../api/control.ts'
import { type JobDetails, JobList, jobsPath } from '../api/jobs.ts'
import { PendingDemand, Why, whyPath } from '../api/why.ts'
import { type Command, commonFlags, type FlagValues, type Run, type Terminal, UsageError } from './command.ts'
import type { ApiClient } from '../client/api-client.ts'
import { apiFlags, openApi } from './http/api-target.ts'
import { parseDuration } from './values.ts'

const flags = { ...apiFlags, ...commonFlags }
const controlFlags = { 'dry-run': { help: 'do nothing; say what else would end' }, ...flags }
const lengths = { actor: 32, group: 36, task: 48, worker: 56, node: 56 } as const
const idWords = { actor: 'an actor', group: 'a placement group', task: 'a task', worker: 'a worker', node: 'a node' } as const
const longestList = 5

export const cancel: Command = {
  name: 'cancel',
  summary: 'Cancels a task. One that has not begun never runs; one that runs sees its abort signal, or with --force its worker is ended.',
  usage: ['shoal cancel TASK_ID [--force] [--no-recursive] [--dry-run]'],
  flags: {
    force: { help: 'end the worker that runs it' },
    'no-recursive': { help: 'leave the tasks that it started alone' },
    ...controlFlags,
  },
  takesWords: true,
  prepare(values, words) {
    const id = onlyId('cancel', words, ['task'])
    const query = { force: values.has('force'), recursive: !values.has('no-recursive') }
    return control(values, { path: `/api/shoal/v1/tasks/${id}/cancel`, query })
  },
}

export const kill: Command = {
  name: 'kill',
  summary: 'Kills an actor, or ends a worker with every process that it started.',
  usage: ['shoal kill ACTOR_ID [--restart] [--dry-run]', 'shoal kill WORKER_ID [--dry-run]'],
  flags: { restart: { help: 'let the actor restart, when it may' }, ...controlFlags },
  takesWords: true,
  prepare(values, words) {
    const id = onlyId('kill', words, ['actor', 'worker'])
    if (id.length === lengths.worker) {
      if (values.has('restart')) throw new UsageError('--restart is for actors; a worker is not restarted by itself')
      return control(values, { path: `/api/shoal/v1/workers/${id}/end`, query: {} })
    }
    return control(values, { path: `/api/shoal/v1/actors/${id}/kill`, query: { no_restart: !values.has('restart') } })
  },
}

export const drain: Command = {
  name: 'drain',
  summary: 'Gives a node no new work, and lets it leave the cluster when nothing runs there any more.',
  usage: ['shoal drain NODE_ID [--within DURATION] [--reason TEXT] [--dry-run]'],
  flags: {
    within: { value: 'DURATION', help: 'then it leaves whatever still runs. Default: as long as it takes' },
    reason: { value: 'TEXT', help: 'for those who look at the node' },
    ...controlFlags,
  },
  takesWords: true,
  prepare(values, words) {
    const id = onlyId('drain', words, ['node'])
    const within = values.find('within')
    const reason = values.find('reason')
    const json = {
      ...(within === undefined ? {} : { withinMs: parseDuration('--within', within) }),
      ...(reason === undefined ? {} : { reason }),
    }
    return control(values, { path: `/api/shoal/v1/nodes/${id}/drain`, query: {}, json })
  },
}

export const why: Command = {
  name: 'why',
  summary:
    'Says why a task, an actor, a placement group or a job waits: for each node what is missing. Without an id: everything that waits.',
  usage: ['shoal why [TASK_ID | ACTOR_ID | GROUP_ID | JOB_ID]'],
  flags,
  takesWords: true,
  prepare(values, words) {
    const [id, more] = words
    if (more !== undefined) throw new UsageError(`why takes one id, got ${JSON.stringify(more)} too`)
    return async (terminal) => {
      const api = openApi(values)
      if (id === undefined) {
        const [demand, jobs] = await Promise.all([api.getJson(whyPath, PendingDemand), api.getJson(jobsPath, JobList)])
        printDemand(
          demand,
          jobs.filter(({ status }) => status === 'PENDING'),
          terminal,
        )
      } else printWhy(await api.getJson(whyPath, Why, { query: { [kindOf(id)]: id } }), terminal)
      return 0
    }
  },
}

function kindOf(id: string): 'task' | 'actor' | 'group' | 'job' {
  if (!/^[0-9a-f]+$/.test(id)) return 'job'
  for (const kind of ['task', 'actor', 'group'] as const) if (id.length === lengths[kind]) return kind
  return 'job'
}

function onlyId(name: string, words: readonly string[], kinds: readonly (keyof typeof lengths)[]): string {
  const [id, more] = words
  const what = kinds.map((kind) => `the id of ${idWords[kind]}, ${lengths[kind]} hex digits`).join(', or ')
  const hint = `see ${kinds.map((kind) => `shoal list ${kind}s`).join(' and ')}`
  if (id === undefined) throw new UsageError(`${name} needs ${what}; ${hint}`)
  if (more !== undefined) throw new UsageError(`${name} takes one id, got ${JSON.stringify(more)} too`)
  if (!/^[0-9a-f]+$/.test(id) || !kinds.some((kind) => id.length === lengths[kind])) {
    throw new UsageError(`${name} needs ${what}, got ${JSON.stringify(id)}; ${hint}`)
  }
  return id
}

type Order = { readonly path: string; readonly query: Readonly<Record<string, boolean>>; readonly json?: unknown }

/** Exit code 1 when there was nothing to do. */
function control(values: FlagValues, { path, query, json }: Order): Run {
  const isDry = values.has('dry-run')
  return async (terminal) => {
    const api: ApiClient = openApi(values)
    const answer = await api.sendJson(
      { method: 'POST', path, query: { ...query, dry_run: isDry }, ...(json === undefined ? {} : { json }) },
      ControlAnswer,
    )
    print(terminal, answer, () => [answer.message, ...radiusLines(answer)])
    return answer.done || isDry ? 0 : 1
  }
}

function radiusLines({ radius, dryRun }: ControlAnswer): string[] {
  const lines: string[] = []
  for (const [name, affected] of [
    ['jobs', radius.jobs],
    ['actors', radius.actors],
    ['placement groups', radius.placement_groups],
    ['processes', radius.workers],
  ] as const) {
    if (affected.count === 0) continue
    const more = affected.count > longestList ? ', …' : ''
    lines.push(`  ${name}: ${affected.count} (${affected.ids.slice(0, longestList).join(', ')}${more})`)
  }
  if (radius.tasks) lines.push(`  tasks: ${radius.tasks}`)
  if (radius.objects) lines.push(`  objects: ${radius.objects}`)
  const title = lines.length === 0 ? [] : [dryRun ? 'With it would end:' : 'With it ended:']
  return [...title, ...lines, ...radius.notes.map((note) => `  note: ${note}`)]
}

function printWhy(reason: Why, terminal: Terminal): void {
  print(terminal, reason, () => {
    const nodes = reason.isPending
      ? reason.nodes.slice(0, 20).map(({ nodeName, nodeId, why: text }) => `  ${nodeName} (${nodeId.slice(0, 12)}): ${text}`)
      : []
    const left = reason.nodes.length + reason.nodesLeftOut - nodes.length
    return [`${reason.state}: ${reason.why}`, ...nodes, ...(reason.isPending && left > 0 ? [`  and ${left} more nodes`] : [])]
  })
}

function printDemand(demand: PendingDemand, waiting: readonly JobDetails[], terminal: Terminal): void {
  const jobs = waiting.map(({ submission_id: id, message }) => ({ submission_id: id, why: message ?? '' }))
  print(terminal, { ...demand, jobs }, () => {
    if (demand.demands.length + jobs.length === 0) return ['nothing waits']
    return [
      ...demand.demands.map(
        ({ kind, count, why: text, infeasible }) => `${count} × ${kind.replace('_', ' ')}${infeasible ? ', for ever' : ''}: ${text}`,
      ),
      ...jobs.map(({ submission_id: id, why: text }) => `job ${id}: ${text}`),
    ]
  })
}

function print(terminal: Terminal, value: object, lines: () => readonly string[]): void {
  terminal.print(terminal.isJson ? JSON.stringify(value) : lines().join('\n'))
}

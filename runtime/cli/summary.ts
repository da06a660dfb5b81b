import { ActorSummaryBody } from '../api/state/actors.ts'
import { ObjectSummaryBody } from '../api/state/objects.ts'
import { summaryAnswerOf } from '../api/state/query.ts'
import { TaskSummaryBody } from '../api/state/tasks.ts'
import { type Command, type Run, type Terminal, UsageError } from './command.ts'
import type { ApiClient } from '../client/api-client.ts'
import { plainText, safeJson, table } from './state/print-rows.ts'
import { findHelp, readStateWords, type StateWords, summaryFlags } from './state/state-words.ts'
import { openApi } from './http/api-target.ts'

const words = ['tasks', 'actors', 'objects']

/** `shoal summary …`, with the words of `ray summary …`. */
export const summary: Command = {
  name: 'summary',
  summary: 'Counts tasks by function, actors by class, or objects by where they were made.',
  usage: [`shoal summary ${words.join('|')} [--filter KEY=VALUE]…`],
  flags: summaryFlags,
  prepare(_values, args): Run {
    const help = findHelp(summary, args)
    if (help) return help
    const typed = readStateWords(summary, args, words)
    const [more] = typed.words
    if (more !== undefined) throw new UsageError(`summary takes one of ${words.join(', ')}, got ${JSON.stringify(more)} too; see --filter`)
    if (typed.format === 'yaml') throw new UsageError('--format of a summary must be table or json, got "yaml"')
    return async (terminal) => {
      const api = openApi(typed.values)
      if (typed.resource === 'tasks') await summarizeTasks(api, typed, terminal)
      else if (typed.resource === 'actors') await summarizeActors(api, typed, terminal)
      else await summarizeObjects(api, typed, terminal)
      return 0
    }
  },
}

const ask = ({ query }: StateWords) => ({ query, timeoutMs: (Number(query['timeout'] ?? 30) + 5) * 1_000 })

type Counts = Readonly<Record<string, number>>
const countsText = (counts: Counts): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ')

async function summarizeTasks(api: ApiClient, typed: StateWords, terminal: Terminal): Promise<void> {
  const answer = await api.getJson('/api/v0/tasks/summarize', summaryAnswerOf(TaskSummaryBody), ask(typed))
  const { cluster } = answer.data.result.result.node_id_to_summary
  warn(answer.data.result.warnings, terminal)
  if (typed.format === 'json') return terminal.print(safeJson(cluster))
  const rows = Object.values(cluster.summary).map(({ func_or_class_name: name, type, state_counts: counts }) => [
    plainText(name),
    type,
    countsText(counts),
  ])
  terminal.print(table([['FUNC_OR_CLASS_NAME', 'TYPE', 'STATE_COUNTS'], ...rows]))
  terminal.print(`\n${cluster.total_tasks} tasks, ${cluster.total_actor_tasks} actor tasks, ${cluster.total_actor_scheduled} actors made.`)
}

async function summarizeActors(api: ApiClient, typed: StateWords, terminal: Terminal): Promise<void> {
  const answer = await api.getJson('/api/v0/actors/summarize', summaryAnswerOf(ActorSummaryBody), ask(typed))
  const { cluster } = answer.data.result.result.node_id_to_summary
  warn(answer.data.result.warnings, terminal)
  if (typed.format === 'json') return terminal.print(safeJson(cluster))
  const rows = Object.values(cluster.summary).map(({ class_name: name, state_counts: counts }) => [plainText(name), countsText(counts)])
  terminal.print(table([['CLASS_NAME', 'STATE_COUNTS'], ...rows]))
  terminal.print(`\n${cluster.total_actors} actors.`)
}

async function summarizeObjects(api: ApiClient, typed: StateWords, terminal: Terminal): Promise<void> {
  const answer = await api.getJson('/api/v0/objects/summarize', summaryAnswerOf(ObjectSummaryBody), ask(typed))
  const { cluster } = answer.data.result.result.node_id_to_summary
  warn([answer.data.result.partial_failure_warning ?? '', ...(answer.data.result.warnings ?? [])], terminal)
  if (typed.format === 'json') return terminal.print(safeJson(cluster))
  const rows = Object.entries(cluster.summary).map(([site, group]) => [
    plainText(site),
    String(group.total_objects),
    `${group.total_size_mb.toFixed(3)} MiB`,
    countsText(group.ref_type_counts),
  ])
  terminal.print(table([['CALL_SITE', 'OBJECTS', 'SIZE', 'REFERENCES'], ...rows]))
  terminal.print(`\n${cluster.total_objects} references, ${cluster.total_size_mb.toFixed(3)} MiB.`)
}

function warn(warnings: readonly string[] | null | undefined, terminal: Terminal): void {
  for (const warning of warnings ?? []) if (warning !== '') terminal.warn(warning)
}

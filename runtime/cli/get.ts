import { ClusterError } from '../base/errors.ts'
import { type Command, type Run, UsageError } from './command.ts'
import { printRows } from './state/print-rows.ts'
import { readList } from './state/read-list.ts'
import { findHelp, getFlags, readStateWords } from './state/state-words.ts'
import { openApi } from './http/api-target.ts'

/** By which column one is asked for. */
const idColumns: Readonly<Record<string, string>> = {
  tasks: 'task_id',
  actors: 'actor_id',
  objects: 'object_id',
  workers: 'worker_id',
  nodes: 'node_id',
  jobs: 'job_id',
  'placement-groups': 'placement_group_id',
  'cluster-events': 'event_id',
}
const words = Object.keys(idColumns)

/** `shoal get …`, with the words of `ray get …`. */
export const get: Command = {
  name: 'get',
  summary: 'Shows everything known of one task, actor, object, worker, node, job, placement group or event.',
  usage: ['shoal get WHAT ID'],
  flags: getFlags,
  notes: [
    `WHAT is one of ${words.join(', ')}.`,
    'A task has a row for each attempt, and an object one for each reference. A job is found by its id or that of its submission.',
  ],
  prepare(_values, args): Run {
    const help = findHelp(get, args)
    if (help) return help
    const typed = readStateWords(get, args, words)
    const [id] = typed.words
    if (id === undefined || typed.words.length > 1)
      throw new UsageError(`get takes one id: shoal get ${typed.resource.replaceAll('_', '-')} ID`)
    const column = idColumns[typed.resource.replaceAll('_', '-')] ?? 'id'
    const key = column === 'job_id' && !/^[0-9a-f]{8}$/.test(id) ? 'submission_id' : column
    const query = { ...typed.query, detail: 'True', filter_keys: [key], filter_predicates: ['='], filter_values: [id] }
    return async (terminal) => {
      const rows = await readList(openApi(typed.values), { resource: typed.resource, query }, terminal)
      if (rows.length === 0) {
        throw new ClusterError(
          'not-found',
          `there is no ${key.replace(/_id$/, '').replaceAll('_', ' ')} ${id}; see shoal list ${typed.resource.replaceAll('_', '-')}`,
        )
      }
      printRows(rows, typed.format === 'table' && !typed.values.has('format') ? 'yaml' : typed.format, terminal)
      return 0
    }
  },
}

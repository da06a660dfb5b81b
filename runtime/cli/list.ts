import { type Command, type Run, UsageError } from './command.ts'
import { printRows } from './state/print-rows.ts'
import { readList } from './state/read-list.ts'
import { findHelp, readStateWords, resourceWords, stateFlags } from './state/state-words.ts'
import { openApi } from './http/api-target.ts'

const words = Object.keys(resourceWords)

/** `shoal list …`, with the words of `ray list …`. */
export const list: Command = {
  name: 'list',
  summary: 'Lists tasks, actors, objects, workers, nodes, jobs, placement groups, environments and events.',
  usage: ['shoal list WHAT [--filter KEY=VALUE]… [--limit N] [--detail]'],
  flags: stateFlags,
  notes: [
    `WHAT is one of ${words.join(', ')}.`,
    'Filters hold before the limit. Cells of a table are cut after 60 letters, and its lines at the edge of a terminal; --format yaml and --json are whole.',
    'Works with a Ray head too: --address http://HOST:8265.',
  ],
  examples: ['shoal list tasks --filter state=FAILED', 'shoal list actors --filter class_name=Counter --detail'],
  prepare(_values, args): Run {
    const help = findHelp(list, args)
    if (help) return help
    const typed = readStateWords(list, args, words)
    const [more] = typed.words
    if (more !== undefined) throw new UsageError(`list takes one of ${words.join(', ')}, got ${JSON.stringify(more)} too; see --filter`)
    return async (terminal) => {
      printRows(await readList(openApi(typed.values), typed, terminal), typed.format, terminal)
      return 0
    }
  },
}

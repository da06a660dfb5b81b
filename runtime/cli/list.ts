import { type Command, type Run } from './command.ts'
import { printRows } from './state/print-rows.ts'
import { readList } from './state/read-list.ts'
import { findHelp, readStateWords, resourceWords, stateFlags } from './state/state-words.ts'
import { openApi } from './http/api-target.ts'

const words = Object.keys(resourceWords)

/** `shoal list …`, with the words of `ray list …`. */
export const list: Command = {
  name: 'list',
  summary: 'Lists tasks, actors, objects, workers, nodes, jobs, placement groups, environments and events.',
  usage: [`shoal list ${words.join('|')} [--filter KEY=VALUE]... [--limit N] [--detail]`],
  flags: stateFlags,
  notes: ['Filters hold before the limit. Works with a Ray head too: --address http://HOST:8265.'],
  prepare(_values, args): Run {
    const help = findHelp(list, args)
    if (help) return help
    const typed = readStateWords(list, args, words)
    return async (terminal) => {
      printRows(await readList(openApi(typed.values), typed, terminal), typed.format, terminal)
      return 0
    }
  },
}

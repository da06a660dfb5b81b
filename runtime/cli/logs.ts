import { type Command, commonFlags, type Run, UsageError } from './command.ts'
import { apiFlags, openApi } from './http/api-target.ts'
import { rawFlag } from './log-output.ts'
import { followLogs } from './logs/follow-logs.ts'
import { listOrPrint, printLog } from './logs/print-log.ts'
import { searchLogs } from './logs/search-logs.ts'
import { readWanted } from './logs/wanted-log.ts'

/** `shoal logs …`, with the words of `ray logs …`. */
export const logs: Command = {
  name: 'logs',
  summary: 'Lists, prints, follows and searches log files.',
  usage: [
    'shoal logs [cluster] [GLOB] [--node-id ID | --node-ip IP]',
    'shoal logs job SUBMISSION_ID',
    'shoal logs actor ACTOR_ID [--err]',
    'shoal logs worker --pid PID [--node-id ID | --node-ip IP] [--err]',
    'shoal logs task TASK_ID [--attempt-number N] [--err]',
  ],
  takesWords: true,
  flags: {
    follow: { help: 'go on with what is written, until Ctrl-C; -f for short. Follows every file that fits' },
    tail: { value: 'N', help: 'how many of the last lines; -1 for all. Default: 1000' },
    grep: { value: 'REGEX', help: 'only lines that fit; without --follow it searches all files that fit GLOB' },
    level: { value: 'LEVEL', help: 'only lines of this level or worse: debug, info, warn, error; with --grep or --follow' },
    'node-id': { value: 'ID', help: 'the node. Default: that of the head; with --follow or --grep all of them' },
    'node-ip': { value: 'IP', help: 'the node, by its address' },
    id: { value: 'ID', help: 'of the job, actor or task' },
    pid: { value: 'PID', help: 'of the worker' },
    'attempt-number': { value: 'N', help: 'of the task. Default: 0' },
    err: { help: 'standard error in place of standard output' },
    raw: rawFlag,
    ...apiFlags,
    ...commonFlags,
  },
  notes: [
    'One file that fits is printed; several are listed. With --json lists are objects, and lines come as one object each.',
    'Logs of nodes that are gone are read from what the head keeps of them.',
  ],
  examples: [
    'shoal logs job raysubmit_kRdAMrKYWQvUsBQX -f',
    "shoal logs '*.err' --grep 'Error|Traceback'",
    'shoal logs head.log --tail 50',
  ],
  prepare(values, words): Run {
    const wanted = readWanted(values, words)
    if (wanted.level !== undefined && wanted.grep === undefined && !wanted.follows) throw new UsageError('--level needs --grep or --follow')
    return async (terminal) => {
      const api = openApi(values)
      if (wanted.follows) return followLogs(api, wanted, terminal)
      if (wanted.grep !== undefined) return searchLogs(api, wanted, terminal)
      return wanted.kind === 'cluster' ? listOrPrint(api, wanted, terminal) : printLog(api, wanted, terminal)
    }
  },
}

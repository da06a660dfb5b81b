import { ClusterError, toError } from '../../base/errors.ts'
import { type Command, type Terminal, UsageError } from '../command.ts'
import { commandHelp } from '../help.ts'
import { nearMissHint } from '../near-miss.ts'
import { type JobCommand, parseJobWords } from './job-words.ts'
import { deleteJob, listJobs, statusOfJob, stopJob } from './manage.ts'
import { logsOfJob } from './logs.ts'
import { submitJob } from './submit.ts'

const subcommands: readonly JobCommand[] = [submitJob, listJobs, statusOfJob, logsOfJob, stopJob, deleteJob]
const usage = subcommands.flatMap((command) => command.usage)

/** `shoal job …`, with the words of `ray job …`. */
export const job: Command = {
  name: 'job',
  summary: 'Submits commands as jobs, and looks after them.',
  usage,
  flags: {},
  notes: [
    ...subcommands.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`),
    '',
    'shoal job <command> --help shows the flags of one.',
  ],
  prepare(_values, [name, ...args]) {
    const known = subcommands.map((each) => each.name)
    if (name === undefined) throw new UsageError(`job needs one of ${known.join(', ')}`)
    const command = subcommands.find((each) => each.name === name)
    if (!command) throw new UsageError(`there is no job command ${name}${nearMissHint(name, known) || `; there are ${known.join(', ')}`}`)
    const own = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length)
    if (own.includes('--help') || own.includes('-h')) {
      return (terminal) => {
        terminal.print(commandHelp({ ...command, prepare: () => () => Promise.resolve(0) }))
        return Promise.resolve(0)
      }
    }
    const { values, words } = parseJobWords(command, args)
    const run = command.prepare(values, words)
    return values.has('json') ? (terminal) => run(terminal).catch((thrown: unknown) => printFailure(thrown, terminal)) : run
  },
}

/** As main prints it, where `--json` stands behind the subcommand. */
function printFailure(thrown: unknown, terminal: Terminal): number {
  const error = toError(thrown)
  const { code, details } = error instanceof ClusterError ? error : { code: 'internal', details: {} }
  terminal.print(JSON.stringify({ error: { code, message: error.message, details } }))
  return error instanceof UsageError ? 2 : 1
}

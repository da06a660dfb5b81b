import { UsageError } from '../../../runtime/cli/command.ts'
import { LogForTerminal } from '../../../runtime/cli/log-for-terminal.ts'
import { plainText } from '../../../runtime/cli/state/print-rows.ts'
import { parseDuration } from '../../../runtime/cli/values.ts'
import type { Output } from '../../contract/panel.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, sshFlags } from '../panel-flags.ts'
import { countText, durationText, namesText } from '../words/amounts.ts'
import { commandLineFrom } from '../words/command-line.ts'
import { indented, printJson } from '../words/print.ts'
import { sayMeanwhile } from '../words/say-meanwhile.ts'
import { requireSelection, selectionFlags, selectionFrom, selectMachines } from './select-machines.ts'

type Group = Output<'machines.exec'>[number]

export const execOnMachines: PanelSubcommand = {
  name: 'exec',
  summary: 'runs one command on many machines; those that answer alike stand together',
  usage: ['shoal machine exec NAME …|--all|--group NAME|--tag NAME [flags] -- COMMAND [ARGS …]'],
  flags: {
    ...selectionFlags,
    timeout: { value: 'DURATION', help: 'after which it is given up on a machine, such as 30s. Default: 10m' },
    full: { help: 'print the whole output of every group, not only what differs' },
    ...sshFlags,
    ...jsonFlag,
  },
  notes: [
    'One word behind -- is a line for the shell: shoal machine exec --all -- "df -h | tail -1". Several are one command with its arguments.',
    'Exit code: 1 when it could not be run, or did not end with 0, on any of them.',
  ],
  prepare({ values, words, behind }) {
    const selection = requireSelection('machine exec', selectionFrom(values, words))
    if (behind === undefined || behind.length === 0)
      throw new UsageError('machine exec needs a command behind --: shoal machine exec NAME -- COMMAND [ARGS …]')
    const command = commandLineFrom(behind)
    const timeout = values.find('timeout')
    const limit = timeout === undefined ? {} : { timeoutMs: timeoutFrom(timeout) }
    return async (context) => {
      const { panel, terminal, interrupts } = context
      const machines = selectMachines(await panel.call('machines.list', {}), selection)
      const input = { machines: machines.map(({ id }) => id), command, ...limit }
      const groups = await sayMeanwhile(context, `On ${countText(machines.length, 'machine')}`, () =>
        panel.call('machines.exec', input, { signal: interrupts.signal }),
      )
      if (terminal.isJson) printJson(terminal, groups)
      else if (machines.length === 1 && groups[0]) printOnly(context, groups[0])
      else terminal.print(groups.map((group) => groupText(group, values.has('full'))).join('\n\n'))
      return groups.every(({ code, failure }) => failure === null && code === 0) ? exitCodes.ok : exitCodes.failed
    }
  },
}

/** Of one machine: its outputs are ours, byte for byte where nobody looks at a terminal. */
function printOnly({ terminal }: Context, group: Group): void {
  const [machine] = group.machines
  for (const [stream, text] of [[process.stdout, group.stdout] as const, [process.stderr, group.stderr] as const])
    if (text !== '') stream.write(stream.isTTY ? shownLog(text) : text)
  if (group.failure) terminal.warn(`shoal: ${group.failure.message}`)
  else if (group.code !== 0 || group.isTruncated) terminal.warn(`${machine?.name ?? ''}: ${endText(group)}`)
}

/** Pure: who, how it ended, and what it said. */
export function groupText(group: Group, isFull: boolean): string {
  const { machines, difference } = group
  const longestMs = Math.max(...machines.map(({ durationMs }) => durationMs))
  const names = namesText(
    machines.map(({ name }) => name),
    20,
  )
  const heading = `${countText(machines.length, 'machine')}: ${plainText(names)} (${endText(group)}, ${durationText(longestMs)})`
  const isDifferent = !isFull && difference.length > 0
  const body = isDifferent ? [`unlike the first:`, ...difference].join('\n') : outputText(group)
  return body === '' ? heading : `${heading}\n${indented(shownLog(body))}`
}

function outputText({ stdout, stderr }: Group): string {
  const out = stdout.replace(/\n$/, '')
  const err = stderr.replace(/\n$/, '')
  if (err === '') return out
  return [...(out === '' ? [] : [out]), 'on its standard error:', err].join('\n')
}

function endText({ failure, code, signal, isTruncated }: Group): string {
  const end = failure ? plainText(failure.message) : signal === null ? `exit ${code ?? 'unknown'}` : `ended by signal ${signal}`
  return isTruncated ? `${end}, its output is cut off` : end
}

function shownLog(text: string): string {
  const log = new LogForTerminal()
  return log.push(text) + log.end()
}

const shortestTimeoutMs = 100

function timeoutFrom(text: string): number {
  const ms = parseDuration('--timeout', text)
  if (ms >= shortestTimeoutMs) return ms
  throw new UsageError(`--timeout must be ${shortestTimeoutMs}ms or more, got ${JSON.stringify(text)}`)
}

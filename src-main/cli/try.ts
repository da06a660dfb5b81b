import { type Command, type FlagValues, UsageError } from '../../runtime/cli/command.ts'
import type { Context } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import { runWithPanel } from './noun.ts'
import { followOperation } from './operation/follow-operation.ts'
import { exitCodeOf, resultText } from './operation/operation-result.ts'
import { operationHasEnded } from './operation/step-words.ts'
import { jsonFlag, operationFlags } from './panel-flags.ts'
import { sshAnswersFrom } from './questions/ssh-answers.ts'
import { countText } from './words/amounts.ts'
import { printJson } from './words/print.ts'
import { sayMeanwhile } from './words/say-meanwhile.ts'

const mostNodes = 4

export const tryCommand: Command = {
  name: 'try',
  summary: 'Starts a cluster on this computer, with sample jobs: everything can be looked at before any machine is reached over SSH.',
  usage: ['shoal try [--nodes N] [--no-samples] [--verbose] [--json]'],
  flags: {
    nodes: { value: 'N', help: `of the cluster, all on this computer: 1 to ${mostNodes}. Default: 3` },
    'no-samples': { help: 'submit no jobs' },
    ...operationFlags,
    ...jsonFlag,
  },
  notes: [
    'What is there already is used: it may be given again and again.',
    'The sample jobs take about half a core for ten minutes. shoal cluster down local ends all of it, and deletes it.',
  ],
  prepare(values) {
    const wish = { nodes: nodesFrom(values), withSamples: !values.has('no-samples') }
    const answers = sshAnswersFrom(values, tryCommand.flags)
    return runWithPanel((context) => tryHere(context, wish), { values, answers })
  },
}

function nodesFrom(values: FlagValues): number | undefined {
  const text = values.find('nodes')
  if (text === undefined) return undefined
  const nodes = Number(text)
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > mostNodes)
    throw new UsageError(`--nodes must be a whole number from 1 to ${mostNodes}, got ${JSON.stringify(text)}`)
  return nodes
}

type Wish = { readonly nodes: number | undefined; readonly withSamples: boolean }

async function tryHere(context: Context, { nodes, withSamples }: Wish): Promise<number> {
  const { panel, terminal, interrupts } = context
  const input = { withSamples, ...(nodes === undefined ? {} : { nodes }) }
  const { clusterId, operationId } = await sayMeanwhile(context, 'Looking at this computer', () =>
    panel.call('clusters.startLocal', input, { signal: interrupts.signal }),
  )
  const found = await panel.call('operations.get', { operationId })
  const isThere = operationHasEnded(found)
  const operation = isThere ? found : await followOperation(context, operationId)
  const { name, members } = await panel.call('clusters.get', { cluster: clusterId })
  const code = exitCodeOf(operation, interrupts.hasInterrupted)
  if (terminal.isJson) printJson(terminal, { cluster: name, clusterId, operation })
  else if (code === exitCodes.ok)
    terminal.print([isThere ? runsAlready(name, members.length, nodes) : resultText(operation), '', ...nextSteps(name)].join('\n'))
  else terminal.print(`${resultText(operation).split('\n').slice(0, -1).join('\n')}\nTo try again what is not done: shoal try`)
  return code
}

function runsAlready(cluster: string, has: number, wanted: number | undefined): string {
  if (wanted === undefined || wanted === has) return `Cluster ${cluster} runs already.`
  return `Cluster ${cluster} runs already, with ${countText(has, 'node')}. For another number, end it first: shoal cluster down ${cluster}`
}

const nextSteps = (cluster: string): string[] => [
  'Next:',
  '  shoal panel                              look at it in the browser',
  `  shoal cluster status ${cluster.padEnd(20)}its nodes`,
  `  shoal cluster job ${cluster} -- node -p 6*7   a job of your own`,
  '  shoal machine add user@host              a machine of yours, over SSH',
  `  shoal cluster down ${cluster.padEnd(22)}ends it, and deletes all of it`,
]

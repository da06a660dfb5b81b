import { NodeStateRow } from '../../../runtime/api/state/nodes.ts'
import { ShoalListAnswer } from '../../../runtime/api/state/shoal-lists.ts'
import { NodesAnswer, type NodeSummary } from '../../../runtime/api/nodes.ts'
import type { Cluster } from '../../contract/clusters.ts'
import type { Output } from '../../contract/panel.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag, sshFlags } from '../panel-flags.ts'
import { countText, durationText, sizeText } from '../words/amounts.ts'
import { onlyWord } from '../words/lists.ts'
import { alignedTable, printJson } from '../words/print.ts'
import { connectOrRecord, recordNote } from './link.ts'

type Answer = Output<'api.read'>

export const statusOfCluster: PanelSubcommand = {
  name: 'status',
  summary: 'the nodes of a cluster, what they have and use, as its head says',
  usage: ['shoal cluster status NAME'],
  flags: { ...sshFlags, ...jsonFlag },
  notes: ['When the head cannot be reached, the nodes that were recorded last are shown, marked so. Exit code: 1 then.'],
  prepare({ words }) {
    const name = onlyWord('cluster status', 'the name of a cluster', words)
    return async (context) => {
      const { panel, terminal, interrupts } = context
      const cluster = await connectOrRecord(context, name)
      const { signal } = interrupts
      if (cluster.link.state !== 'connected') return showRecorded(context, cluster)
      const nodes = await panel.call(
        'api.read',
        { cluster: cluster.id, route: 'listNodeSummaries', query: { view: 'summary' } },
        { signal },
      )
      const summary = summaryOf(nodes)
      if (terminal.isJson)
        printJson(terminal, { cluster: cluster.name, source: nodes.source, recordedAtMs: nodes.recordedAtMs, nodes: summary })
      else terminal.print([...recordNote(nodes, Date.now()), nodesText(cluster.name, summary, Date.now())].join('\n'))
      return exitCodes.ok
    }
  },
}

const recordedAtMost = 1_000

/** Which nodes there were: what they used, only a head that answers tells. */
async function showRecorded({ panel, terminal, interrupts }: Context, { id, name }: Cluster): Promise<number> {
  const input = { cluster: id, route: 'pageNodes', query: { limit: recordedAtMost, detail: true } } as const
  const answer = await panel.call('api.read', input, { signal: interrupts.signal })
  const nodes = ShoalListAnswer.parse(answer.body).rows.map((row) => NodeStateRow.parse(row))
  if (terminal.isJson) printJson(terminal, { cluster: name, source: answer.source, recordedAtMs: answer.recordedAtMs, nodes })
  else terminal.print([...recordNote(answer, Date.now()), recordedText(name, nodes)].join('\n'))
  return exitCodes.failed
}

/** Pure. */
export function recordedText(cluster: string, nodes: readonly NodeStateRow[]): string {
  const living = nodes.filter(({ state }) => state === 'ALIVE')
  const rows = living.map((node) => [node.node_id.slice(0, 8), node.node_name, node.node_ip, node.is_head_node ? 'head' : ''])
  const title = `${cluster}: ${countText(living.length, 'node was', 'nodes were')} alive`
  return rows.length === 0 ? title : `${title}\n\n${alignedTable(['NODE', 'HOST', 'ADDRESS', 'ROLE'], rows)}`
}

function summaryOf({ body }: Answer): readonly NodeSummary[] {
  const { data } = NodesAnswer.parse(body)
  return 'summary' in data ? data.summary : []
}

/** Pure. */
export function nodesText(cluster: string, nodes: readonly NodeSummary[], nowMs: number): string {
  const living = nodes.filter(({ raylet }) => raylet.state === 'ALIVE')
  const sum = (name: string) => living.reduce((total, { raylet }) => total + (raylet.resourcesTotal[name] ?? 0), 0)
  const resources = ['CPU', 'GPU', 'memory', 'object_store_memory'].flatMap((name) => {
    const amount = sum(name)
    return amount === 0 ? [] : [name === 'CPU' || name === 'GPU' ? `${amount} ${name}` : `${sizeText(amount)} ${name}`]
  })
  const dead = nodes.length - living.length
  const rows = [...living, ...nodes.filter(({ raylet }) => raylet.state === 'DEAD')].map((node) => nodeRow(node, nowMs))
  return [
    `${cluster}: ${countText(living.length, 'node')} alive${dead > 0 ? `, ${dead} dead` : ''}; ${resources.join(', ') || 'no resources'}`,
    ...(rows.length === 0
      ? []
      : ['', alignedTable(['NODE', 'HOST', 'ADDRESS', 'STATE', 'ROLE', 'CPU', 'MEMORY', 'DISK FREE', 'GPUS', 'UP'], rows)]),
  ].join('\n')
}

function nodeRow({ raylet, hostname, cpu, cpus, mem, disk, gpus }: NodeSummary, nowMs: number): string[] {
  const isAlive = raylet.state === 'ALIVE'
  const free = disk?.['/']?.free
  return [
    raylet.nodeId.slice(0, 8),
    hostname ?? raylet.nodeManagerHostname,
    raylet.nodeManagerAddress,
    isAlive ? 'alive' : `dead${raylet.stateMessage ? `: ${raylet.stateMessage}` : ''}`,
    raylet.isHeadNode ? 'head' : '',
    cpu === undefined ? '' : `${Math.round(cpu)}%${cpus ? ` of ${cpus[0]}` : ''}`,
    mem === undefined ? '' : `${sizeText(mem[3])} of ${sizeText(mem[0])}`,
    free === undefined ? '' : sizeText(free),
    (gpus ?? []).map(({ index, utilizationGpu }) => `${index}: ${Math.round(utilizationGpu ?? 0)}%`).join(' '),
    isAlive ? durationText(nowMs - raylet.startTimeMs) : '',
  ]
}

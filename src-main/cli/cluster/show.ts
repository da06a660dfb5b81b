import type { Cluster } from '../../contract/clusters.ts'
import type { Machine } from '../../contract/machines.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PanelSubcommand } from '../noun.ts'
import { jsonFlag } from '../panel-flags.ts'
import { countText, durationText } from '../words/amounts.ts'
import { noWords, onlyWord } from '../words/lists.ts'
import { alignedTable, printJson } from '../words/print.ts'
import { getCluster } from './members.ts'

export const listClusters: PanelSubcommand = {
  name: 'list',
  summary: 'the clusters that this computer knows',
  usage: ['shoal cluster list'],
  flags: jsonFlag,
  prepare({ words }) {
    noWords('cluster list', words)
    return async ({ panel, terminal }) => {
      const clusters = await panel.call('clusters.list', {})
      if (terminal.isJson) printJson(terminal, clusters)
      else if (clusters.length === 0) terminal.print('No clusters yet. Make one: shoal cluster create NAME --hosts hosts.txt')
      else terminal.print(clusterTable(clusters, { machines: await panel.call('machines.list', {}), nowMs: Date.now() }))
      return exitCodes.ok
    }
  },
}

export const showCluster: PanelSubcommand = {
  name: 'show',
  summary: 'the machines of a cluster, their states and versions, and the link to it',
  usage: ['shoal cluster show NAME'],
  flags: jsonFlag,
  prepare({ words }) {
    const name = onlyWord('cluster show', 'the name of a cluster', words)
    return async ({ panel, terminal }) => {
      const cluster = await getCluster(panel, name)
      if (terminal.isJson) printJson(terminal, cluster)
      else terminal.print(clusterText(cluster, { machines: await panel.call('machines.list', {}), nowMs: Date.now() }))
      return exitCodes.ok
    }
  },
}

type Known = { readonly machines: readonly Pick<Machine, 'id' | 'name' | 'reach'>[]; readonly nowMs: number }

const nameIn = (machines: Known['machines'], id: string): string => machines.find((machine) => machine.id === id)?.name ?? id

/** `3 of 4 started`. */
function startedText({ members }: Pick<Cluster, 'members'>): string {
  const started = members.filter(({ state }) => state === 'started').length
  return members.length === 0
    ? 'no machines'
    : started === members.length
      ? countText(started, 'machine')
      : `${started} of ${members.length} started`
}

/** Pure. */
export const clusterTable = (clusters: readonly Cluster[], { machines, nowMs }: Known): string =>
  alignedTable(
    ['NAME', 'ENGINE', 'MACHINES', 'HEAD', 'LINK', 'AGE', 'CHANGED BY'],
    clusters.map((cluster) => {
      const head = cluster.members.find(({ role }) => role === 'head')
      return [
        cluster.name,
        cluster.engine,
        cluster.rayHead ? '' : startedText(cluster),
        cluster.rayHead?.url ?? (head ? nameIn(machines, head.machineId) : ''),
        cluster.link.state,
        durationText(nowMs - cluster.createdAtMs),
        leaseText(cluster),
      ]
    }),
  )

/** Pure. */
export function clusterText(cluster: Cluster, { machines, nowMs }: Known): string {
  const { name, id, engine, link, members, rayHead } = cluster
  const rows = members.map(({ machineId, role, state, payload, address, nodeId }) => [
    nameIn(machines, machineId),
    role,
    state,
    machines.find((machine) => machine.id === machineId)?.reach.state ?? 'not on the list',
    payload?.slice(0, 12) ?? '',
    address ?? '',
    nodeId?.slice(0, 8) ?? '',
  ])
  return [
    `${name} (${id}), engine ${engine}, ${rayHead ? 'on the list since' : 'made'} ${durationText(nowMs - cluster.createdAtMs)}${rayHead ? '' : ' ago'}`,
    `  Link          ${link.state}, for ${durationText(nowMs - link.sinceMs)}${link.message === null ? '' : `: ${link.message}`}`,
    ...(rayHead
      ? [`  Ray head      ${rayHead.url}${rayHead.via === null ? '' : `, through ${nameIn(machines, rayHead.via)}`}`]
      : madeHereLines(cluster)),
    ...(rayHead
      ? ['', 'Its machines are none of this panel: shoal cluster status shows its nodes.']
      : [
          '',
          members.length === 0 ? 'No machines.' : alignedTable(['MACHINE', 'ROLE', 'STATE', 'SSH', 'VERSION', 'ADDRESS', 'NODE'], rows),
        ]),
  ].join('\n')
}

const madeHereLines = (cluster: Cluster): string[] => {
  const { ports, service } = cluster
  return [
    `  Changed by    ${leaseText(cluster) || 'nobody now'}`,
    `  Ports         head ${ports.head}, nodes ${ports.agent}, API ${ports.api === 0 ? 'a free one' : ports.api}`,
    `  After reboot  ${service === 'none' ? 'nodes do not come back by themselves' : `started by ${service}`}`,
  ]
}

const leaseText = ({ lease }: Pick<Cluster, 'lease'>): string => (lease.isOurs ? 'this panel' : (lease.holder ?? ''))

import type { Why, WhyNode } from '../../runtime/api/why.ts'
import { useClusterRead } from '../api/cluster-reads.ts'
import { useFormat } from '../i18n/format.ts'
import { useText } from '../i18n/messages.ts'
import { Badge, type Tone } from '../ui/badge.tsx'
import { ErrorNote } from '../ui/error-note.tsx'
import { SkeletonRows } from '../ui/skeleton.tsx'
import { NodeLink } from './links.tsx'
import { messages } from './messages.ts'

type WhyPanelProps = {
  /** Its id. */
  readonly cluster: string
  /** As in the address, for links. */
  readonly clusterRef: string
  readonly kind: 'task' | 'actor' | 'group' | 'job'
  readonly id: string
}

const tones: Readonly<Record<WhyNode['verdict'], Tone>> = {
  fits: 'good',
  busy: 'info',
  'too-small': 'bad',
  labels: 'warn',
  affinity: 'warn',
  draining: 'warn',
  unreachable: 'bad',
  dead: 'idle',
}

/** Why something waits: what each node lacks for it, the nearest first. */
export function WhyPanel({ cluster, clusterRef, kind, id }: WhyPanelProps) {
  const t = useText(messages)
  const why = useClusterRead(
    cluster,
    { route: 'getWhy', query: { [kind]: id } },
    { changesOf: ['task', 'actor', 'placement_group', 'node', 'job'], everyMs: 2_000 },
  )
  if (why.isPending) return <SkeletonRows rows={3} />
  if (why.isError) return <ErrorNote error={why.error} onRetry={() => void why.refetch()} />
  const answer = why.data.body as unknown as Why // parsed by the host by the schema of the route
  if (!answer.isPending) return <p className="text-soft">{t('whyNot')}</p>
  const nodes = answer.nodes.toSorted((one, other) => Number(other.nodeId === answer.nearest) - Number(one.nodeId === answer.nearest))
  return (
    <div className="flex flex-col gap-2">
      <p>
        {answer.why} {answer.infeasible && <strong className="font-medium text-bad">{t('infeasible')}</strong>}
      </p>
      <div className="overflow-x-auto">
        <table className="w-full text-sm">
          <thead className="text-left text-faint">
            <tr>
              <th className="py-1 pr-4 font-medium">{t('node')}</th>
              <th className="py-1 pr-4 font-medium">{t('verdict')}</th>
              <th className="py-1 pr-4 font-medium">{t('missing')}</th>
              <th className="py-1 font-medium">{t('reason')}</th>
            </tr>
          </thead>
          <tbody>
            {nodes.slice(0, 50).map((node) => (
              <WhyRow key={node.nodeId} node={node} cluster={clusterRef} isNearest={node.nodeId === answer.nearest} />
            ))}
          </tbody>
        </table>
      </div>
      {answer.nodesLeftOut + Math.max(0, nodes.length - 50) > 0 && (
        <p className="text-sm text-faint">{t('leftOut', { count: answer.nodesLeftOut + Math.max(0, nodes.length - 50) })}</p>
      )}
    </div>
  )
}

function WhyRow({ node, cluster, isNearest }: { readonly node: WhyNode; readonly cluster: string; readonly isNearest: boolean }) {
  const t = useText(messages)
  const format = useFormat()
  const amount = (resource: string, value: number) => (/memory/.test(resource) ? format.bytes(value) : format.number(value))
  return (
    <tr className="border-t align-top">
      <td className="py-1 pr-4 whitespace-nowrap">
        <NodeLink cluster={cluster} id={node.nodeId} name={node.nodeName} />
        {isNearest && <span className="ml-1 text-faint">({t('nearest')})</span>}
      </td>
      <td className="py-1 pr-4">
        <Badge tone={tones[node.verdict]}>{t(node.verdict)}</Badge>
      </td>
      <td className="py-1 pr-4">
        {node.missing.map(({ resource, wanted, free, total }) => (
          <div key={resource} className="whitespace-nowrap tabular-nums">
            {t('short', { resource, wanted: amount(resource, wanted), free: amount(resource, free), total: amount(resource, total) })}
          </div>
        ))}
        {node.labels.map(({ key, wanted, has }) => (
          <div key={key} className="font-mono">
            {key}={wanted} ({has ?? t('none')})
          </div>
        ))}
      </td>
      <td className="py-1 text-soft">{node.why}</td>
    </tr>
  )
}

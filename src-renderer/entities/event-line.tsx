import { recordIn, type Row, textIn } from '../api/rows.ts'
import type { ReactNode } from 'react'
import { ActorLink, GroupLink, JobLink, NodeLink, TaskLink } from './links.tsx'
import { type StatefulKind, StateBadge } from './state-badge.tsx'

const kinds: Readonly<Record<string, StatefulKind>> = {
  node: 'node',
  job: 'job',
  task: 'task',
  actor: 'actor',
  placement_group: 'placement-group',
}

/** One event of a cluster: what it is about, what happened, and how it stands since. */
export function EventLine({ row, cluster }: { readonly row: Row; readonly cluster: string }) {
  const about = recordIn(row, 'row')
  const kind = textIn(row, 'kind') ?? ''
  const statefulKind = kinds[kind]
  const state = textIn(about, 'state') ?? textIn(about, 'status')
  return (
    <span className="flex min-w-0 items-center gap-2">
      <span className="w-28 shrink-0 text-soft">{kind.replaceAll('_', ' ')}</span>
      <span className="min-w-0 truncate">{linkOf(kind, cluster, row)}</span>
      <span className="text-soft">{textIn(row, 'type')}</span>
      {statefulKind && state !== null && <StateBadge kind={statefulKind} state={state} />}
    </span>
  )
}

function linkOf(kind: string, cluster: string, row: Row): ReactNode {
  const about = recordIn(row, 'row')
  const id = textIn(row, 'id')
  switch (kind) {
    case 'node':
      return <NodeLink cluster={cluster} id={id} name={textIn(about, 'node_name')} />
    case 'job':
      return <JobLink cluster={cluster} id={id} name={textIn(about, 'entrypoint') ?? id} />
    case 'task':
      return <TaskLink cluster={cluster} id={textIn(about, 'task_id') ?? id} name={textIn(about, 'name')} />
    case 'actor':
      return <ActorLink cluster={cluster} id={id} name={textIn(about, 'name') ?? textIn(about, 'class_name')} />
    case 'placement_group':
      return <GroupLink cluster={cluster} id={id} name={textIn(about, 'name')} />
    default:
      return (textIn(about, 'message') ?? id ?? '').slice(0, 300)
  }
}

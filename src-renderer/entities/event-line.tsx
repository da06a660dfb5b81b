import { recordIn, type Row, textIn } from '../api/rows.ts'
import type { ReactNode } from 'react'
import { useText } from '../i18n/messages.ts'
import { ActorLink, GroupLink, JobLink, NodeLink, TaskLink } from './links.tsx'
import { messages } from './messages.ts'
import { type StatefulKind, StateBadge } from './state-badge.tsx'

type Kind = {
  readonly word: 'ofNode' | 'ofJob' | 'ofTask' | 'ofActor' | 'ofGroup' | 'ofStore' | 'ofAlert'
  readonly stateful?: StatefulKind
}
const kinds: Readonly<Record<string, Kind>> = {
  node: { word: 'ofNode', stateful: 'node' },
  job: { word: 'ofJob', stateful: 'job' },
  task: { word: 'ofTask', stateful: 'task' },
  actor: { word: 'ofActor', stateful: 'actor' },
  placement_group: { word: 'ofGroup', stateful: 'placement-group' },
  object_store: { word: 'ofStore' },
  alert: { word: 'ofAlert' },
}

/** One event of a cluster: what it is about, what happened, and how it stands since. */
export function EventLine({ row, cluster }: { readonly row: Row; readonly cluster: string }) {
  const t = useText(messages)
  const about = recordIn(row, 'row')
  const kind = textIn(row, 'kind') ?? ''
  const { word, stateful } = kinds[kind] ?? {}
  const state = textIn(about, 'state') ?? textIn(about, 'status')
  const job = drivenJob(kind, about)
  // How a driver ended nobody knows; that of its job tells.
  const hasEnded = job !== null && state !== 'RUNNING'
  const type = textIn(row, 'type') ?? ''
  return (
    <span className="flex min-w-0 items-center gap-2">
      <span className="w-28 shrink-0 text-soft">{word === undefined ? kind.replaceAll('_', ' ') : t(word)}</span>
      <span className="min-w-0 truncate">
        {job === null ? linkOf(kind, cluster, row) : <JobLink cluster={cluster} id={job} name={t('driverOf', { job })} />}
      </span>
      {type !== state?.toLowerCase() && <span className="text-soft">{type.replaceAll('_', ' ')}</span>}
      {hasEnded && <span className="text-soft">{t('driverEnded')}</span>}
      {!hasEnded && stateful && state !== null && <StateBadge kind={stateful} state={state} />}
    </span>
  )
}

/** The submitted job whose program this is about. */
const drivenJob = (kind: string, about: Row): string | null =>
  kind === 'job' && textIn(about, 'type') === 'DRIVER' ? textIn(about, 'submission_id') : null

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

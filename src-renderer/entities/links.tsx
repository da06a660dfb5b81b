import { useText } from '../i18n/messages.ts'
import { PathLink } from '../navigation/link.tsx'
import { type EntityKind, paths } from '../navigation/paths.ts'
import { shortId } from '../ui/copy-id.tsx'
import { messages } from './messages.ts'
import { useNodeNames } from './node-names.tsx'

type EntityLinkProps = {
  /** As it stands in the address. */
  readonly cluster: string
  readonly id: string | null | undefined
  /** Shown instead of the id. */
  readonly name?: string | null | undefined
}

const linkTo = (kind: EntityKind) =>
  function EntityLink({ cluster, id, name }: EntityLinkProps) {
    if (id === null || id === undefined || id === '') return <span className="text-faint">–</span>
    const isNamed = name !== undefined && name !== null && name !== ''
    return (
      <PathLink
        to={paths.entity(cluster, kind, id)}
        title={isNamed ? `${name.slice(0, 500)} (${id})` : id}
        // cut by itself, not by what it stands in: else it lies, unseen, over what stands beside that
        className={`inline-block max-w-full truncate align-bottom text-accent underline-offset-2 hover:underline ${isNamed ? '' : 'font-mono'}`}
      >
        {isNamed ? name.slice(0, 300) : shortId(id)}
      </PathLink>
    )
  }

const LinkToNode = linkTo('nodes')

/** By its name, where the names of the cluster's nodes are known. */
export function NodeLink({ cluster, id, name }: EntityLinkProps) {
  const names = useNodeNames()
  return <LinkToNode cluster={cluster} id={id} name={name ?? names.get(id ?? '')} />
}

export const JobLink = linkTo('jobs')
const LinkToTask = linkTo('tasks')

/** A task that stands for the program of a job (Ray: TaskID.for_driver_task) has no page of its own; its job has. */
export function TaskLink(props: EntityLinkProps) {
  const t = useText(messages)
  const job = /^f{40}([0-9a-f]{8})$/.exec(props.id ?? '')?.[1]
  return job === undefined ? <LinkToTask {...props} /> : <JobLink cluster={props.cluster} id={job} name={t('driver')} />
}

export const ActorLink = linkTo('actors')
export const WorkerLink = linkTo('workers')
export const GroupLink = linkTo('placement-groups')

import { type LucideIcon, SearchX } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { type ListedThing, useListing } from '../api/entity-pages.ts'
import type { Row } from '../api/rows.ts'
import { PathLink } from '../navigation/link.tsx'
import { paths } from '../navigation/paths.ts'
import { usePathPart } from '../navigation/use-navigation.ts'
import { CopyId, shortId } from '../ui/copy-id.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { ErrorNote } from '../ui/error-note.tsx'
import { Page } from '../ui/page.tsx'
import { SkeletonRows } from '../ui/skeleton.tsx'
import { safeText } from '../util/safe-text.ts'
import type { Control } from './control-actions.ts'
import { ControlButton } from './control-button.tsx'
import { useControl } from './control-dialog.tsx'
import { useClusterOfPath } from './use-cluster-of-path.ts'

/** What a page of one thing is drawn from. Some things come as several rows, such as the attempts of a task. */
export type EntityOfPage = {
  readonly id: string
  readonly rows: readonly Row[]
  readonly row: Row
  /** `ref` for links, `id` for what is asked of it. */
  readonly cluster: { readonly ref: string; readonly id: string }
}

type EntityPageProps = {
  readonly thing: ListedThing
  /** The column that holds its id. */
  readonly idColumn: string
  readonly sort?: string
  /** The word for all things of its kind. */
  readonly listTitle: string
  readonly notFound: (id: string) => string
  /** @default its id */
  readonly nameOf?: (row: Row) => string | null
  readonly badgeOf?: (row: Row) => ReactNode
  readonly linksOf?: (entity: EntityOfPage) => ReactNode
  readonly control?: {
    readonly action: Control
    readonly icon: LucideIcon
    readonly label: string
    readonly isPossible: (row: Row) => boolean
  }
  readonly children: (entity: EntityOfPage) => ReactNode
}

/** The page of one thing of a cluster, by the id in its address: its name and state, where it is listed, what can be done to it. */
export function EntityPage({ thing, idColumn, sort, listTitle, notFound, nameOf, badgeOf, linksOf, control, children }: EntityPageProps) {
  const { ref, id: cluster } = useClusterOfPath()
  const id = usePathPart('id')
  const controls = useControl(cluster)
  const query = useMemo(() => ({ filters: [`${idColumn}:eq:${id}`], sort, isDetailed: true }), [idColumn, id, sort])
  const { rows, isLoading, error, retry } = useListing(cluster, thing, query)
  const [row] = rows
  const entity = row && { id, rows, row, cluster: { ref, id: cluster } }
  const name = safeText((row && nameOf?.(row)) ?? shortId(id), 300) // the whole id stands below it
  return (
    <Page
      title={
        <span className="inline-flex max-w-full items-center gap-3">
          <span className="truncate">{name}</span> {row && badgeOf?.(row)}
        </span>
      }
      subtitle={<CopyId id={id} isWhole />}
      breadcrumbs={[
        <PathLink key="list" to={paths.list(ref, thing)}>
          {listTitle}
        </PathLink>,
      ]}
      actions={
        entity && (
          <>
            {linksOf?.(entity)}
            {control && (
              <ControlButton
                control={controls}
                action={control.action}
                target={{ id, name }}
                icon={control.icon}
                isOver={!control.isPossible(entity.row)}
              >
                {control.label}
              </ControlButton>
            )}
          </>
        )
      }
    >
      {isLoading && <SkeletonRows />}
      {Boolean(error) && <ErrorNote error={error} onRetry={retry} />}
      {!isLoading && !error && row === undefined && <EmptyState icon={SearchX} title={notFound(id)} />}
      {entity && <div className="flex flex-col gap-4">{children(entity)}</div>}
      {controls.dialog}
    </Page>
  )
}

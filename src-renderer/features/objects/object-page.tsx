import { SearchX } from 'lucide-react'
import { useMemo } from 'react'
import { useListing } from '../../api/entity-pages.ts'
import { numberIn, textIn, textsIn } from '../../api/rows.ts'
import { NodeLink, TaskLink, WorkerLink } from '../../entities/links.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { usePathPart } from '../../navigation/use-navigation.ts'
import { Card } from '../../ui/card.tsx'
import { CopyId, shortId } from '../../ui/copy-id.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { messages } from './messages.ts'
import { placeOf, referenceId, taskOf } from './object-columns.tsx'

/** One object: where it lies, and who keeps it. */
export function ObjectPage() {
  const t = useText(messages)
  const format = useFormat()
  const { ref, id } = useClusterOfPath()
  const objectId = usePathPart('id')
  const query = useMemo(() => ({ filters: [`object_id:eq:${objectId}`], isDetailed: true }), [objectId])
  const { rows, isLoading, error, retry } = useListing(id, 'objects', query)
  const [first] = rows
  const size = first === undefined ? null : numberIn(first, 'object_size')
  return (
    <Page
      title={shortId(objectId)}
      subtitle={<CopyId id={objectId} isWhole />}
      breadcrumbs={[
        <PathLink key="objects" to={paths.list(ref, 'objects')}>
          {t('title')}
        </PathLink>,
      ]}
    >
      {isLoading && <SkeletonRows />}
      {Boolean(error) && <ErrorNote error={error} onRetry={retry} />}
      {!isLoading && !error && first === undefined && <EmptyState icon={SearchX} title={t('notFound', { id: shortId(objectId) })} />}
      {first && (
        <div className="flex flex-col gap-4">
          <Card title={t('facts')}>
            <Facts
              items={[
                { label: t('size'), value: size === null || size < 0 ? '–' : format.bytes(size) },
                { label: t('callSite'), value: placeOf(first, t) },
                { label: t('madeBy'), value: <TaskLink cluster={ref} id={taskOf(objectId)} /> },
                { label: t('owner'), value: <WorkerLink cluster={ref} id={textIn(first, 'owner_id')} /> },
                {
                  label: t('storedOn'),
                  value: (
                    <span className="flex flex-wrap gap-2">
                      {textsIn(first, 'stored_on').map((node) => (
                        <NodeLink key={node} cluster={ref} id={node} />
                      ))}
                    </span>
                  ),
                },
              ]}
            />
          </Card>
          <Card title={t('references')}>
            <ul>
              {rows.map((row) => (
                <li key={referenceId(row)} className="flex flex-wrap items-center gap-4 border-t py-1 text-sm first:border-t-0">
                  <WorkerLink cluster={ref} id={textIn(row, 'worker_id')} />
                  <span>
                    {textIn(row, 'type')} {textIn(row, 'pid')}
                  </span>
                  <span className="text-soft">{textIn(row, 'reference_type')}</span>
                  <span className="text-soft tabular-nums">{format.duration(numberIn(row, 'age_ms') ?? 0)}</span>
                </li>
              ))}
            </ul>
          </Card>
        </div>
      )}
    </Page>
  )
}

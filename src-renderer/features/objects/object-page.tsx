import { numberIn, type Row, textIn, textsIn } from '../../api/rows.ts'
import { EntityPage } from '../../entities/entity-page.tsx'
import { NodeLink, TaskLink, WorkerLink } from '../../entities/links.tsx'
import { type Format, useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Card } from '../../ui/card.tsx'
import { shortId } from '../../ui/copy-id.tsx'
import { Facts } from '../../ui/definition-list.tsx'
import { messages } from './messages.ts'
import { placeOf, referenceId, taskOf } from './object-columns.tsx'

/** One object: where it lies, and who keeps it. */
export function ObjectPage() {
  const t = useText(messages)
  const format = useFormat()
  return (
    <EntityPage
      thing="objects"
      idColumn="object_id"
      listTitle={t('title')}
      notFound={(id) => t('notFound', { id: shortId(id) })}
      nameOf={(row) => shortId(textIn(row, 'object_id') ?? '')}
    >
      {({ id, rows, row, cluster: { ref } }) => (
        <>
          <Card title={t('facts')}>
            <Facts
              items={[
                { label: t('size'), value: sizeOf(row, format) },
                { label: t('callSite'), value: placeOf(row, t) },
                { label: t('madeBy'), value: taskOf(id) === null ? t('wasPut') : <TaskLink cluster={ref} id={taskOf(id)} /> },
                { label: t('owner'), value: <WorkerLink cluster={ref} id={textIn(row, 'owner_id')} /> },
                {
                  label: t('storedOn'),
                  value: (
                    <span className="flex flex-wrap gap-2">
                      {textsIn(row, 'stored_on').map((node) => (
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
              {rows.map((reference) => (
                <li key={referenceId(reference)} className="flex flex-wrap items-center gap-4 border-t py-1 text-sm first:border-t-0">
                  <WorkerLink cluster={ref} id={textIn(reference, 'worker_id')} />
                  <span>
                    {textIn(reference, 'type')} {textIn(reference, 'pid')}
                  </span>
                  <span className="text-soft">{textIn(reference, 'reference_type')}</span>
                  <span className="text-soft tabular-nums">{format.duration(numberIn(reference, 'age_ms') ?? 0)}</span>
                </li>
              ))}
            </ul>
          </Card>
        </>
      )}
    </EntityPage>
  )
}

const sizeOf = (row: Row, format: Format): string => {
  const size = numberIn(row, 'object_size')
  return size === null || size < 0 ? '–' : format.bytes(size)
}

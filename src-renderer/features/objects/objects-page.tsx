import { Database } from 'lucide-react'
import { useMemo } from 'react'
import { textIn } from '../../api/rows.ts'
import { EntityTable } from '../../entities/entity-table.tsx'
import { useClusterOfPath } from '../../entities/use-cluster-of-path.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { firstOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Page } from '../../ui/page.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { CallSites } from './call-sites.tsx'
import { LeakSuspects } from './leak-suspects.tsx'
import { messages } from './messages.ts'
import { objectColumns, referenceId } from './object-columns.tsx'
import { StoreLevels } from './store-levels.tsx'

const tabs = ['sites', 'list', 'levels'] as const

/** What the memory of the object store is full of, who holds it, and since when. */
export function ObjectsPage() {
  const t = useText(messages)
  const { ref, id } = useClusterOfPath()
  const [query, change] = useQueryState()
  const asked = firstOf(query['tab'])
  const tab = tabs.find((each) => each === asked) ?? 'sites'
  return (
    <Page title={t('title')} isFull>
      <Tabs
        label={t('title')}
        value={tab}
        onChange={(next) => change({ tab: next })}
        items={tabs.map((value) => ({ value, label: t(value) }))}
      >
        {tab === 'list' ? (
          <References cluster={id} clusterRef={ref} />
        ) : (
          <div className="flex flex-col gap-4 overflow-y-auto pb-2">
            {tab === 'levels' ? (
              <StoreLevels cluster={id} />
            ) : (
              <>
                <CallSites cluster={id} clusterRef={ref} />
                <LeakSuspects cluster={id} clusterRef={ref} />
              </>
            )}
          </div>
        )}
      </Tabs>
    </Page>
  )
}

function References({ cluster, clusterRef }: { readonly cluster: string; readonly clusterRef: string }) {
  const t = useText(messages)
  const format = useFormat()
  const columns = useMemo(() => objectColumns({ t, format, cluster: clusterRef }), [t, format, clusterRef])
  return (
    <EntityTable
      cluster={cluster}
      thing="objects"
      label={t('title')}
      columns={columns}
      rowId={referenceId}
      searchColumn="call_site"
      hrefOf={(row) => paths.entity(clusterRef, 'objects', textIn(row, 'object_id') ?? '')}
      empty={
        <EmptyState icon={Database} title={t('emptyTitle')}>
          {t('emptyText')}
        </EmptyState>
      }
    />
  )
}

import { Wrench } from 'lucide-react'
import type { Operation } from '../../../src-main/contract/operations.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { firstOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Button, buttonClass } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Segmented } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { messages } from './messages.ts'
import { countMachines } from './operation-model.ts'
import { OperationTable } from './operation-table.tsx'
import { useAllOperations } from './use-operation.ts'

const filters = ['all', 'running', 'failures'] as const
type Filter = (typeof filters)[number]

const passes: Readonly<Record<Filter, (operation: Operation) => boolean>> = {
  all: () => true,
  running: ({ state }) => state === 'running',
  failures: ({ state, machines }) => (state !== 'done' && state !== 'running') || countMachines(machines).failed > 0,
}

export function OperationsPage() {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const { operations, error, retry } = useAllOperations()
  const filter = filters.find((each) => each === firstOf(query['show'])) ?? 'all'
  const count = (each: Filter) => operations?.filter(passes[each]).length ?? 0
  const words: Readonly<Record<Filter, string>> = { all: t('all'), running: t('showRunning'), failures: t('withFailures') }
  return (
    <Page
      title={t('title')}
      subtitle={t('subtitle')}
      actions={
        operations !== undefined &&
        operations.length > 0 && (
          <Segmented
            label={t('show')}
            options={filters.map((value) => ({ value, label: `${words[value]} ${count(value)}` }))}
            value={filter}
            onChange={(value) => change({ show: value === 'all' ? undefined : value })}
          />
        )
      }
    >
      {error !== null && <ErrorNote error={error} onRetry={retry} />}
      {operations === undefined ? (
        error === null && <SkeletonRows rows={6} />
      ) : (
        <Shown operations={operations} shown={operations.filter(passes[filter])} onShowAll={() => change({ show: undefined })} />
      )}
    </Page>
  )
}

type ShownProps = { readonly operations: readonly Operation[]; readonly shown: readonly Operation[]; readonly onShowAll: () => void }

function Shown({ operations, shown, onShowAll }: ShownProps) {
  const t = useText(messages)
  if (operations.length === 0)
    return (
      <EmptyState
        icon={Wrench}
        title={t('empty')}
        action={
          <PathLink to={paths.newCluster()} className={buttonClass({ variant: 'primary' })}>
            {t('newCluster')}
          </PathLink>
        }
      >
        {t('emptyText')}
      </EmptyState>
    )
  if (shown.length === 0)
    return (
      <EmptyState icon={Wrench} title={t('noneShown')} action={<Button onClick={onShowAll}>{t('showAll')}</Button>}>
        {t('noneShownText', { count: operations.length })}
      </EmptyState>
    )
  return <OperationTable operations={shown} />
}

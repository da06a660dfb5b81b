import { SearchX } from 'lucide-react'
import { useMemo, useRef } from 'react'
import type { Operation } from '../../../src-main/contract/operations.ts'
import { PanelError } from '../../api/panel-error.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { allOf, firstOf } from '../../navigation/query.ts'
import { usePathPart, useQueryState } from '../../navigation/use-navigation.ts'
import { buttonClass } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { Duration, Time } from '../../ui/time.tsx'
import { EndedPanel } from './ended-panel.tsx'
import { MachineRuns } from './machine-runs.tsx'
import { messages } from './messages.ts'
import type { Shown } from './operation-model.ts'
import { useOperationTitle } from './operation-words.ts'
import { OperationActions } from './row-actions.tsx'
import { OperationState } from './state-badges.tsx'
import { useLostFocus } from './use-lost-focus.ts'
import { useOperation } from './use-operation.ts'

const shownKinds: readonly Shown[] = ['all', 'failed', 'running', 'waiting', 'done']

/** One operation, live: machine by machine, step by step. */
export function OperationPage() {
  const t = useText(messages)
  const operationId = usePathPart('id')
  const [query, change] = useQueryState()
  const open = useMemo(() => new Set(allOf(query['open'])), [query])
  const { operation, whole, error } = useOperation(operationId, open.size > 0)
  const crumbs = [
    <PathLink key="all" to={paths.operations()}>
      {t('title')}
    </PathLink>,
  ]
  if (operation === undefined) {
    if (error === null)
      return (
        <Page title={t('operation')} breadcrumbs={crumbs}>
          <SkeletonRows rows={8} />
        </Page>
      )
    return <Missing error={error} />
  }
  return (
    <OperationView operation={operation} crumbs={crumbs}>
      <MachineRuns
        operation={operation}
        whole={whole}
        open={open}
        onOpen={(ids) => change({ open: ids.length === 0 ? undefined : ids })}
        shown={shownKinds.find((each) => each === firstOf(query['show'])) ?? 'all'}
        onShown={(shown) => change({ show: shown === 'all' ? undefined : shown })}
      />
    </OperationView>
  )
}

/** What failed on a machine stands at that machine. */
const isOfTheWhole = ({ failure, machines }: Operation): boolean =>
  failure !== null && !machines.some((machine) => machine.failure?.message === failure.message)

type ViewProps = { readonly operation: Operation; readonly crumbs: readonly React.ReactNode[]; readonly children: React.ReactNode }

function OperationView({ operation, crumbs, children }: ViewProps) {
  const t = useText(messages)
  const title = useOperationTitle()
  const place = useRef<HTMLDivElement>(null)
  useLostFocus(place, operation.state)
  return (
    <Page
      title={title(operation)}
      breadcrumbs={crumbs}
      subtitle={
        <span className="flex flex-wrap items-center gap-x-2">
          <OperationState state={operation.state} />
          <span>{t('machineCount', { count: operation.machines.length })}</span>
          <span aria-hidden>·</span>
          <Time atMs={operation.startedAtMs} />
          <span aria-hidden>·</span>
          <Duration fromMs={operation.startedAtMs} toMs={operation.endedAtMs} />
        </span>
      }
      actions={<OperationActions operation={operation} />}
    >
      <div ref={place} tabIndex={-1} className="flex flex-col gap-3 outline-none">
        {isOfTheWhole(operation) && <ErrorNote error={operation.failure} />}
        <div role="status" className={operation.state === 'running' ? 'sr-only' : undefined}>
          {operation.state !== 'running' && <EndedPanel operation={operation} />}
        </div>
        {children}
      </div>
    </Page>
  )
}

function Missing({ error }: { readonly error: unknown }) {
  const t = useText(messages)
  const back = (
    <PathLink to={paths.operations()} className={buttonClass({ variant: 'primary' })}>
      {t('allOperations')}
    </PathLink>
  )
  // an address that was cut short is no id at all
  if (!(error instanceof PanelError) || (error.code !== 'not-found' && error.code !== 'bad-argument'))
    return (
      <Page title={t('operation')} actions={back}>
        <ErrorNote error={error} />
      </Page>
    )
  return (
    <EmptyState icon={SearchX} title={t('gone')} action={back}>
      {t('goneText')}
    </EmptyState>
  )
}

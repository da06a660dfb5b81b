import { Plus, RefreshCw, Server } from 'lucide-react'
import { useCallback, useRef } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useMachines } from '../../api/live-things.ts'
import { useTableUrl } from '../../entities/table-url.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { allOf, firstOf, type Query } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { classNames } from '../../ui/class-names.ts'
import { DataTable } from '../../ui/data-table/data-table.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Page } from '../../ui/page.tsx'
import { AddDialog, type AddWay, addWayOf } from './add-dialog.tsx'
import { checkMachines } from './checking.ts'
import { EmptyMachines } from './empty-machines.tsx'
import { GroupBar } from './group-bar.tsx'
import { MachineAside } from './machine-aside.tsx'
import { MachineDetail } from './machine-detail.tsx'
import { messages } from './messages.ts'
import { MissingMachine } from './missing-machine.tsx'
import { PageMenu } from './page-menu.tsx'
import { ReachSummary } from './reach-summary.tsx'
import { useClusterNames } from './use-cluster-names.ts'
import { type MachineActs, useMachineActs } from './use-machine-acts.tsx'
import { type ShownMachines, useShownMachines } from './use-shown-machines.ts'

/** The machines that are reached over SSH: one table of them, and beside it the one that is open. */
export function MachinesPage() {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const { values, isKnown } = useMachines()
  const clusterNames = useClusterNames()
  const openRef = firstOf(query['machine'])
  const open = openRef === undefined ? undefined : findMachine(values, openRef)
  const add = addWayOf(firstOf(query['add']))
  const place = useRef<HTMLDivElement>(null)
  const close = () => change({ machine: undefined })
  const toAdd = (way: AddWay) => change({ add: way })
  const acts = useMachineActs({
    nameOfCluster: (id) => clusterNames.get(id) ?? id,
    onSaved: (before, after) => before.id === open?.id && change({ machine: after.name }),
  })
  const shown = useShownMachines(clusterNames)
  const isEmpty = isKnown && values.length === 0
  const isAside = openRef !== undefined && isKnown
  return (
    <Page
      title={t('title')}
      subtitle={isEmpty || !isKnown ? undefined : <ReachSummary machines={values} />}
      isFull
      actions={
        !isEmpty && (
          <>
            <Button icon={RefreshCw} disabled={shown.rows.length === 0} onClick={() => checkMachines(shown.rows)}>
              {shown.rows.length === values.length ? t('checkAll') : t('checkShown', { count: shown.rows.length })}
            </Button>
            <PageMenu shown={shown.rows} acts={acts} />
            <Button variant="primary" icon={Plus} onClick={() => toAdd('paste')}>
              {t('add')}
            </Button>
          </>
        )
      }
    >
      {isEmpty ? (
        <EmptyMachines onAdd={toAdd} />
      ) : (
        <div ref={place} tabIndex={-1} className="flex min-h-0 flex-1 gap-4 outline-none">
          <div className={classNames('flex min-w-0 flex-1 flex-col gap-2', isAside && 'max-lg:hidden')}>
            <GroupBar
              machines={values}
              asked={{ group: firstOf(query['group']), tags: allOf(query['tag']) }}
              onAsk={({ group, tags }) => change({ group, tag: tags.length === 0 ? undefined : tags })}
            />
            <Inventory shown={shown} acts={acts} />
          </div>
          {isAside && (
            <MachineAside label={t('detail', { name: open?.name ?? openRef.slice(0, 128) })} place={place} onClose={close}>
              {open === undefined ? (
                <MissingMachine name={openRef} onClose={close} />
              ) : (
                <MachineDetail machine={open} acts={acts} onClose={close} />
              )}
            </MachineAside>
          )}
        </div>
      )}
      {add !== undefined && <AddDialog way={add} onWay={toAdd} onClose={() => change({ add: undefined })} />}
      {acts.dialog}
    </Page>
  )
}

const findMachine = (machines: readonly Machine[], ref: string): Machine | undefined =>
  machines.find(({ id }) => id === ref) ?? machines.find(({ name }) => name.toLowerCase() === ref.toLowerCase())

const idOf = ({ id }: Machine) => id

type InventoryProps = { readonly shown: ShownMachines; readonly acts: MachineActs }

function Inventory({ shown, acts }: InventoryProps) {
  const t = useText(messages)
  const [state, setState] = useTableUrl()
  const [query, change] = useQueryState()
  const { isKnown, error } = useMachines()
  const queryText = JSON.stringify(query)
  const hrefOf = useCallback(({ name }: Machine) => paths.machines({ ...(JSON.parse(queryText) as Query), machine: name }), [queryText])
  const onOpen = useCallback(({ name }: Machine) => change({ machine: name }), [change])
  return (
    <DataTable
      id="machines"
      label={t('title')}
      columns={shown.columns}
      state={state}
      onState={setState}
      rows={shown.rows}
      rowId={idOf}
      counts={shown.counts}
      isLoading={!isKnown && error === null}
      error={error ?? undefined}
      searchColumn="machine"
      hrefOf={hrefOf}
      onOpen={onOpen}
      rowActions={acts.ofRow}
      bulkActions={acts.ofMany}
      empty={
        <EmptyState icon={Server} title={t('noneAsked')}>
          {t('noneAskedText')}
        </EmptyState>
      }
    />
  )
}

import { Lock, Server } from 'lucide-react'
import { useMemo, useState } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useClusters } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Checkbox, Field, TextInput } from '../../ui/field.tsx'
import { VirtualList } from '../../ui/virtual-list.tsx'
import { placeOf } from '../../entities/host-standing.ts'
import { messages } from './new-messages.ts'

type MachineChooserProps = {
  readonly machines: readonly Machine[]
  readonly chosen: readonly string[]
  readonly onChange: (ids: string[]) => void
}

const textOf = ({ name, host, groups, tags }: Machine): string => [name, host, ...groups, ...tags].join(' ').toLowerCase()

/** Some of the machines that are known. Those that are part of a cluster cannot be chosen, and say so. */
export function MachineChooser({ machines, chosen, onChange }: MachineChooserProps) {
  const t = useText(messages)
  const [filter, setFilter] = useState('')
  const words = filter.toLowerCase().split(/\s+/)
  const shown = machines.filter((machine) => words.every((word) => textOf(machine).includes(word)))
  const free = shown.filter(({ clusterId }) => clusterId === null)
  const taken = new Set(chosen)
  const count = free.filter(({ id }) => taken.has(id)).length
  if (machines.length === 0) return <EmptyState icon={Server} title={t('noMachines')} />
  const toggle = (ids: readonly string[], isWanted: boolean) => {
    const touched = new Set(ids)
    const rest = chosen.filter((id) => !touched.has(id))
    onChange(isWanted ? [...rest, ...ids] : rest)
  }
  return (
    <div className="flex flex-col gap-3">
      <div className="max-w-[420px]">
        <Field label={t('filter')}>
          {(control) => <TextInput {...control} type="search" value={filter} onChange={(event) => setFilter(event.target.value)} />}
        </Field>
      </div>
      <div className="rounded-lg border bg-surface">
        {free.length > 0 && (
          <div className="border-b px-3 py-1.5">
            <Checkbox
              label={t('selectAll')}
              isChecked={count === 0 ? false : count === free.length ? true : 'some'}
              onChange={(isWanted) =>
                toggle(
                  free.map(({ id }) => id),
                  isWanted,
                )
              }
            />
          </div>
        )}
        <div className="max-h-[440px] overflow-y-auto">
          <VirtualList
            label={t('hosts')}
            items={shown}
            keyOf={({ id }) => id}
            rowHeight={33}
            renderRow={(machine) => (
              <ChoiceRow machine={machine} isChosen={taken.has(machine.id)} onChange={(isWanted) => toggle([machine.id], isWanted)} />
            )}
          />
          {shown.length === 0 && <p className="px-3 py-2 text-soft">{t('noneMatch')}</p>}
        </div>
      </div>
    </div>
  )
}

type ChoiceRowProps = { readonly machine: Machine; readonly isChosen: boolean; readonly onChange: (isChosen: boolean) => void }

function ChoiceRow({ machine, isChosen, onChange }: ChoiceRowProps) {
  const t = useText(messages)
  const clusters = useClusters().values
  const cluster = useMemo(() => clusters.find(({ id }) => id === machine.clusterId)?.name, [clusters, machine.clusterId])
  const isFree = machine.clusterId === null
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-x-3 border-b px-3 py-1 [li:last-child>&]:border-b-0">
      {isFree ? (
        <Checkbox label={<span className="font-medium">{machine.name}</span>} isChecked={isChosen} onChange={onChange} />
      ) : (
        <span className="inline-flex items-center gap-2 text-base text-faint">
          <Lock size={14} aria-hidden className="mx-px" />
          {machine.name}
        </span>
      )}
      <span className="font-mono text-sm text-soft">{placeOf(machine)}</span>
      <span className="text-sm text-faint">{machine.groups.join(', ')}</span>
      {!isFree && (
        <span className="ml-auto text-sm text-faint">{t('inOtherCluster', { cluster: cluster ?? machine.clusterId ?? '' })}</span>
      )}
    </div>
  )
}

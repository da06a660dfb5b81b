import { Server } from 'lucide-react'
import { useMemo, useState } from 'react'
import type { Cluster, Member } from '../../../src-main/contract/clusters.ts'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useMachines } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Checkbox, TextInput } from '../../ui/field.tsx'
import { VirtualList } from '../../ui/virtual-list.tsx'
import type { AskedChange } from './change-dialog.tsx'
import { messages } from './manage-messages.ts'
import { type MemberChange, whyNotChange } from './change-rules.ts'
import { MemberRow, memberGrid } from './member-row.tsx'

export type MemberEntry = { readonly member: Member; readonly machine: Machine | undefined; readonly name: string }
type MemberTableProps = { readonly cluster: Cluster; readonly onChange: (asked: AskedChange) => void }

const filterFrom = 10

export function MemberTable({ cluster, onChange }: MemberTableProps) {
  const t = useText(messages)
  const [filter, setFilter] = useState('')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const entries = useEntries(cluster)
  const shown = entries.filter(({ name }) => name.toLowerCase().includes(filter.trim().toLowerCase()))
  const picked = entries.filter(({ member }) => chosen.has(member.machineId))
  const ask = (change: MemberChange, of: readonly MemberEntry[]) =>
    onChange({ change, machines: of.map(({ member, name }) => ({ id: member.machineId, name })) })
  const toggle = (ids: readonly string[], isWanted: boolean) =>
    setChosen((before) => new Set(isWanted ? [...before, ...ids] : [...before].filter((id) => !ids.includes(id))))
  if (entries.length === 0)
    return (
      <EmptyState icon={Server} title={t('noMembers')}>
        {t('noMembersText')}
      </EmptyState>
    )
  return (
    <section aria-label={t('members')} className="rounded-lg border bg-surface">
      <header className="flex min-h-10 flex-wrap items-center gap-3 border-b px-3 py-1.5">
        {picked.length > 0 ? (
          <BulkBar entries={picked} onAsk={(change) => ask(change, picked)} onClear={() => setChosen(new Set())} />
        ) : (
          <>
            <h2 className="flex-1 font-semibold">{t('members')}</h2>
            {entries.length >= filterFrom && (
              <TextInput
                type="search"
                aria-label={t('filter')}
                placeholder={t('filter')}
                value={filter}
                onChange={(event) => setFilter(event.target.value)}
              />
            )}
          </>
        )}
      </header>
      <div className="overflow-x-auto">
        <div className="min-w-[820px] text-sm">
          <ColumnHeads
            chosen={shown.filter(({ member }) => chosen.has(member.machineId)).length}
            count={shown.length}
            onChoose={(isWanted) =>
              toggle(
                shown.map(({ member }) => member.machineId),
                isWanted,
              )
            }
          />
          <VirtualList
            label={t('members')}
            items={shown}
            keyOf={({ member }) => member.machineId}
            rowHeight={37}
            renderRow={(entry) => (
              <MemberRow
                cluster={cluster.name}
                entry={entry}
                isChosen={chosen.has(entry.member.machineId)}
                onChosen={(isWanted) => toggle([entry.member.machineId], isWanted)}
                onAsk={(change) => ask(change, [entry])}
              />
            )}
          />
          {shown.length === 0 && <p className="px-3 py-2 text-soft">{t('noneMatch')}</p>}
        </div>
      </div>
    </section>
  )
}

type ColumnHeadsProps = { readonly chosen: number; readonly count: number; readonly onChoose: (isWanted: boolean) => void }

function ColumnHeads({ chosen, count, onChoose }: ColumnHeadsProps) {
  const t = useText(messages)
  return (
    <div className={`${memberGrid} border-b py-1 font-medium text-faint`}>
      <Checkbox
        label={t('selectAll')}
        isLabelHidden
        isChecked={chosen === 0 ? false : chosen === count ? true : 'some'}
        onChange={onChoose}
      />
      {(['machine', 'role', 'state', 'node', 'payload', 'address'] as const).map((word) => (
        <span key={word}>{t(word)}</span>
      ))}
      <span />
    </div>
  )
}

/** Heads first, then by name. */
function useEntries({ members }: Cluster): readonly MemberEntry[] {
  const { values: machines } = useMachines()
  return useMemo(() => {
    const byId = new Map(machines.map((machine) => [machine.id, machine]))
    const entries = members.map((member) => {
      const machine = byId.get(member.machineId)
      return { member, machine, name: machine?.name ?? member.machineId }
    })
    const isHead = ({ member }: MemberEntry) => Number(member.role === 'head')
    return entries.toSorted((one, other) => isHead(other) - isHead(one) || one.name.localeCompare(other.name, undefined, { numeric: true }))
  }, [members, machines])
}

const bulkChanges = ['drain', 'restart', 'upgrade', 'remove'] as const

type BulkBarProps = {
  readonly entries: readonly MemberEntry[]
  readonly onAsk: (change: MemberChange) => void
  readonly onClear: () => void
}

function BulkBar({ entries, onAsk, onClear }: BulkBarProps) {
  const t = useText(messages)
  return (
    <>
      <span role="status" className="font-medium">
        {t('selected', { count: entries.length })}
      </span>
      {bulkChanges.map((change) => {
        const why = whyNotChange(
          change,
          entries.map(({ member }) => member),
        )
        return (
          <Button
            key={change}
            size="sm"
            variant={change === 'remove' ? 'danger' : 'default'}
            disabled={why !== undefined}
            title={why && t(why)}
            onClick={() => onAsk(change)}
          >
            {t(change)}
          </Button>
        )
      })}
      <Button size="sm" variant="quiet" onClick={onClear}>
        {t('clear')}
      </Button>
    </>
  )
}

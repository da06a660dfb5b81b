import { ChevronDown, ChevronRight, RefreshCw, X } from 'lucide-react'
import { memo, useState } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../../ui/button.tsx'
import { VirtualList } from '../../ui/virtual-list.tsx'
import { tellError } from '../../entities/tell-error.ts'
import { FindingList } from '../../entities/finding-list.tsx'
import { placeOf } from '../../entities/host-standing.ts'
import { messages } from './new-messages.ts'
import type { Preflight, PreflightVerdict } from './use-preflight.ts'
import { VerdictBadge } from './verdict-badge.tsx'

type PreflightTableProps = {
  readonly members: readonly Machine[]
  readonly preflight: Preflight
  readonly onLeaveOut: (id: string) => void
}

const grid = 'grid grid-cols-[minmax(150px,1.4fr)_minmax(110px,1.2fr)_48px_72px_minmax(60px,1fr)_80px_128px_56px] items-center gap-x-3 px-3'

/** A line for each machine; what is wrong with it stands below. */
export function PreflightTable({ members, preflight, onLeaveOut }: PreflightTableProps) {
  const t = useText(messages)
  return (
    <div className="overflow-x-auto rounded-lg border bg-surface text-sm">
      <div className="min-w-[800px]">
        <div aria-hidden className={`${grid} border-b py-1 font-medium text-faint`}>
          <span>{t('machine')}</span>
          <span>{t('system')}</span>
          <span className="text-right">{t('cpus')}</span>
          <span className="text-right">{t('memory')}</span>
          <span>{t('gpus')}</span>
          <span className="text-right">{t('disk')}</span>
          <span>{t('result')}</span>
          <span />
        </div>
        <VirtualList
          label={t('check')}
          items={members}
          keyOf={({ id }) => id}
          rowHeight={41}
          renderRow={(machine) => (
            <PreflightRow machine={machine} verdict={preflight.verdictFor(machine)} onCheck={preflight.check} onLeaveOut={onLeaveOut} />
          )}
        />
      </div>
    </div>
  )
}

type PreflightRowProps = {
  readonly machine: Machine
  readonly verdict: PreflightVerdict
  readonly onCheck: (machines: readonly Machine[]) => void
  readonly onLeaveOut: (id: string) => void
}

const PreflightRow = memo(function PreflightRow({ machine, verdict, onCheck, onLeaveOut }: PreflightRowProps) {
  const t = useText(messages)
  const [isOpen, setOpen] = useState(false)
  const { id, name, findings } = machine
  const isSettled = verdict !== 'checking' && verdict !== 'asking'
  const shown = isOpen ? findings : findings.filter(({ level }) => level !== 'ok')
  const Chevron = isOpen ? ChevronDown : ChevronRight
  return (
    <div className="border-b py-1.5 [li:last-child>&]:border-b-0">
      <div className={grid}>
        <span className="min-w-0">
          <button
            type="button"
            aria-expanded={isOpen}
            aria-label={t('details', { name })}
            onClick={() => setOpen(!isOpen)}
            className="flex min-h-6 w-full items-center gap-1 rounded-md text-left"
          >
            <Chevron size={14} aria-hidden className="shrink-0 text-faint" />
            <span className="truncate font-medium">{name}</span>
          </button>
          {placeOf(machine) !== name && <span className="block truncate pl-[18px] font-mono text-xs text-faint">{placeOf(machine)}</span>}
        </span>
        <FactCells machine={machine} />
        <span className="flex min-w-0">
          <VerdictBadge verdict={verdict} findings={findings} />
        </span>
        <span className="flex justify-end">
          <IconButton size="sm" label={t('checkOne', { name })} icon={RefreshCw} disabled={!isSettled} onClick={() => onCheck([machine])} />
          <IconButton size="sm" label={t('leaveOut', { name })} icon={X} onClick={() => onLeaveOut(id)} />
        </span>
      </div>
      {shown.length > 0 && isSettled && (
        <div className="mt-1 px-3 pl-8">
          <FindingList
            findings={shown}
            isShort={!isOpen}
            onFolder={(folder) => void putElsewhere(machine, folder).then(() => onCheck([machine]), tellError)}
          />
        </div>
      )}
    </div>
  )
})

const putElsewhere = (machine: Machine, folder: string) => panel.call('machines.update', { machine: machine.id, changes: { folder } })

function FactCells({ machine: { facts } }: { readonly machine: Machine }) {
  const t = useText(messages)
  const format = useFormat()
  if (facts === null) return [1, 2, 3, 4, 5].map((cell) => <span key={cell} aria-hidden />)
  const names = Map.groupBy(facts.gpus, ({ name }) => name)
  return (
    <>
      <span className="truncate" title={`${facts.os}, ${facts.kernel}, ${facts.arch}`}>
        <Said label={t('system')} />
        {facts.os}
      </span>
      <span className="text-right tabular-nums">
        <Said label={t('cpus')} />
        {facts.cpus}
      </span>
      <span className="text-right tabular-nums">
        <Said label={t('memory')} />
        {format.bytes(facts.memoryBytes)}
      </span>
      <span className="truncate" title={facts.gpus.map(({ name }) => name).join(', ')}>
        <Said label={t('gpus')} />
        {facts.gpus.length === 0 ? (
          <span className="text-faint">–</span>
        ) : (
          [...names].map(([name, gpus]) => `${gpus.length} × ${name}`).join(', ')
        )}
      </span>
      <span className="text-right tabular-nums" title={facts.folder.path}>
        <Said label={t('disk')} />
        {format.bytes(facts.folder.freeBytes)}
      </span>
    </>
  )
}

/** What a cell is of, for who does not see the head of its column. */
const Said = ({ label }: { readonly label: string }) => <span className="sr-only">{label}: </span>

import { Ellipsis, Pencil, RefreshCw, SquareTerminal, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { Button, buttonClass, IconButton } from '../../ui/button.tsx'
import { Menu } from '../../ui/menu.tsx'
import { checkMachines, useIsChecking } from './checking.ts'
import { DetailConnection } from './detail-connection.tsx'
import { messages } from './detail-messages.ts'
import { DetailFacts } from './detail-facts.tsx'
import { DetailFindings } from './detail-findings.tsx'
import { DetailLabels } from './detail-labels.tsx'
import type { MachineActs } from './use-machine-acts.tsx'
import { ReachBadge } from './state-cells.tsx'

type MachineDetailProps = { readonly machine: Machine; readonly acts: MachineActs; readonly onClose: () => void }

/** Everything that is known of one machine, beside the list. */
export function MachineDetail({ machine, acts, onClose }: MachineDetailProps) {
  const t = useText(messages)
  const body = useRef<HTMLDivElement>(null)
  useEffect(() => {
    body.current?.scrollTo({ top: 0 })
  }, [machine.id])
  return (
    <>
      <header className="flex flex-col gap-2 border-b px-4 py-3">
        <div className="flex items-center gap-2">
          <h2 className="min-w-0 truncate text-lg font-semibold">{machine.name}</h2>
          <span role="status" className="inline-flex min-w-0">
            <ReachBadge machine={machine} />
          </span>
          <span className="ml-auto">
            <IconButton label={t('close')} icon={X} size="sm" onClick={onClose} />
          </span>
        </div>
        <Actions machine={machine} acts={acts} />
      </header>
      <div ref={body} className="flex min-h-0 flex-1 flex-col gap-6 overflow-y-auto px-4 py-3">
        <DetailFindings machine={machine} />
        <DetailFacts machine={machine} onLeftovers={() => acts.open({ kind: 'leftovers', machine })} />
        <DetailConnection machine={machine} />
        <DetailLabels machine={machine} />
      </div>
    </>
  )
}

function Actions({ machine, acts }: Omit<MachineDetailProps, 'onClose'>) {
  const t = useText(messages)
  const isChecking = useIsChecking(machine)
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button size="sm" icon={RefreshCw} isBusy={isChecking} onClick={() => checkMachines([machine])}>
        {t('check')}
      </Button>
      <PathLink to={paths.terminals({ machine: machine.name })} className={buttonClass({ size: 'sm' })}>
        <SquareTerminal size={14} aria-hidden />
        {t('terminal')}
      </PathLink>
      <Button size="sm" icon={Pencil} onClick={() => acts.open({ kind: 'edit', machine })}>
        {t('edit')}
      </Button>
      <Menu label={t('more')} items={acts.more(machine)} trigger={<IconButton label={t('more')} icon={Ellipsis} size="sm" />} />
    </div>
  )
}

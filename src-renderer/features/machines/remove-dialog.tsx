import type { Machine } from '../../../src-main/contract/machines.ts'
import { useClusters } from '../../api/live-things.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { messages } from './dialog-messages.ts'

type RemoveDialogProps = { readonly machines: readonly Machine[]; readonly onClose: () => void }

/** Takes machines off the list. Those that are part of a cluster stay, and it says why. */
export function RemoveDialog({ machines, onClose }: RemoveDialogProps) {
  const t = useText(messages)
  const free = machines.filter(({ clusterId }) => clusterId === null)
  const bound = machines.filter(({ clusterId }) => clusterId !== null)
  const [only] = free
  return (
    <ConfirmDialog
      title={free.length === 1 && only ? t('removeOne', { name: only.name }) : t('removeMany', { count: free.length })}
      isOpen
      onClose={onClose}
      isReady={free.length > 0}
      confirmLabel={t('remove')}
      onConfirm={() => panel.call('machines.remove', { machines: free.map(({ id }) => id) })}
    >
      <p>{t('removeText', { count: free.length })}</p>
      {free.length > 1 && <p className="max-h-32 overflow-y-auto break-words text-soft">{free.map(({ name }) => name).join(', ')}</p>}
      {bound.length > 0 && <Bound machines={bound} />}
    </ConfirmDialog>
  )
}

function Bound({ machines }: Pick<RemoveDialogProps, 'machines'>) {
  const t = useText(messages)
  const clusters = useClusters().values
  const byCluster = [...Map.groupBy(machines, ({ clusterId }) => clusters.find(({ id }) => id === clusterId)?.name ?? clusterId ?? '')]
  return (
    <div className="rounded-md border border-warn-line bg-warn-soft px-3 py-2">
      <p>{t('removeBound', { count: machines.length })}</p>
      <ul className="mt-1">
        {byCluster.map(([cluster, members]) => (
          <li key={cluster} className="break-words">
            <PathLink to={paths.manage(cluster)}>{cluster}</PathLink>: {members.map(({ name }) => name).join(', ')}
          </li>
        ))}
      </ul>
    </div>
  )
}

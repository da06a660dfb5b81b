import { Cable, Eraser, FileDown, MoreVertical, Unplug } from 'lucide-react'
import { useState } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { IconButton } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { Menu } from '../../ui/menu.tsx'
import { tellError } from '../../entities/tell-error.ts'
import { ExportDialog } from './export-dialog.tsx'
import { messages } from './messages.ts'
import { messages as rayMessages } from './ray-messages.ts'

export const connectCluster = (id: string): Promise<unknown> => panel.call('clusters.connect', { cluster: id }).catch(tellError)
export const disconnectCluster = (id: string): Promise<unknown> => panel.call('clusters.disconnect', { cluster: id }).catch(tellError)

/** What may be done with a cluster without going to its pages. */
export function ClusterMenu({ cluster, onForgotten }: { readonly cluster: Cluster; readonly onForgotten?: () => void }) {
  const t = useText(messages)
  const [dialog, setDialog] = useState<'export' | 'forget' | null>(null)
  const { id, name, link, members, rayHead } = cluster
  const isOff = link.state === 'off' || link.state === 'record'
  const hasMembers = members.length > 0
  return (
    <>
      <Menu
        label={`${t('more')}: ${name}`}
        trigger={<IconButton label={`${t('more')}: ${name}`} icon={MoreVertical} size="sm" />}
        items={[
          ...(hasMembers || rayHead
            ? [
                isOff
                  ? { label: t('connect'), icon: Cable, onSelect: () => void connectCluster(id) }
                  : { label: t('disconnect'), icon: Unplug, onSelect: () => void disconnectCluster(id) },
              ]
            : []),
          ...(rayHead ? [] : [{ label: t('export'), icon: FileDown, onSelect: () => setDialog('export') }]),
          'separator',
          {
            label: t('forget'),
            icon: Eraser,
            isDanger: true,
            isDisabled: hasMembers,
            ...(hasMembers && { why: t('whyForget') }),
            onSelect: () => setDialog('forget'),
          },
        ]}
      />
      {dialog === 'export' && <ExportDialog cluster={cluster} onClose={() => setDialog(null)} />}
      <ForgetDialog cluster={cluster} isOpen={dialog === 'forget'} onClose={() => setDialog(null)} onForgotten={onForgotten} />
    </>
  )
}

type ForgetDialogProps = {
  readonly cluster: Cluster
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly onForgotten: (() => void) | undefined
}

export function ForgetDialog({ cluster: { id, name, rayHead }, isOpen, onClose, onForgotten }: ForgetDialogProps) {
  const t = useText(messages)
  const ray = useText(rayMessages)
  const forget = async () => {
    await panel.call('clusters.forget', { cluster: id })
    onForgotten?.()
  }
  return (
    <ConfirmDialog title={t('forgetTitle', { name })} isOpen={isOpen} onClose={onClose} onConfirm={forget} confirmLabel={t('forget')}>
      <p>{rayHead ? ray('forgetText') : t('forgetText')}</p>
    </ConfirmDialog>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { panelQuery } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { messages } from './messages.ts'

/** A cluster as a file that another computer can apply. */
export function ExportDialog({ cluster: { id, name }, onClose }: { readonly cluster: Cluster; readonly onClose: () => void }) {
  const t = useText(messages)
  const { data, error } = useQuery({ ...panelQuery('clusters.export', { cluster: id }), staleTime: 0 })
  return (
    <Dialog
      title={t('exportTitle', { name })}
      description={t('exportText')}
      isOpen
      onClose={onClose}
      footer={
        <Button variant="primary" icon={Download} disabled={data === undefined} onClick={() => data && save(`${name}.yaml`, data.yaml)}>
          {t('download')}
        </Button>
      }
    >
      {error !== null ? (
        <ErrorNote error={error} />
      ) : data === undefined ? (
        <SkeletonRows rows={6} />
      ) : (
        <CodeBlock text={data.yaml} label={t('fileLabel')} />
      )}
    </Dialog>
  )
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

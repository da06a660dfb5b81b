import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { panel, panelQuery } from '../../api/panel.ts'
import { placeOf } from '../../entities/host-standing.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { CopyButton } from '../../ui/copy-id.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { messages } from './detail-messages.ts'
import { DetailSection, Lines } from './detail-section.tsx'
import { hostKeyNameOf, lastSeenMs } from './machine-words.ts'
import { LastSeen } from './last-seen.tsx'

/** How it is reached, and by which key it is known. */
export function DetailConnection({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  if (machine.via === 'local')
    return (
      <DetailSection title={t('connection')}>
        <p className="text-soft">{t('localText')}</p>
      </DetailSection>
    )
  const { jump, keyFiles, auth, folder, nodeIp, agentPort } = machine
  return (
    <DetailSection title={t('connection')}>
      <Lines
        items={[
          { label: t('address'), value: <Copied text={placeOf(machine)} /> },
          { label: t('through'), value: jump === undefined ? null : jump.length === 0 ? t('straight') : jump.join(' → ') },
          {
            label: t('keyFiles'),
            value: keyFiles === undefined ? null : <span className="font-mono text-sm break-all">{keyFiles.join(', ')}</span>,
          },
          { label: t('ways'), value: auth === undefined ? null : auth.join(', ') },
          { label: t('lastSeen'), value: <LastSeen machine={machine} /> },
          { label: t('ourFolder'), value: folder === undefined ? null : <span className="font-mono text-sm break-all">{folder}</span> },
          { label: t('nodeIp'), value: nodeIp ?? null },
          { label: t('agentPort'), value: agentPort ?? null },
          { label: t('hostKey'), value: <HostKeys machine={machine} /> },
        ]}
      />
    </DetailSection>
  )
}

const Copied = ({ text }: { readonly text: string }) => (
  <span className="inline-flex max-w-full items-center gap-1">
    <code className="min-w-0 font-mono text-sm break-all">{text}</code>
    <CopyButton text={text} />
  </span>
)

function HostKeys({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  const name = hostKeyNameOf(machine)
  const query = panelQuery('hostKeys.list', { host: name })
  const { data, error, refetch } = useQuery({ ...query, queryKey: [...query.queryKey, machine.reach.sinceMs] })
  const [isAsking, setAsking] = useState(false)
  if (error !== null) return <ErrorNote error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Skeleton className="h-5" />
  const [first] = data
  if (first === undefined)
    return <span className="text-soft">{t(lastSeenMs(machine) === null ? 'hostKeyLater' : 'noHostKey', { name })}</span>
  const forget = async () => {
    const { forgotten } = await panel.call('hostKeys.forget', { host: name })
    await refetch()
    if (forgotten === 0) throw new Error(t('notOurs', { file: first.file, command: `ssh-keygen -R '${name}' -f ${first.file}` }))
  }
  return (
    <>
      <ul className="flex flex-col gap-1">
        {data.map(({ keyType, fingerprint, file }) => (
          <li key={`${file} ${fingerprint}`} title={file} className="font-mono text-sm break-all">
            {keyType} {fingerprint}
          </li>
        ))}
      </ul>
      <Button size="sm" className="mt-1" onClick={() => setAsking(true)}>
        {t('forgetKey')}
      </Button>
      <ConfirmDialog
        title={t('forgetTitle', { name: machine.name })}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={forget}
        confirmLabel={t('forgetKey')}
      >
        <p>{t('forgetText')}</p>
      </ConfirmDialog>
    </>
  )
}

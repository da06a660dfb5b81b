import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { panel, panelQuery, queryClient } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { messages } from './messages.ts'

const keysQuery = panelQuery('hostKeys.list', {})

/** Which key each machine showed, and how to take it back. */
export function HostKeys() {
  const t = useText(messages)
  const keys = useQuery(keysQuery)
  const [forgotten, setForgotten] = useState<string | null>(null)
  const forget = async () => {
    if (forgotten !== null) await panel.call('hostKeys.forget', { host: forgotten })
    await queryClient.invalidateQueries({ queryKey: keysQuery.queryKey })
  }
  return (
    <Card title={t('hostKeys')}>
      <p className="mb-3 text-soft">{t('hostKeysText')}</p>
      {keys.isError && <ErrorNote error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.isPending && <Skeleton className="h-12" />}
      {keys.data?.length === 0 && <p className="text-faint">{t('hostKeysNone')}</p>}
      {keys.data !== undefined && keys.data.length > 0 && (
        <div className="max-h-80 overflow-auto" tabIndex={0} role="region" aria-label={t('hostKeys')}>
          <table className="w-full text-sm">
            <thead className="sticky top-0 bg-surface text-left text-faint">
              <tr>
                <th scope="col" className="py-1 pr-4 font-medium">
                  {t('host')}
                </th>
                <th scope="col" className="py-1 pr-4 font-medium">
                  {t('fingerprint')}
                </th>
                <td />
              </tr>
            </thead>
            <tbody>
              {keys.data.map(({ host, keyType, fingerprint }) => (
                <tr key={`${host} ${keyType}`} className="border-t">
                  <td className="py-1 pr-4 font-mono">{host}</td>
                  <td className="py-1 pr-4 font-mono break-all">
                    {keyType} {fingerprint}
                  </td>
                  <td className="py-1 text-right">
                    {host.startsWith('(') ? ( // written hashed: its name stands nowhere
                      <span className="text-faint">{t('hashed')}</span>
                    ) : (
                      <Button size="sm" variant="quiet" aria-label={t('forgetOne', { name: host })} onClick={() => setForgotten(host)}>
                        {t('forget')}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ConfirmDialog
        title={t('forgetHostKey', { host: forgotten ?? '' })}
        isOpen={forgotten !== null}
        onClose={() => setForgotten(null)}
        onConfirm={forget}
        confirmLabel={t('forget')}
      >
        {t('forgetHostKeyText')}
      </ConfirmDialog>
    </Card>
  )
}

import { useState } from 'react'
import type { Cluster } from '../../../src-main/contract/clusters.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { ForgetDialog } from './cluster-menu.tsx'
import { messages } from './manage-messages.ts'
import { messages as rayMessages } from './ray-messages.ts'

/** What ends a cluster: first its machines, then its record. */
export function EndSection({ cluster, onDown }: { readonly cluster: Cluster; readonly onDown: () => void }) {
  const t = useText(messages)
  const go = useGo()
  const [isForgetting, setForgetting] = useState(false)
  const isUp = cluster.members.length > 0
  const ray = useText(rayMessages)
  return (
    <section aria-labelledby="end" className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-bad-line px-4 py-3">
      <div className="min-w-60 flex-1">
        <h2 id="end" className="font-semibold">
          {t('end')}
        </h2>
        <p className="text-soft">{cluster.rayHead ? ray('forgetText') : isUp ? t('takeDownText') : t('forgetText')}</p>
      </div>
      {isUp ? (
        <Button variant="danger" onClick={onDown}>
          {t('takeDown')}
        </Button>
      ) : (
        <Button variant="danger" onClick={() => setForgetting(true)}>
          {t('forget')}
        </Button>
      )}
      <ForgetDialog cluster={cluster} isOpen={isForgetting} onClose={() => setForgetting(false)} onForgotten={() => go(paths.home())} />
    </section>
  )
}

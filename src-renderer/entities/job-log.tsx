import { useMemo } from 'react'
import { toast } from 'sonner'
import { useFormat } from '../i18n/format.ts'
import { useText } from '../i18n/messages.ts'
import { LogView } from '../ui/log-view/log-view.tsx'
import { useLineLink } from './line-link.ts'
import { messages } from './messages.ts'
import { saveWholeLog } from './save-log.ts'
import { useLogStream } from './use-log-stream.ts'

type JobLogProps = {
  /** Its id. */
  readonly cluster: string
  readonly job: string
  readonly isLive: boolean
}

/** The log of a job, as it is written. */
export function JobLog({ cluster, job, isLive }: JobLogProps) {
  const t = useText(messages)
  const format = useFormat()
  const selectors = useMemo(() => [{ submission_id: job }], [job])
  const store = useLogStream({ cluster, selectors, tail: -1 })
  const { line, onLinkLine } = useLineLink()
  const saveAll = () => {
    const id = toast.loading(t('logSaving', { size: format.bytes(0) }))
    saveWholeLog({ cluster, job }, `${job}.log`, (bytes) => toast.loading(t('logSaving', { size: format.bytes(bytes) }), { id }))
      .then(() => toast.success(t('logSaved'), { id }))
      .catch((error: unknown) => toast.error(error instanceof Error ? error.message : String(error), { id }))
  }
  return (
    <div className="min-h-0 flex-1">
      <LogView
        store={store}
        label={job}
        isLive={isLive}
        emptyText={isLive ? t('logNone') : t('logEnded')}
        highlightLine={line}
        onLinkLine={onLinkLine}
        onDownloadAll={saveAll}
      />
    </div>
  )
}

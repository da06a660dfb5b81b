import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { panel } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { useDraft } from './draft.ts'
import { messages } from './new-messages.ts'
import { ReachMatrix } from '../../entities/reach-matrix.tsx'
import { ReachLegend } from '../../entities/reach-legend.tsx'
import { summariseReach } from '../../entities/reach-model.ts'

type ReachSectionProps = {
  readonly members: readonly Machine[]
  /** Every machine was looked at. */
  readonly isReady: boolean
  readonly isAlone: boolean
}

/** Tested without being asked up to so many machines. */
const askFrom = 64
/** An answer about more does not fit into one message. */
const most = 160

/** Of the query, so that the step after finds what was tested. */
export const reachKey = (ids: readonly string[], port: number) => ['machines.reachability', port, [...ids].toSorted()] as const

export function ReachSection({ members, isReady, isAlone }: ReachSectionProps) {
  const t = useText(messages)
  const port = Number(useDraft().ports.agent) || 6_380
  const ids = members.map(({ id }) => id)
  const ways = ids.length * (ids.length - 1)
  const [isWanted, setWanted] = useState(false)
  const isLarge = ids.length > askFrom
  const isEnabled = isReady && ids.length >= 2 && ids.length <= most && (!isLarge || isWanted)
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: reachKey(ids, port),
    queryFn: ({ signal }) => panel.call('machines.reachability', { machines: ids, port }, signal),
    enabled: isEnabled,
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <section className="mt-6" aria-labelledby="reach">
      <div className="mb-2 flex flex-wrap items-center gap-3">
        <div className="min-w-0 flex-1">
          <h2 id="reach" className="text-lg font-semibold">
            {t('reach')}
          </h2>
          <p className="text-soft">{t('reachIntro', { port })}</p>
        </div>
        {data !== undefined && (
          <Button isBusy={isFetching} onClick={() => void refetch()}>
            {t('reachAgain')}
          </Button>
        )}
      </div>
      {error !== null ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : data !== undefined ? (
        <Tested members={members} cells={data} port={port} />
      ) : isAlone || !isReady || ids.length < 2 ? (
        <p className="text-soft">{t(isAlone ? 'reachOne' : isReady ? 'reachFew' : 'reachWaits')}</p>
      ) : ids.length > most ? (
        <p className="text-soft">{t('reachTooLarge', { most })}</p>
      ) : isLarge && !isWanted ? (
        <p className="flex items-center gap-3 text-soft">
          {t('reachLarge', { count: ways })}
          <Button onClick={() => setWanted(true)}>{t('reachTest')}</Button>
        </p>
      ) : (
        <div role="status" className="flex flex-col gap-2 text-soft">
          {t('reachTesting', { count: ways })}
          <Skeleton className="h-24 max-w-[480px]" />
        </div>
      )}
    </section>
  )
}

type TestedProps = { readonly members: readonly Machine[]; readonly cells: Parameters<typeof summariseReach>[0]; readonly port: number }

function Tested({ members, cells, port }: TestedProps) {
  const t = useText(messages)
  const summary = summariseReach(cells)
  const { open, refused } = summary.counts
  const isAll = open === cells.length
  return (
    <div className="flex flex-col gap-3">
      <p role="status">{isAll ? t('reachAllOpen') : t('reachSummary', { open: open + refused, count: cells.length })}</p>
      <ReachMatrix members={members} summary={summary} />
      <ReachLegend summary={summary} />
      {summary.troubled.size > 0 && <p className="max-w-[720px] text-soft">{t('reachHelp', { port })}</p>}
    </div>
  )
}

import { useEffect, useMemo } from 'react'
import type { LogSelector } from '../../runtime/api/logs.ts'
import type { LogStore } from '../ui/log-view/log-store.ts'
import { LogStream } from './log-stream.ts'

type Wanted = { readonly cluster: string; readonly selectors: readonly LogSelector[]; readonly tail: number }

/** The lines of some files, followed while somebody looks. */
export function useLogStream({ cluster, selectors, tail }: Wanted): LogStore {
  const wanted = JSON.stringify({ cluster, selectors, tail })
  const stream = useMemo(() => new LogStream(JSON.parse(wanted) as Wanted), [wanted]) // written just above
  useEffect(() => stream.start(), [stream])
  return stream.store
}

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import type { Operation } from '../../../src-main/contract/operations.ts'
import { useOperations } from '../../api/live-things.ts'
import { panelQuery } from '../../api/panel.ts'
import { mergeOperations } from './operation-model.ts'

const followMs = 1_000

/** All that are kept, and live those that run. */
export function useAllOperations(): {
  readonly operations: readonly Operation[] | undefined
  readonly error: unknown
  readonly retry: () => void
} {
  const client = useQueryClient()
  const { values: live } = useOperations()
  const query = panelQuery('operations.list', {})
  const { data, error, refetch } = useQuery(query)
  // Who ended is told once; after a lost connection only the list knows it.
  const running = live.map(({ id, state }) => `${id} ${state}`).join()
  const [key] = query.queryKey
  useEffect(() => void client.invalidateQueries({ queryKey: [key] }), [client, key, running])
  const operations = useMemo(() => data && mergeOperations(data, live), [data, live])
  return { operations, error, retry: () => void refetch() }
}

type OperationRead = {
  /** As it is now. */
  readonly operation: Operation | undefined
  /** With the commands and logs of its steps, a little older. */
  readonly whole: Operation | undefined
  readonly error: unknown
}

/** One operation. Its logs are read again while somebody looks at them and it goes on. */
export function useOperation(operationId: string, isReadingLogs: boolean): OperationRead {
  const client = useQueryClient()
  const { values } = useOperations()
  const live = values.find(({ id }) => id === operationId)
  const query = panelQuery('operations.get', { operationId })
  const isRunning = live?.state === 'running'
  const { data, error } = useQuery({ ...query, refetchInterval: isRunning && isReadingLogs ? followMs : false })
  const state = live?.state
  const [method] = query.queryKey
  // Its end, and a retry, change what was read; and what is told no more may have ended while nobody was told.
  useEffect(
    () => void client.invalidateQueries({ queryKey: [method, { operationId }] }, { cancelRefetch: false }),
    [client, method, operationId, state, isReadingLogs],
  )
  return { operation: live ?? data, whole: data, error: data === undefined && live === undefined ? error : null }
}

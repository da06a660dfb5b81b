import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { ParsedMachines } from '../../src-main/contract/panel.ts'
import { useMachines } from '../api/live-things.ts'
import { panelQuery } from '../api/panel.ts'
import { type Host, standingsOf } from './host-standing.ts'
import { useDebounced } from './use-debounced.ts'

export type ParsedList = {
  readonly hosts: readonly Host[]
  readonly problems: ParsedMachines['problems']
  /** What is shown is of an older text. */
  readonly isReading: boolean
  readonly error: unknown
}

/** What a text in any form names, read by the panel soon after each change, and how each stands to what is known. */
export function useParsedMachines(text: string): ParsedList {
  const settled = useDebounced(text)
  const { values: machines } = useMachines()
  const isEmpty = settled.trim() === ''
  const { data, error, isFetching } = useQuery({
    ...panelQuery('machines.parse', { format: 'auto', text: settled }),
    enabled: !isEmpty,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  })
  const hosts = useMemo(() => (isEmpty || data === undefined ? [] : standingsOf(data.machines, machines)), [isEmpty, data, machines])
  return { hosts, problems: isEmpty ? [] : (data?.problems ?? []), isReading: settled !== text || isFetching, error }
}

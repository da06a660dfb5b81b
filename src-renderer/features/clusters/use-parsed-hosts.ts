import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { ParsedMachines } from '../../../src-main/contract/panel.ts'
import { useMachines } from '../../api/live-things.ts'
import { panelQuery } from '../../api/panel.ts'
import { type Host, standingsOf } from './host-standing.ts'
import { useDebounced } from '../../entities/use-debounced.ts'

export type ParsedHosts = {
  readonly hosts: readonly Host[]
  readonly problems: ParsedMachines['problems']
  /** What is shown is of an older text. */
  readonly isReading: boolean
  readonly error: unknown
}

/** What a text names, read by the panel soon after each change. */
export function useParsedHosts(text: string): ParsedHosts {
  const settled = useDebounced(text)
  const { values: machines } = useMachines()
  const isEmpty = settled.trim() === ''
  const { data, error, isFetching } = useQuery({
    ...panelQuery('machines.parse', { format: 'auto', text: settled }),
    enabled: !isEmpty,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  })
  const hosts = useMemo(
    () =>
      isEmpty || data === undefined
        ? []
        : standingsOf(
            data.machines,
            machines.filter(({ via }) => via === 'ssh'),
          ),
    [isEmpty, data, machines],
  )
  return { hosts, problems: isEmpty ? [] : (data?.problems ?? []), isReading: settled !== text || isFetching, error }
}

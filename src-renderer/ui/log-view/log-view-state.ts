import { useEffect, useMemo, useRef, useState } from 'react'
import { emptyPattern, type LinePattern } from './line-pattern.ts'
import type { LogLevel } from './log-line.ts'
import { emptyQuery, type LogQuery } from './log-search.ts'

export type TimeDisplay = 'off' | 'local' | 'relative'

/** What a person has set. A page that keeps it, in its address for one, hands it back. */
export type LogViewState = {
  readonly search: LinePattern
  readonly filter: LinePattern
  readonly level: LogLevel | null
  /** Keys of sources that are not shown. */
  readonly hidden: readonly string[]
  readonly sinceMs: number | null
  readonly untilMs: number | null
  readonly isWrapped: boolean
  readonly times: TimeDisplay
}

export const defaultLogViewState: LogViewState = { ...emptyQuery, isWrapped: false, times: 'off' }

export type ChangeState = (part: Partial<LogViewState>) => void

type StateProps = {
  readonly state?: Partial<LogViewState> | undefined
  readonly onStateChange?: ((state: LogViewState) => void) | undefined
}

/** The state of the page where it gives one, else an own one. */
export function useLogViewState({ state: given, onStateChange }: StateProps): { state: LogViewState; change: ChangeState } {
  const [own, setOwn] = useState(defaultLogViewState)
  const state = given === undefined ? own : { ...defaultLogViewState, ...given }
  // Two changes may come before the page hands back the first.
  const latest = useRef(state)
  useEffect(() => {
    latest.current = state
  })
  const change: ChangeState = (part) => {
    const next = { ...latest.current, ...part }
    latest.current = next
    if (given === undefined) setOwn(next)
    onStateChange?.(next)
  }
  return { state, change }
}

/** Without what hides lines. */
export const withoutFilters: Partial<LogViewState> = { filter: emptyPattern, level: null, hidden: [], sinceMs: null, untilMs: null }

/** The same query as long as it says the same. */
export function useQuery({ search, filter, level, hidden, sinceMs, untilMs }: LogViewState): LogQuery {
  const key = JSON.stringify([search, filter, level, hidden, sinceMs, untilMs])
  // oxlint-disable-next-line react/exhaustive-deps -- the key is made of all of them
  return useMemo(() => ({ search, filter, level, hidden, sinceMs, untilMs }), [key])
}

import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Machine, ReachCell } from '../../../src-main/contract/machines.ts'
import { useDraft } from './draft.ts'
import { type HeadSuggestion, suggestHead } from './head-suggestion.ts'
import { isFit } from '../../entities/machine-verdict.ts'
import { reachKey } from './reach-section.tsx'

/** The machine that the others will join: the one that was chosen, else the one that fits best. */
export function useHead(members: readonly Machine[]): {
  readonly headId: string | undefined
  readonly suggestion: HeadSuggestion | undefined
} {
  const client = useQueryClient()
  const { head, ports } = useDraft()
  const port = Number(ports.agent) || 6_380
  const suggestion = useMemo(() => {
    const tested = members.filter(isFit).map(({ id }) => id)
    return suggestHead(members, client.getQueryData<ReachCell[]>(reachKey(tested, port)) ?? [])
  }, [client, members, port])
  const isMember = head !== null && members.some(({ id }) => id === head)
  return { headId: isMember ? head : suggestion?.machineId, suggestion }
}

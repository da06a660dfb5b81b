import type { Cluster, Member } from '../../../src-main/contract/clusters.ts'

export type MemberChange = 'drain' | 'restart' | 'upgrade' | 'remove' | 'down'

export type ChangeWhy = 'whyHead' | 'whyHeadDrain' | 'whyNotOne'

/** Why a change cannot be made to these members; undefined when it can. */
export function whyNotChange(change: MemberChange, members: readonly Pick<Member, 'role'>[]): ChangeWhy | undefined {
  if (change !== 'drain' && change !== 'remove') return undefined
  if (!members.some(({ role }) => role === 'head')) return undefined
  if (members.length > 1) return 'whyNotOne'
  return change === 'drain' ? 'whyHeadDrain' : 'whyHead'
}

/** What must be typed before it is done, where it takes much away. */
export const wordToType = (change: MemberChange, { name }: Pick<Cluster, 'name'>, count: number): string | undefined =>
  change === 'down' || (change === 'remove' && count > 1) ? name : undefined

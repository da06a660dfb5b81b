import type { Leftover } from '../../../src-main/contract/machines.ts'

export const keyOf = ({ kind, what }: Leftover): string => `${kind} ${what}`

/** It may be a cluster of another panel: that is for a person to say, so it is not chosen from the start. */
export const runsNow = ({ kind, detail }: Leftover): boolean => kind === 'process' && detail.includes('runs now')

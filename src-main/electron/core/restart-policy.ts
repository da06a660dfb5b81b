/** How the panel's host ended, or did not begin. */
export type HostEnd = {
  /** Of an error that it named itself; undefined when it died. */
  readonly code: string | undefined
  /** In a sentence. */
  readonly what: string
  /** The end of what it wrote to its log. */
  readonly log: string
  readonly atMs: number
}

export type AfterEnd = { readonly do: 'restart'; readonly inMs: number } | { readonly do: 'ask' }

/** Deaths further apart than this have nothing to do with each other. */
const memoryMs = 60_000
const delaysMs = [250, 1_000, 3_000] as const
/** Another command of this user holds the data folder, mostly for a moment. */
const inUseDelayMs = 500
const inUsePatience = 20

/** Starts a host that died again, each time later, and asks a person when that does not help; an error that names itself would come again. */
export function afterEnd(ends: readonly HostEnd[]): AfterEnd {
  const last = ends.at(-1)
  if (last === undefined) return { do: 'restart', inMs: 0 }
  const recent = ends.filter(({ atMs }) => last.atMs - atMs <= memoryMs)
  if (last.code === 'storage.in-use')
    return recent.filter(({ code }) => code === last.code).length < inUsePatience ? { do: 'restart', inMs: inUseDelayMs } : { do: 'ask' }
  if (last.code !== undefined) return { do: 'ask' }
  const inMs = delaysMs[recent.filter(({ code }) => code === undefined).length - 1]
  return inMs === undefined ? { do: 'ask' } : { do: 'restart', inMs }
}

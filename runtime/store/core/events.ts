import type { Range } from './free-ranges.ts'
import type { Problem, SpillRef } from './objects.ts'

/** What happens to the store. Requests carry the id that their answer names; `nowMs` never runs backwards. */
export type StoreEvent = { readonly nowMs: number } & (
  | {
      readonly type: 'create'
      readonly requestId: number
      readonly clientId: string
      readonly objectId: string
      readonly sizeBytes: number
      readonly primary: boolean
      readonly deadlineMs: number
    }
  | {
      readonly type: 'seal'
      readonly requestId: number
      readonly clientId: string
      readonly objectId: string
      /** A client that will probably read it soon. */
      readonly offerTo?: string | undefined
    }
  | { readonly type: 'abort'; readonly requestId: number; readonly clientId: string; readonly objectId: string }
  | {
      readonly type: 'get'
      readonly requestId: number
      readonly clientId: string
      readonly objectId: string
      /** At or before `nowMs`: do not wait for an object that is not here. */
      readonly deadlineMs: number
    }
  | { readonly type: 'release'; readonly clientId: string; readonly objectId: string; readonly count: number }
  | { readonly type: 'free'; readonly objectIds: readonly string[] }
  | { readonly type: 'client-gone'; readonly clientId: string }
  | { readonly type: 'backed' | 'punched' | 'punch-failed'; readonly range: Range }
  | { readonly type: 'back-failed'; readonly range: Range; readonly problem: Problem }
  | { readonly type: 'spilled'; readonly batchId: number; readonly refs: readonly SpillRef[] }
  | { readonly type: 'spill-failed'; readonly batchId: number; readonly problem: Problem }
  | { readonly type: 'restored'; readonly objectId: string }
  | { readonly type: 'restore-failed'; readonly objectId: string; readonly problem: Problem }
  | { readonly type: 'tick' }
)

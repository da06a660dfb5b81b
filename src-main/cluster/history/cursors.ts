import * as z from 'zod'
import { ClusterError } from '../../../runtime/base/errors.ts'
import type { Filter, Place } from './core/list-sql.ts'

const Cursor = z.object({ v: z.union([z.string(), z.number(), z.null()]), k: z.union([z.string(), z.number()]), q: z.string() })

/** `question`: what the cursor goes on with; with other filters or another order it would make no sense. */
export const sealCursor = ({ value, key }: Place, question: string): string =>
  Buffer.from(JSON.stringify({ v: value, k: key, q: question })).toString('base64url')

/** @throws ClusterError `bad-argument` for one that is not ours, or belongs to another question */
export function openCursor(text: string, question: string): Place {
  const parsed = Cursor.safeParse(jsonFrom(text))
  if (parsed.success && parsed.data.q === question) return { value: parsed.data.v, key: parsed.data.k }
  throw new ClusterError(
    'bad-argument',
    'cursor is not that of the same list with the same filters and order in this record; start again without it',
  )
}

function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return undefined // refused by the schema
  }
}

export const questionMark = (list: string, filters: readonly Filter[], sort: string): string => JSON.stringify([list, filters, sort])

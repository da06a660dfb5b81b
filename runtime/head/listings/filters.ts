import * as z from 'zod'
import type { StateListQuery } from '../../api/state/query.ts'
import { filterWords } from '../../api/state/shoal-lists.ts'
import { ClusterError } from '../../base/errors.ts'
import type { Filter } from '../history/core/predicates.ts'

/**
 * Ray's three parallel parameters as filters. Keys are taken in any case, as Ray takes them.
 * @throws ClusterError `bad-argument` when their numbers differ, where Ray fails with 500, or for a predicate that Ray has not.
 */
export function rayFilters({ filter_keys: keys, filter_predicates: predicates, filter_values: values }: StateListQuery): Filter[] {
  if (keys.length !== predicates.length || keys.length !== values.length) {
    throw new ClusterError(
      'bad-argument',
      `filter_keys, filter_predicates and filter_values belong together, but came ${keys.length}, ${predicates.length} and ${values.length} times`,
    )
  }
  return keys.map((key, at) => {
    const operator = predicates[at]
    if (operator !== '=' && operator !== '!=') {
      throw new ClusterError('bad-argument', `filter_predicates must be = or !=, got ${JSON.stringify(operator?.slice(0, 20))}`)
    }
    return { column: key.toLowerCase(), operator, values: [values[at] ?? ''] }
  })
}

const short = /^([a-z_]{1,64})(!=|<=|>=|=|<|>)([\s\S]*)$/
const long = /^([a-z_]{1,64}):([a-z]{2,8}):([\s\S]*)$/

/** `column:operator:value`, or the short form with a sign. @throws ClusterError `bad-argument` showing how one is written. */
export function shoalFilter(text: string): Filter {
  const spelled = long.exec(text)
  const word = spelled?.[2] ?? ''
  if (spelled && isWord(word)) {
    const operator = filterWords[word]
    const value = spelled[3] ?? ''
    return {
      column: spelled[1] ?? '',
      operator,
      values: operator === 'in' || operator === 'not-in' ? value.split(',').slice(0, 1_000) : [value],
    }
  }
  const signed = short.exec(text)
  const sign = signed?.[2]
  if (signed && isSign(sign)) return { column: signed[1] ?? '', operator: sign, values: [signed[3] ?? ''] }
  throw new ClusterError(
    'bad-argument',
    `filter must be column:operator:value such as state:eq:FAILED, with one of ${Object.keys(filterWords).join(', ')}; got ${JSON.stringify(text.slice(0, 200))}`,
    { details: { field: 'filter' } },
  )
}

const isWord = (word: string): word is keyof typeof filterWords => Object.hasOwn(filterWords, word)
const signs = ['=', '!=', '<', '<=', '>', '>='] as const
const isSign = (sign: string | undefined): sign is (typeof signs)[number] => signs.some((each) => each === sign)

const Cursor = z.object({
  v: z.union([z.string().max(4_096), z.number(), z.null()]),
  k: z.union([z.string().max(8_192), z.number()]),
  q: z.string(),
})
export type OpenCursor = { readonly value: string | number | null; readonly key: string | number }

/** `query` is what the cursor goes on with: with another it would make no sense. */
export function sealCursor({ value, key }: OpenCursor, query: string): string {
  return Buffer.from(JSON.stringify({ v: value, k: key, q: query })).toString('base64url')
}

/** @throws ClusterError `bad-argument` for one that is not ours, or of another query. */
export function openCursor(text: string, query: string): OpenCursor {
  const parsed = Cursor.safeParse(jsonOf(text))
  if (!parsed.success) throw new ClusterError('bad-argument', 'cursor is not one that an answer gave as next; start again without it')
  if (parsed.data.q !== query) {
    throw new ClusterError(
      'bad-argument',
      'cursor belongs to other filters or another order; give the same ones, or start again without it',
    )
  }
  return { value: parsed.data.v, key: parsed.data.k }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return undefined // not one of ours: refused by its schema
  }
}

/** What has to be the same for a cursor to go on. Short, as it stands in the cursor. */
export function queryMark(filters: readonly Filter[], sort: string): string {
  let hash = 0
  for (const char of JSON.stringify([filters, sort])) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) | 0
  return (hash >>> 0).toString(36)
}

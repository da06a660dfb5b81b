import type * as z from 'zod'
import { allRoutes } from '../../runtime/api/routes/all-routes.ts'
import type { RouteRow } from '../../runtime/api/routes/route-row.ts'
import { ClusterError } from '../../runtime/base/errors.ts'
import type { ApiSend } from '../../runtime/client/api-client.ts'
import { answers, isAnswered } from './answers.ts'

const byId: ReadonlyMap<string, RouteRow> = new Map(allRoutes.map((row) => [row.id, row]))

/** @throws ClusterError `bad-argument` for an id that is in no row. */
export function routeOf(id: string): RouteRow {
  const row = byId.get(id)
  if (row) return row
  throw new ClusterError('bad-argument', `there is no route ${JSON.stringify(id.slice(0, 80))}; the OpenAPI document of a head lists all`)
}

/** Undefined: the answer is no JSON. */
export function answerSchemaOf(row: RouteRow): z.ZodType | undefined {
  if (isAnswered(row.id)) return answers[row.id]
  const answer = row.answers[200]
  return answer?.contentType?.startsWith('text/') || answer?.contentType === 'application/text' ? undefined : answer?.schema
}

/**
 * The path with its parameters filled in.
 * @throws ClusterError `bad-argument` naming a parameter that is missing or is not what it must be.
 */
export function pathOf(row: RouteRow, params: Readonly<Record<string, string>> = {}): string {
  const checked = row.params?.safeParse(params)
  if (checked && !checked.success) {
    const [issue] = checked.error.issues
    throw new ClusterError('bad-argument', `${row.id}: ${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? 'is wrong'}`)
  }
  return row.path.replaceAll(/\{([^}]+)\}/g, (_braces, name: string) => {
    const value = params[name]
    if (value === undefined || value === '') throw new ClusterError('bad-argument', `${row.id} needs ${name}`)
    return encodeURIComponent(value)
  })
}

/** @throws ClusterError `bad-argument` naming the field that is wrong. */
export function checkBody(row: RouteRow, json: unknown): void {
  const checked = json === undefined ? undefined : row.body?.schema?.safeParse(json)
  if (checked === undefined || checked.success) return
  const [issue] = checked.error.issues
  const field = issue?.path.map(String).join('.') ?? ''
  throw new ClusterError('bad-argument', `${field === '' ? row.id : field} ${issue?.message ?? 'is not what it should be'}`, {
    details: { field: field.slice(0, 100) },
  })
}

/** @throws ClusterError `not-supported` for what asks for headers alone */
export function methodOf(method: 'get' | 'post' | 'put' | 'delete' | 'head'): ApiSend['method'] {
  switch (method) {
    case 'get':
      return 'GET'
    case 'post':
      return 'POST'
    case 'put':
      return 'PUT'
    case 'delete':
      return 'DELETE'
    case 'head':
      throw new ClusterError('not-supported', 'no call asks for headers alone')
  }
}

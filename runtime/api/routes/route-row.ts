import type * as z from 'zod'

/**
 * One route of the head's HTTP API, as the OpenAPI document tells of it.
 *
 * Each noun has a file here, `runtime/api/routes/<noun>.ts`, that exports its rows: `export const jobRows: readonly RouteRow[] = [...]`.
 * `all-routes.ts` lists them. A test holds the list to what the head really mounts, both ways, so a route without a row fails it, and
 * so does a row without a route. Paths are written as OpenAPI does, `/api/jobs/{id}`; the server mounts the same as `/api/jobs/:id`.
 * A schema given here should be the one that the handler parses with or answers by.
 */
export type RouteRow = {
  readonly method: 'get' | 'post' | 'put' | 'delete' | 'head'
  readonly path: `/${string}`
  /** Unique, camelCase: the name of the function in a generated client. */
  readonly id: string
  /** The group in the document: `jobs`, `logs`, `state`. */
  readonly tag: string
  /** One sentence. */
  readonly summary: string
  /** Whole paragraphs, where the sentence is not enough. */
  readonly description?: string
  /** By the names in braces. Absent ones are plain text. */
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: RouteBody
  /** By status, 200 included. Every route may also answer 400, 401, 403 and 500; those need no entry. */
  readonly answers: Readonly<Record<number, RouteAnswer>>
  /** The route is a WebSocket; `answers` tells of the messages under 101. */
  readonly isSocket?: true
  /** Needs no token. */
  readonly isPublic?: true
}

/** @default `application/json` */
export type RouteBody = { readonly schema?: z.ZodType; readonly contentType?: string }

export type RouteAnswer = {
  readonly description: string
  readonly schema?: z.ZodType
  /** @default `application/json` with a schema, else none: the body is empty */
  readonly contentType?: string
}

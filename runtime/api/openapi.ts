import * as z from 'zod'
import { ApiErrorBody } from './errors.ts'
import { FailedEnvelope } from './envelope.ts'
import type { RouteAnswer, RouteRow } from './routes/route-row.ts'

type Json = Record<string, unknown>
/** A schema as JSON Schema. What refers to itself goes to the document's shared schemas. */
type Convert = (schema: z.ZodType, io: 'input' | 'output') => Json

/** The OpenAPI 3.1 document of these routes, as plain JSON. */
export function openApiDocument(routes: readonly RouteRow[], version: string): Json {
  const shared: Record<string, Json> = {}
  const convert = createConvert(shared)
  const paths: Record<string, Json> = {}
  for (const row of routes) (paths[row.path] ??= {})[row.method] = operationOf(row, convert)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Shoal cluster API',
      version,
      summary: "What a Shoal head serves: Ray's dashboard API, and our own below /api/shoal/v1.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { rayHeader: [] }, { cookie: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].sort().map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token of the file api-token, or of api-token-read, which may only read.',
        },
        rayHeader: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Ray-Authorization',
          description: 'As Authorization, for proxies that take that one away.',
        },
        cookie: { type: 'apiKey', in: 'cookie', name: 'ray-authentication-token', description: 'Set by POST /api/authenticate.' },
      },
      schemas: { ...shared, Error: convert(ApiErrorBody, 'output'), FailedEnvelope: convert(FailedEnvelope, 'output') },
    },
  }
}

function operationOf(row: RouteRow, convert: Convert): Json {
  const { body } = row
  return {
    operationId: row.id,
    tags: [row.tag],
    summary: row.summary,
    ...(row.description === undefined ? {} : { description: row.description }),
    ...(row.isPublic ? { security: [] } : {}),
    ...(row.isSocket ? { 'x-websocket': true } : {}),
    parameters: [...pathParameters(row, convert), ...queryParameters(row, convert)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              [body.contentType ?? 'application/json']: body.schema === undefined ? {} : { schema: convert(body.schema, 'input') },
            },
          },
        }),
    responses: {
      ...Object.fromEntries(Object.entries(row.answers).map(([status, answer]) => [status, responseOf(answer, convert)])),
      ...failures(row),
    },
  }
}

/** What every route may answer beside its own. A refused token is told as text where Ray tells it so. */
function failures({ path, answers, isPublic }: RouteRow): Json {
  const said = (status: number, description: string, content = failureContent(path)) =>
    status in answers ? {} : { [status]: { description, content } }
  const refused = path.startsWith('/api/v0/') ? plainText : failureContent(path)
  return {
    ...said(400, 'A parameter, a field or the request itself is wrong; the message names it.'),
    ...(isPublic
      ? {}
      : {
          ...said(401, 'No token came with the request.', refused),
          ...said(403, 'The token is wrong, may only read, or the Host or Origin is not ours.', refused),
        }),
    ...said(500, 'Something broke inside the head; its log says what.'),
  }
}

const plainText: Json = { 'text/plain': { schema: { type: 'string' } } }

function failureContent(path: string): Json {
  if (path.startsWith('/api/shoal/')) return { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  if (path.startsWith('/api/v0/')) return { 'application/json': { schema: { $ref: '#/components/schemas/FailedEnvelope' } } }
  return plainText
}

function responseOf({ description, schema, contentType }: RouteAnswer, convert: Convert): Json {
  if (schema === undefined && contentType === undefined) return { description }
  const media = schema === undefined ? {} : { schema: convert(schema, 'output') }
  return { description, content: { [contentType ?? 'application/json']: media } }
}

function pathParameters(row: RouteRow, convert: Convert): Json[] {
  const names = [...row.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? '')
  const properties = row.params === undefined ? {} : propertiesOf(row.params, convert)
  return names.map((name) => ({ name, in: 'path', required: true, schema: properties[name] ?? { type: 'string' } }))
}

function queryParameters({ query }: RouteRow, convert: Convert): Json[] {
  if (query === undefined) return []
  const required = new Set(convert(query, 'input')['required'] as string[] | undefined) // JSON Schema says so
  return Object.entries(propertiesOf(query, convert)).map(([name, schema]) => ({ name, in: 'query', required: required.has(name), schema }))
}

const propertiesOf = (schema: z.ZodObject, convert: Convert): Record<string, Json> =>
  (convert(schema, 'input')['properties'] ?? {}) as Record<string, Json> // JSON Schema says so

/** What a transform gives, or a custom check wants, JSON Schema cannot say: such a part is shown as anything. */
function createConvert(shared: Record<string, Json>): Convert {
  return (schema, io) => {
    const { $schema: _, $defs: parts, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' })
    if (parts === undefined) return rest
    // Inside a document the parts are reached from the document's root, under names that no other schema has.
    const first = Object.keys(shared).length
    const names = new Map(Object.keys(parts).map((name, index) => [name, `Shared${first + index}`]))
    const moved = <T>(value: T): T =>
      JSON.parse(
        JSON.stringify(value).replace(
          /"\$ref":"#\/\$defs\/([^"]+)"/g,
          (_ref, name: string) => `"$ref":"#/components/schemas/${names.get(name) ?? name}"`,
        ),
      ) as T // the same but for its references
    for (const [name, part] of Object.entries(parts)) shared[names.get(name) ?? name] = moved(part) as Json // an object: a schema
    return moved(rest)
  }
}

import type * as z from 'zod'
import { ClusterError, toError } from '../../base/errors.ts'
import type { HeadContext } from './parts.ts'

/** Of a JSON body, unless the route says otherwise. */
const maxJsonBytes = 4 * 1024 * 1024

/** The parameters in the path, decoded. @throws ClusterError `bad-argument` naming the parameter. */
export function pathValues<Schema extends z.ZodObject>(context: HeadContext, schema: Schema): z.infer<Schema> {
  return parsed(schema, context.req.param(), 'path parameter')
}

/**
 * The query; a name that comes once is its text, one that comes again a list. Names that the schema lacks are ignored, as Ray does.
 * @throws ClusterError `bad-argument` naming the parameter.
 */
export function queryValues<Schema extends z.ZodType>(context: HeadContext, schema: Schema): z.infer<Schema> {
  const values: Record<string, string | string[]> = {}
  for (const [name, all] of Object.entries(context.req.queries())) {
    const [first] = all
    if (first !== undefined) values[name] = all.length === 1 ? first : all
  }
  return parsed(schema, values, 'query parameter')
}

/**
 * The JSON body. Never use Hono's own `c.req.json()`: it reads without a limit.
 * @throws ClusterError `bad-argument` naming the field, `too-large`.
 */
export async function readJson<Schema extends z.ZodType>(
  context: HeadContext,
  schema: Schema,
  { maxBytes = maxJsonBytes }: { readonly maxBytes?: number } = {},
): Promise<z.infer<Schema>> {
  const text = (await readBody(context, maxBytes)).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ClusterError('bad-argument', `the body is not JSON: ${toError(error).message.slice(0, 200)}`)
  }
  return parsed(schema, value, 'field')
}

/**
 * The whole body. For what is too large for memory read `context.env.incoming`, a stream of Node, and count.
 * @throws ClusterError `too-large`, `link.closed` when the client went away.
 */
export async function readBody(context: HeadContext, maxBytes: number): Promise<Buffer> {
  const { incoming } = context.env
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // Leaving the loop early must not break the connection off: its sender is to read why.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw bodyTooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof ClusterError) throw error
    throw new ClusterError('link.closed', 'the client went away before its body was here', { cause: error })
  }
  return Buffer.concat(chunks)
}

export const bodyTooLarge = (maxBytes: number): ClusterError =>
  new ClusterError('too-large', `the body is larger than the ${maxBytes} bytes that this path takes`, { details: { maxBytes } })

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const name = issue?.path.map(String).join('.') ?? ''
  const reason = issue?.message.slice(0, 500) ?? 'it is not what it should be'
  throw new ClusterError('bad-argument', `${what}${name === '' ? '' : ` ${JSON.stringify(name.slice(0, 100))}`}: ${reason}`, {
    details: { field: name.slice(0, 100) },
  })
}

import * as z from 'zod'
import { ClusterError } from '../../../runtime/base/errors.ts'

/** What the daemons of a session write of themselves; only what we use. */
const NodeRecord = z.object({
  nodeId: z.string().regex(/^[0-9a-f]{56}$/),
  agentAddress: z.string().max(300),
  clusterId: z.string().max(100),
})
const HeadRecord = z.object({ address: z.string().max(300), apiAddress: z.string().max(300), clusterId: z.string().max(100) })
export type StartedNode = { readonly node: z.infer<typeof NodeRecord>; readonly head: z.infer<typeof HeadRecord> | undefined }

/** Of the lines that the start script prints. @throws ClusterError `bootstrap.failed` when the node's record is not among them */
export function readRecords(output: string): StartedNode {
  const values = output.split('\n').flatMap((line) => jsonOf(line))
  const node = values.flatMap((value) => NodeRecord.safeParse(value).data ?? [])[0]
  const head = values.flatMap((value) => HeadRecord.safeParse(value).data ?? [])[0]
  if (node) return { node, head }
  throw new ClusterError('bootstrap.failed', 'the node was started, but left no record of itself; look at the log of this step, and retry')
}

const StartError = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/** What the command line printed with `--json` when it failed. */
export function findStartError(output: string): string | undefined {
  const values = output.split('\n').flatMap((line) => jsonOf(line))
  return values.flatMap((value) => StartError.safeParse(value).data?.error.message ?? [])[0]
}

const Status = z.object({
  clusterId: z.string(),
  nodes: z
    .array(
      z.object({
        nodeId: z.string(),
        name: z.string(),
        address: z.string(),
        state: z.enum(['alive', 'draining', 'dead']),
        isHead: z.boolean(),
      }),
    )
    .max(100_000),
})
export type Status = z.infer<typeof Status>

/** What `shoal status --json` printed. @throws ClusterError `bootstrap.failed` */
export function readStatus(output: string): Status {
  for (const value of output.split('\n').flatMap((line) => jsonOf(line))) {
    const parsed = Status.safeParse(value)
    if (parsed.success) return parsed.data
  }
  throw new ClusterError('bootstrap.failed', `the status of the cluster could not be read: ${output.trim().slice(0, 500)}`)
}

function jsonOf(line: string): unknown[] {
  if (!line.startsWith('{')) return []
  try {
    return [JSON.parse(line)]
  } catch {
    return [] // a line of a log that begins like it
  }
}

import * as z from 'zod'
import { NodeVerdict, WhyNode } from '../../runtime/api/why.ts'

/** `u-` and 16 hex digits: a folder on its way to a cluster. */
export const UploadId = z.string().regex(/^u-[0-9a-f]{16}$/)

/** Where a file of an upload lies in its folder, with slashes. */
export const UploadPath = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[^/\0]{1,255}(?:\/[^/\0]{1,255}){0,63}$/, 'a relative path with single slashes between its parts, 64 at most')
  .refine((path) => path.split('/').every((part) => part !== '.' && part !== '..'), 'may not hold . or .. as a part')

/** What a job runs in. */
export const JobFolder = z.discriminatedUnion('kind', [
  /** On the panel's computer; `~/` is the home of who runs the panel. `uploadId` names it on the topic `uploads`. @default a fresh one */
  z.strictObject({ kind: z.literal('folder'), path: z.string().min(1).max(4_096), uploadId: UploadId.optional() }),
  z.strictObject({ kind: z.literal('upload'), uploadId: UploadId }),
  /** Of a package that the head has, or an absolute path on the node. */
  z.strictObject({ kind: z.literal('uri'), uri: z.string().min(1).max(4_096) }),
])
export type JobFolder = z.infer<typeof JobFolder>

const amount = z.number().min(0).max(1e15)

/** A job as a form has it, half filled in too: `jobs.plan` says what is wrong with it. */
export const JobSpec = z.strictObject({
  /** A shell command line. */
  entrypoint: z.string().max(131_072),
  submissionId: z.string().max(256).optional(),
  /** As `runtime/api/runtime-env.ts` has it; `folder` takes the place of its `working_dir`. */
  runtimeEnv: z.record(z.string().max(256), z.unknown()).optional(),
  metadata: z.record(z.string().max(1_024), z.string().max(65_536)).optional(),
  /** Higher goes first. A Ray head has none. @default 0 */
  priority: z.int().min(-1_000).max(1_000).optional(),
  /** With any of these it runs on a node that has them, and holds them; with none, on the node of the head. */
  resources: z
    .strictObject({
      cpus: amount.optional(),
      gpus: amount.optional(),
      memoryBytes: amount.optional(),
      custom: z.record(z.string().max(256), amount).optional(),
    })
    .default({}),
  /** What the labels of its node must be: `a`, `!a`, `in(a,b)` or `!in(a,b)`. */
  labels: z.record(z.string().max(256), z.string().max(4_096)).optional(),
  folder: JobFolder.optional(),
})
export type JobSpec = z.infer<typeof JobSpec>

/** What would become of a job that is submitted now. Nothing is sent for it. */
export const JobPlan = z.object({
  /** `never`: no node that is there can hold it, not even empty. */
  fits: z.enum(['now', 'later', 'never']),
  why: z.string().max(4_096),
  /** The nearest first. */
  nodes: z
    .array(
      z.object({
        nodeId: z.string(),
        name: z.string(),
        verdict: NodeVerdict,
        why: z.string().max(2_048),
        missing: WhyNode.shape.missing,
      }),
    )
    .max(1_000),
  /** Nodes that are not in the list, for its length. */
  nodesLeftOut: z.int().min(0),
  /** Jobs that have no node yet and come before it. */
  waitsBehind: z.int().min(0),
  /** What would be packed; null where nothing is, or the folder cannot be read. */
  package: z
    .object({
      files: z.int().min(0),
      bytes: z.number().min(0),
      largest: z.array(z.object({ path: z.string(), bytes: z.number() })).max(8),
      /** Files and folders that are left out. */
      ignored: z.int().min(0),
    })
    .nullable(),
  /** The same for a terminal. */
  commandLine: z.string(),
  /** For each of these `jobs.submit` refuses it, or it is bound to fail. */
  problems: z.array(z.string().max(4_096)).max(64),
  /** It may run all the same. */
  warnings: z.array(z.string().max(8_192)).max(64),
})
export type JobPlan = z.infer<typeof JobPlan>

/** A folder on its way: from a browser to the panel (`receiving`), then to the head. */
export const Upload = z.object({
  uploadId: UploadId,
  name: z.string(),
  phase: z.enum(['receiving', 'reading', 'packing', 'sending', 'there']),
  /** Of `totalBytes`, in this phase. */
  sentBytes: z.number().min(0),
  totalBytes: z.number().min(0),
  files: z.int().min(0),
})
export type Upload = z.infer<typeof Upload>

import * as z from 'zod'
import { ClusterEvent } from '../../runtime/api/events.ts'
import { Cluster } from './clusters.ts'
import { Upload, UploadId } from './jobs.ts'
import { LogStreamEvent } from './logs.ts'
import { ClusterId, Machine, MachineId } from './machines.ts'
import { Operation } from './operations.ts'
import { Question, QuestionId } from './questions.ts'

/**
 * Everything that the panel's host tells by itself. `pattern` with `:id` stands for one topic for each id. `key`: of events with the same
 * value only the latest counts, so a subscriber that falls behind gets no more than one of each. `access`: a client that may only look is
 * refused.
 */
type Topic = {
  readonly pattern: string
  readonly event: z.ZodType
  readonly key?: string
  readonly isImmediate?: true
  readonly access?: 'change'
}

/** The thing as it is from now on, or that it is gone. */
const changed = <T extends z.ZodType, I extends z.ZodType>(thing: T, id: I) => z.object({ id, value: thing.nullable() })

export const topics = {
  machines: { pattern: 'machines', event: changed(Machine, MachineId), key: 'id' },
  clusters: { pattern: 'clusters', event: changed(Cluster, ClusterId), key: 'id' },
  operations: { pattern: 'operations', event: changed(Operation, z.string()), key: 'id' },
  questions: { pattern: 'questions', event: changed(Question, QuestionId), key: 'id' },
  /** The event stream of a cluster's head. */
  clusterEvents: { pattern: 'cluster-events/:id', event: ClusterEvent },
  jobLog: {
    pattern: 'job-log/:id',
    event: z.object({ offset: z.number(), text: z.string(), isEnd: z.boolean(), failure: z.string().nullable() }),
  },
  /** The last figures of each node (`getLatestMetrics`), every two seconds while somebody listens; `id` is the node's. */
  clusterMetrics: { pattern: 'cluster-metrics/:id', event: changed(z.record(z.string(), z.unknown()), z.string()), key: 'id' },
  /** Not gathered here: the head has done that. */
  logStream: { pattern: 'log-stream/:id', event: LogStreamEvent, isImmediate: true },
  uploads: { pattern: 'uploads', event: changed(Upload, UploadId), key: 'id' },
  /** `data` is base64: what a program writes to a terminal need not be text. */
  terminal: {
    pattern: 'terminal/:id',
    event: z.discriminatedUnion('type', [
      z.object({ type: z.literal('data'), data: z.string() }),
      z.object({ type: z.literal('ended'), code: z.int().nullable(), message: z.string().nullable() }),
    ]),
    isImmediate: true,
    access: 'change', // what somebody types there may be a secret
  },
} as const satisfies Record<string, Topic>

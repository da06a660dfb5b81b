import { toError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { type EndProcessReply, TaskCancelOwnedReply } from '../protocol/control.ts'
import type { HeadAskOf } from '../protocol/head-asks.ts'
import type { LocalClients } from './local-clients.ts'
import type { ObjectOwners } from './object-owners.ts'
import type { WorkerPool } from './worker-pool.ts'

export type OperatorOrdersIo = {
  readonly logger: Logger
  readonly pool: WorkerPool
  readonly clients: () => LocalClients
  readonly owners: ObjectOwners
}

/** A process that does not answer by then runs code that lets nothing else through: it is not the one that owns, or is asked again. */
const clientTimeoutMs = 3_000

/** What operators may end on this node. */
export function operatorOrders({ logger, pool, clients, owners }: OperatorOrdersIo) {
  return {
    'control.cancel-task': (ask: HeadAskOf<'control.cancel-task'>) => cancelTask(clients(), ask),
    'control.end-process': ({ workerId, reason }: HeadAskOf<'control.end-process'>): EndProcessReply => {
      const client = clients().find(workerId)
      const worker = pool.list().find((each) => each.workerId === workerId)
      if (worker === undefined && client?.role !== 'driver') return { role: 'none', pid: 0 }
      logger.warn('process.end-ordered', { workerId, reason })
      if (worker) {
        pool.end(workerId, reason)
        return { role: 'worker', pid: worker.pid }
      }
      client?.link.close(reason)
      return { role: 'driver', pid: client?.pid ?? 0 }
    },
    'control.count-owned': ({ workerIds }: HeadAskOf<'control.count-owned'>) => ({ objects: owners.count(workerIds) }),
  }
}

/** The one owner's answer; those of all others are `unknown`. One that did not answer is reported when nobody else owned it. */
async function cancelTask(clients: LocalClients, ask: HeadAskOf<'control.cancel-task'>): Promise<TaskCancelOwnedReply> {
  const { taskId, force, recursive } = ask
  const silent: string[] = []
  const answers = await Promise.all(
    clients.list().map(async ({ link, workerId }): Promise<TaskCancelOwnedReply | undefined> => {
      try {
        return await link.request(
          { type: 'task.cancel-owned', taskId, force, recursive },
          { reply: TaskCancelOwnedReply, timeoutMs: clientTimeoutMs },
        )
      } catch (error) {
        if (!link.isClosed) silent.push(`${workerId.slice(0, 12)}: ${toError(error).message}`)
        return undefined // one that ended owns nothing any more
      }
    }),
  )
  const owned = answers.find((answer) => answer !== undefined && answer.outcome !== 'unknown')
  return owned ?? { outcome: 'unknown', message: silent.join('; ').slice(0, 1_024) }
}

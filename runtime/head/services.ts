import { join } from 'node:path'
import type { Logger } from '../base/logger.ts'
import type { Clock } from '../base/clock.ts'
import type { LegacyEvent } from '../api/events-legacy.ts'
import type { SessionLayout } from '../session/layout.ts'
import { ControlService } from './control-service.ts'
import { EventFeed } from './events/event-feed.ts'
import type { Head } from './head.ts'
import type { JobService } from './jobs/job-service.ts'
import { openJobs } from './jobs/open-jobs.ts'
import type { LogService } from './logs/log-service.ts'
import { openLogs } from './logs/open-logs.ts'
import type { ResolveParts } from './logs/resolve-log.ts'
import type { PackageStore } from './jobs/package-store.ts'
import type { EndedWorkers } from './history/ended-workers.ts'
import type { History } from './history/history.ts'
import { MetricsService } from './metrics/metrics-service.ts'
import { MetricsStore } from './metrics/metrics-store.ts'
import { findTaskLog } from './listings/find-task-log.ts'
import type { HeadStore } from './store.ts'

/** What a service of the head is made from. */
export type ServiceParts = {
  readonly head: Head
  /** Every task attempt. */
  readonly history: History
  /** Processes that have ended. */
  readonly ended: EndedWorkers
  readonly store: HeadStore
  readonly layout: SessionLayout
  readonly logger: Logger
  readonly clock: Clock
  readonly clusterId: string
  /** Of the release, such as `0.1.0`. */
  readonly version: string
}

/** What the head runs beside its core, for the HTTP API: each keeps what it needs, and is closed with the head. */
export type HeadServices = {
  /** Log files of every node. */
  readonly logs: LogService
  /** Where the output of a task stands in the log of its worker. */
  readonly findTaskLog?: NonNullable<ResolveParts['findTaskLog']>
  readonly jobs: JobService
  /** What jobs were uploaded with. */
  readonly packages: PackageStore
  /** The load of all machines, now and in the past. */
  readonly metrics: MetricsService
  /** Everything that happens, and what is wrong now. */
  readonly feed: EventFeed
  /** What operators may end. */
  readonly control: ControlService
  /** Things to know, oldest first; `jobId` is empty for those of no job. */
  readonly clusterEvents?: (of: { readonly jobId: string | undefined }) => readonly (LegacyEvent & { readonly jobId: string })[]
  /** Says which services there are; a service is one line here and one in `openServices`. */
  readonly close: () => void
}

/**
 * Opens every service, in the order in which one needs another. They run only where the head serves its HTTP API.
 * @throws ClusterError `cluster.start-failed`
 */
export async function openServices(parts: ServiceParts): Promise<HeadServices> {
  const closers: (() => void)[] = []
  parts.history.start()
  const { jobs, packages } = openJobs(parts)
  const { logs, close: closeLogs } = openLogs(parts)
  closers.push(closeLogs)
  const metrics = new MetricsService({ ...parts, store: new MetricsStore(join(parts.layout.headDir, 'metrics.sqlite')) })
  closers.push(() => metrics.close())
  parts.head.onMetrics = (figures) => metrics.accept(figures)
  const feed = new EventFeed({ ...parts, metrics })
  closers.push(() => feed.close())
  const control = new ControlService({ ...parts, jobs, metrics })
  parts.logger.debug('services.opened')
  return {
    logs,
    findTaskLog: (task) => findTaskLog(parts.history, task),
    jobs,
    packages,
    metrics,
    feed,
    control,
    clusterEvents: (of) => feed.legacyEvents(of),
    close: () => {
      for (const close of closers.reverse()) close()
    },
  }
}

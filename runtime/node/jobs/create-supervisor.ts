import type { Logger } from '../../base/logger.ts'
import type { SessionLayout } from '../../session/layout.ts'
import { findRunning, type HeadRecord } from '../../session/session-records.ts'
import { type HeadTarget, joinHostPort } from '../addresses.ts'
import type { AgentSettings } from '../agent-options.ts'
import { JobSupervisor, type SubmissionReport } from './job-supervisor.ts'

export type SupervisorParts = {
  readonly layout: SessionLayout
  readonly logger: Logger
  readonly settings: AgentSettings
  readonly head: HeadTarget
  readonly core: { raise(report: SubmissionReport): void }
  /** Asks the head; waits while it is away. */
  readonly request: (message: object) => Promise<unknown>
}

/** The supervisor of a node's jobs. Starts nothing before the first one. */
export function createSupervisor({ layout, logger, settings, head, core, request }: SupervisorParts): JobSupervisor {
  return new JobSupervisor({
    layout,
    logger,
    raise: (report) => core.raise(report),
    askHead: request,
    // The head's own node knows it by its socket, and finds its address beside that.
    headAddress: () =>
      head.kind === 'tls' ? joinHostPort(head.host, head.port) : (findRunning<HeadRecord>(layout.headRecord)?.address ?? ''),
    stopWaitMs: settings.jobStopWaitMs,
    packageCacheBytes: settings.packageCacheBytes,
  })
}

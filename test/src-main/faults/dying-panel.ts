// A panel in a process of its own that begins or retries work, and kills itself at the moment that it was told. One line of JSON at each state.
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '#runtime/base/logger.ts'
import type { ClusterSpec } from '#src-main/contract/clusters.ts'
import { openPanelHost } from '#src-main/host/panel-host.ts'
import { stepOf } from './support.ts'

export type Dying = {
  readonly folder: string
  readonly payloadFolder: string
  readonly work:
    | { readonly create: Pick<ClusterSpec, 'name' | 'head' | 'workers'> }
    | { readonly retry: string }
    | { readonly down: string }
  readonly dieAt: { readonly name: string; readonly id: string; readonly bytes: number; readonly afterMs: number }
}

const { folder, payloadFolder, work, dieAt } = JSON.parse(process.env['SHOAL_TEST_PANEL'] ?? '{}') as Dying // set by panel-killed.test.ts
const logger = createLogger('panel', (line) => void process.stderr.write(line), { level: 'debug' })
const panel = await openPanelHost({ folder, payloadFolder, logger, isWatching: true, checkOutputs: true })

async function begin(): Promise<string> {
  if ('create' in work) return (await panel.call('clusters.create', { spec: work.create })).operationId
  if ('down' in work) return (await panel.call('clusters.down', { cluster: work.down })).operationId
  await panel.call('operations.retry', { operationId: work.retry })
  return work.retry
}

const operationId = await begin()
for (;;) {
  const operation = await panel.call('operations.get', { operationId })
  const step = stepOf(operation, dieAt.name, dieAt.id)
  if (operation.state !== 'running' || (step !== undefined && step.state !== 'waiting' && step.state !== 'running')) {
    throw new Error(`too late to die in ${dieAt.id} on ${dieAt.name}: ${JSON.stringify(operation)}`)
  }
  if (step?.state === 'running' && (step.progress?.done ?? 0) >= dieAt.bytes) {
    await delay(dieAt.afterMs)
    process.kill(process.pid, 'SIGKILL')
  }
  await delay(5)
}

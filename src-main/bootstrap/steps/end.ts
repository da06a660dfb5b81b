import { ClusterError } from '../../../runtime/base/errors.ts'
import { foldersToEnd } from '../extra-nodes.ts'
import type { MachineTarget } from '../operation-input.ts'
import { payloadFolder } from '../paths.ts'
import { prunePayloads } from '../scripts/payload-scripts.ts'
import { readRemoved, type Removed, removeSession } from '../scripts/remove-script.ts'
import { removeService } from '../scripts/service-scripts.ts'
import { drainNode, showStatus, stopNode } from '../scripts/session-scripts.ts'
import { findStartError, readStatus, type Status } from './read-records.ts'
import { pause } from './start.ts'
import { done, runScript, skipped, type StepContext, type StepEnd, tryScript } from './step-context.ts'

/** The node gets no new work and leaves when it has done what it has. */
export async function drain(context: StepContext): Promise<StepEnd> {
  const { input, machine, io, signal } = context
  const { nodeId } = machine
  if (nodeId === null) return skipped('it has no node')
  const withinMs = input.drainWithinMs ?? null
  await io.memberChanged?.(machine.machineId, { state: 'draining' })
  if (io.drainNode)
    await io.drainNode({ nodeId, withinMs, signal, onProgress: (left, total) => context.progress(total - left, total, 'items') })
  else await drainOverSsh(context, nodeId, withinMs)
  if (input.kind === 'drain') await io.memberChanged?.(machine.machineId, { state: 'stopped' })
  return done('it has left the cluster')
}

const lookEveryMs = 1_000

async function drainOverSsh(context: StepContext, nodeId: string, withinMs: number | null): Promise<void> {
  const { head } = context.input
  const session = { root: head.root, sessionFolder: head.sessionFolder, sha256: head.payload }
  const isThere = async () => (await statusOf(context, head)).nodes.some((node) => node.nodeId === nodeId && node.state !== 'dead')
  if (!(await isThere())) return
  const { code, stdout, stderr } = await tryScript(context, drainNode({ ...session, nodeId, withinMs }), { machineId: head.machineId })
  if (code !== 0 && (await isThere())) {
    const reason = findStartError(stdout) ?? stderr.trim()
    throw new ClusterError(
      'bootstrap.failed',
      `${context.machine.name} could not be drained: ${reason.slice(-1_000)}. Retry, or remove it by force.`,
    )
  }
  while (await isThere()) await pause(lookEveryMs, context.signal)
}

async function statusOf(context: StepContext, { root, sessionFolder, payload, machineId }: MachineTarget): Promise<Status> {
  return readStatus(await runScript(context, showStatus({ root, sessionFolder, sha256: payload }), { machineId, isQuiet: true }))
}

const stopTimeoutMs = 60_000

export async function stop(context: StepContext): Promise<StepEnd> {
  const { input, machine, io } = context
  const { root, payload, previousPayload } = machine
  const { clusterId } = input
  if (input.kind === 'remove' || input.kind === 'down') await runScript(context, removeService(clusterId))
  const hashes = [payload, ...(previousPayload === null ? [] : [previousPayload])]
  let isThere = false
  for (const sessionFolder of foldersToEnd(machine)) {
    const said = await runScript(context, stopNode({ root, sessionFolder, hashes, clusterId }), { timeoutMs: stopTimeoutMs })
    isThere ||= !said.includes('state absent')
  }
  if (!isThere) return skipped('nothing is there')
  await io.memberChanged?.(machine.machineId, { state: 'stopped' })
  return done()
}

/** The list of what went is the step's log. */
export async function deleteAll(context: StepContext): Promise<StepEnd> {
  const { machine, io } = context
  const { root, payload, previousPayload, nodeId, machineId } = machine
  const hashes = [payload, ...(previousPayload === null ? [] : [previousPayload])]
  const nodeIds = nodeId === null ? [] : [nodeId]
  const removed: Removed[] = []
  for (const sessionFolder of foldersToEnd(machine))
    removed.push(...readRemoved(await runScript(context, removeSession({ root, sessionFolder, nodeIds, hashes, machineId }))))
  await io.memberChanged?.(machineId, { state: 'gone' })
  if (removed.length === 0) return skipped('nothing of ours was there')
  const bytes = removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return done(`${removed.length} things, ${(bytes / 1024 / 1024).toFixed(1)} MiB`)
}

export async function prune(context: StepContext): Promise<StepEnd> {
  const { root, payload, previousPayload } = context.machine
  if (previousPayload === null || previousPayload === payload) return skipped('there is no older one')
  const said = await runScript(context, prunePayloads(root, [previousPayload]))
  return readRemoved(said).length > 0 ? done() : skipped(said.includes('kept payload') ? 'another cluster uses it' : 'it is gone already')
}

/** For a machine that cannot be reached: what it keeps is said, so that somebody can delete it there. */
export async function forget(context: StepContext): Promise<StepEnd> {
  const { machine, io } = context
  const { root, sessionFolder, payload, machineId } = machine
  const left = [sessionFolder, payloadFolder(root, payload)]
  context.say(
    `what stays on ${machine.name}:\n${left.join('\n')}\nits processes, which end by themselves only when the machine is started again\n`,
  )
  await io.memberChanged?.(machineId, { state: 'gone' })
  return done(`not reached; what stays there: ${left.join(', ')}`)
}

import { ClusterError } from '../../../runtime/base/errors.ts'
import type { ExtraNode } from '../../contract/clusters.ts'
import { extraSessions } from '../extra-nodes.ts'
import { extraStartFlags } from '../machine-flags.ts'
import { showStatus, startNode } from '../scripts/session-scripts.ts'
import { readRecords, readStatus } from './read-records.ts'
import { lookAgainMs, pause, runStart } from './start.ts'
import { done, runScript, skipped, type StepContext, type StepEnd } from './step-context.ts'

/** One after the other, as each start is busy with the CPUs that they share; then all are looked for in the cluster's list. */
export async function startExtraNodes(context: StepContext): Promise<StepEnd> {
  const { input, machine, io, signal } = context
  const { root, sessionFolder, payload: sha256, machineId } = machine
  const sessions = extraSessions(machine)
  const extraNodes: ExtraNode[] = []
  let started = 0
  for (const session of sessions) {
    const flags = extraStartFlags(input, machine, session)
    const script = startNode({ root, sessionFolder: session.sessionFolder, sha256, isHead: false, flags })
    const said = await runStart(context, script, `the node ${session.name}`)
    if (!/^state running$/m.test(said)) started += 1
    const { name, agentPort } = session
    extraNodes.push({ name, agentPort, nodeId: readRecords(said).node.nodeId })
  }
  await io.memberChanged?.(machineId, { state: 'started', extraNodes })
  for (const waitMs of lookAgainMs) {
    await pause(waitMs, signal)
    const { nodes } = readStatus(await runScript(context, showStatus({ root, sessionFolder, sha256 }), { isQuiet: true }))
    const missing = sessions.filter(({ name }) => !nodes.some((node) => node.name === name && node.state === 'alive'))
    if (missing.length > 0) continue
    context.say(`the cluster lists ${sessions.map(({ name }) => name).join(', ')} as alive\n`)
    return started === 0 ? skipped('they run already') : done(`${started} started`)
  }
  throw new ClusterError(
    'bootstrap.failed',
    `the cluster does not list ${sessions.map(({ name }) => name).join(', ')} as alive; look at logs/agent.log in ${sessions.map((each) => each.sessionFolder).join(', ')}, and retry`,
  )
}

/** Those that run still are left alone, so that a retry does not start them twice. */
export async function submitSamples({ io, signal, say }: StepContext): Promise<StepEnd> {
  if (!io.submitSamples) return skipped('nobody is here who could submit them')
  return done(`${await io.submitSamples({ signal, say })} jobs`)
}

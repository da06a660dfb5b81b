import { ClusterError } from '../../../runtime/base/errors.ts'
import type { RaySetup } from '../../contract/ray-setup.ts'
import { hostPort } from '../machine-flags.ts'
import { movedText } from '../moved-ports.ts'
import { prunePayloads } from '../scripts/payload-scripts.ts'
import { readRemoved } from '../scripts/remove-script.ts'
import { removeService } from '../scripts/service-scripts.ts'
import { writeJoinToken } from '../scripts/session-scripts.ts'
import { dialFrom, lookAgainMs, pause } from '../steps/start.ts'
import { done, runScript, skipped, type StepContext, type StepEnd } from '../steps/step-context.ts'
import { installRay, showMade } from './install-script.ts'
import { drainRay, listRayNodes, pruneRay, type RayNode, readRayNodes, startRay, stopRay } from './node-scripts.ts'
import { rayLog, wheelsFile } from './ray-paths.ts'

const installTimeoutMs = 30 * 60_000
const startTimeoutMs = 240_000
const stopTimeoutMs = 90_000
const lookEveryMs = 1_000

/** Of an operation on a cluster of Ray. */
function setupOf({ input }: StepContext): RaySetup {
  if (input.ray) return input.ray
  throw new ClusterError('internal', `${input.clusterName} is no cluster of Ray`)
}

/** What the steps do that are others in a cluster of Ray. All can be repeated, as those of ours. */
export const rayRunners = { wheels: sendWheels, ray: install, start, verify, drain, stop, prune }

async function sendWheels(context: StepContext): Promise<StepEnd> {
  const { machine, input, io, signal } = context
  const { wheels: folder, version } = setupOf(context)
  const { wheels: wanted } = input
  if (!wanted || folder === null || !io.wheelsFor) return skipped('they come from the package index')
  if ((await runScript(context, showMade(machine.sessionFolder, version), { isQuiet: true })).includes(wanted.sha256))
    return skipped('they are installed already')
  const archive = await io.wheelsFor({ folder, version })
  if (archive.sha256 !== wanted.sha256)
    throw new ClusterError('bootstrap.failed', `the wheels in ${folder} are others than when this was planned; plan it again`)
  const connection = await context.connection()
  await connection.upload(archive.path, wheelsFile(machine.sessionFolder), {
    sha256: archive.sha256,
    sizeBytes: archive.sizeBytes,
    signal,
    onProgress: (doneBytes) => context.progress(doneBytes, archive.sizeBytes, 'bytes'),
  })
  return done('sent from here')
}

async function install(context: StepContext): Promise<StepEnd> {
  const { machine, input } = context
  const ray = setupOf(context)
  const { sessionFolder } = machine
  const wheels = input.wheels ? { path: wheelsFile(sessionFolder), sha256: input.wheels.sha256 } : null
  const said = await runScript(context, installRay({ sessionFolder, ray, wheels }), { timeoutMs: installTimeoutMs })
  const [, version, python] = /^ray (\S+) python (\S+)$/m.exec(said) ?? []
  const what = `Ray ${version ?? ray.version}, Python ${python ?? 'unknown'}`
  return /^state there$/m.test(said) ? skipped(`${what} is there`) : done(what)
}

async function start(context: StepContext): Promise<StepEnd> {
  const { input, machine, io } = context
  const { sessionFolder, payload, name, role } = machine
  const { version } = setupOf(context)
  for (const moved of input.movedPorts ?? []) context.say(movedText(moved, name))
  if (role === 'worker') await runScript(context, writeJoinToken(sessionFolder, await context.joinToken()), { isQuiet: true })
  const said = await runScript(context, startRay(input, machine, version), { timeoutMs: startTimeoutMs })
  const address = hostPort(machine.nodeIp, machine.agentPort)
  await io.memberChanged?.(machine.machineId, { state: 'started', payload, sessionFolder, address })
  return /^state running$/m.test(said) ? skipped('it runs already') : done(`at ${address}`)
}

/** The head has the node, and the head's machine reaches the port of a worker's. */
async function verify(context: StepContext): Promise<StepEnd> {
  const { input, machine, io } = context
  for (const waitMs of [...lookAgainMs, 8_000, 8_000]) {
    await pause(waitMs, context.signal)
    const nodes = await nodesOf(context)
    const own = nodes.find(({ state, name, isHead }) => state === 'ALIVE' && name === machine.name && isHead === (machine.role === 'head'))
    if (!own) continue
    await io.memberChanged?.(machine.machineId, { state: 'started', nodeId: own.nodeId })
    context.say(`Ray lists ${own.name} as alive, of ${nodes.filter(({ state }) => state === 'ALIVE').length} nodes\n`)
    if (machine.role === 'worker') await dialFrom(context, input.head, { target: machine, port: machine.agentPort })
    return done(`node ${own.nodeId.slice(0, 12)}`)
  }
  throw new ClusterError(
    'bootstrap.failed',
    `Ray does not list ${machine.name} as alive; look at ${rayLog(machine.sessionFolder)} there, and retry`,
  )
}

async function nodesOf(context: StepContext): Promise<RayNode[]> {
  const { head, ports } = context.input
  return readRayNodes(await runScript(context, listRayNodes(head, ports.api), { machineId: head.machineId, isQuiet: true }))
}

/** Ray gives the node no new work; when it has none, or its time is up, its processes are ended. Found by its name: a machine that was rebooted has another node. */
async function drain(context: StepContext): Promise<StepEnd> {
  const { input, machine, io, signal } = context
  const withinMs = input.drainWithinMs ?? null
  const own = async () => (await nodesOf(context)).find(({ state, name, isHead }) => state === 'ALIVE' && name === machine.name && !isHead)
  await io.memberChanged?.(machine.machineId, { state: 'draining' })
  const node = await own()
  if (node) {
    const { version } = setupOf(context)
    await runScript(context, drainRay(input, { nodeId: node.nodeId, withinMs, version }), { machineId: input.head.machineId })
    const untilMs = withinMs === null ? Number.POSITIVE_INFINITY : io.nowMs() + withinMs
    while (io.nowMs() < untilMs && (await own())) await pause(lookEveryMs, signal)
  }
  await runScript(context, stopRay(machine, input.clusterId), { timeoutMs: stopTimeoutMs })
  if (input.kind === 'drain') await io.memberChanged?.(machine.machineId, { state: 'stopped' })
  return done(node ? 'it has left the cluster' : 'it was not in the cluster any more')
}

async function stop(context: StepContext): Promise<StepEnd> {
  const { input, machine, io } = context
  if (input.kind === 'remove' || input.kind === 'down') await runScript(context, removeService(input.clusterId))
  const said = await runScript(context, stopRay(machine, input.clusterId), { timeoutMs: stopTimeoutMs })
  if (/^state absent$/m.test(said)) return skipped('nothing is there')
  await io.memberChanged?.(machine.machineId, { state: 'stopped' })
  return done()
}

async function prune(context: StepContext): Promise<StepEnd> {
  const { machine } = context
  const { root, payload, previousPayload } = machine
  const said = [await runScript(context, pruneRay(machine, setupOf(context).version))]
  if (previousPayload !== null && previousPayload !== payload) said.push(await runScript(context, prunePayloads(root, [previousPayload])))
  const count = readRemoved(said.join('\n')).length
  return count === 0 ? skipped('there is nothing older') : done(`${count} ${count === 1 ? 'folder' : 'folders'}`)
}

import { ClusterError } from '../../../runtime/base/errors.ts'
import { hostPort, startFlags } from '../machine-flags.ts'
import { movedText } from '../moved-ports.ts'
import type { MachineTarget, OperationInput } from '../operation-input.ts'
import { rayBootCommands } from '../ray/node-scripts.ts'
import { dial } from '../scripts/dial-script.ts'
import { addService } from '../scripts/service-scripts.ts'
import { bootCommands, showStatus, startNode, writeJoinToken } from '../scripts/session-scripts.ts'
import { findStartError, readRecords, readStatus } from './read-records.ts'
import { done, remedyFor, runScript, skipped, type StepContext, type StepEnd, tryScript } from './step-context.ts'

/** Can this worker open a connection to the head? */
export async function reachHead(context: StepContext): Promise<StepEnd> {
  const { input, machine } = context
  const ms = await dialFrom(context, machine, { target: input.head, port: input.ports.head })
  return done(`reached in ${ms} ms`)
}

type Way = { readonly target: MachineTarget; readonly port: number }

/** @throws ClusterError `bootstrap.failed` naming the port, what was seen, and the command that opens it */
export async function dialFrom(context: StepContext, from: MachineTarget, { target, port }: Way): Promise<string> {
  const { root, payload: sha256 } = from
  const said = await runScript(context, dial({ root, sha256, host: target.nodeIp, port }), { machineId: from.machineId })
  const ms = /^dial open (\d+)$/m.exec(said)?.[1]
  if (ms !== undefined) return ms
  const code = /^dial (.*)$/m.exec(said)?.[1] ?? said.trim()
  const what = seen[code] ?? `the answer was ${code.slice(0, 200)}`
  throw new ClusterError(
    'bootstrap.failed',
    `${from.name} cannot reach ${target.name} at ${hostPort(target.nodeIp, port)}: ${what}. Open TCP port ${port} on ${target.name} (${openCommand(target, port)}), or give ${target.name} an address that ${from.name} reaches, and retry.`,
    { details: { from: from.machineId, to: target.machineId, port, reason: code.slice(0, 100) } },
  )
}

const seen: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'no answer within 5 s, as when a firewall drops it',
  ECONNREFUSED: 'refused, as when nothing listens there or a firewall rejects it',
  EHOSTUNREACH: 'no way leads there, or a firewall rejects it',
  ENETUNREACH: 'no way leads to that network',
}

function openCommand({ firewall }: MachineTarget, port: number): string {
  const firewalld = `sudo firewall-cmd --add-port=${port}/tcp --permanent && sudo firewall-cmd --reload`
  const ufw = `sudo ufw allow ${port}/tcp`
  if (firewall !== 'unknown') return firewall === 'firewalld' ? firewalld : ufw
  return `with firewalld: ${firewalld}; with ufw: ${ufw}; in a cloud: in its security group`
}

const startTimeoutMs = 90_000

export async function start(context: StepContext): Promise<StepEnd> {
  const { input, machine, io } = context
  const { root, sessionFolder, payload } = machine
  const isHead = machine.role === 'head'
  for (const moved of input.movedPorts ?? []) context.say(movedText(moved, machine.name))
  if (!isHead) await runScript(context, writeJoinToken(sessionFolder, await context.joinToken()), { isQuiet: true })
  const script = startNode({ root, sessionFolder, sha256: payload, isHead, flags: startFlags(input, machine) })
  const stdout = await runStart(context, script, `the ${isHead ? 'head' : 'node'} on ${machine.name}`)
  const { node, head } = readRecords(stdout)
  await io.memberChanged?.(machine.machineId, {
    state: 'started',
    payload,
    sessionFolder,
    address: node.agentAddress,
    nodeId: node.nodeId,
    ...(head ? { api: { address: head.apiAddress, tokenFile: `${sessionFolder}/head/api-token` } } : {}),
  })
  return /^state running$/m.test(stdout) ? skipped('it runs already') : done(`node ${node.nodeId.slice(0, 12)} at ${node.agentAddress}`)
}

/** What the script printed. @throws ClusterError `bootstrap.failed` with the reason that the node's own start gave */
export async function runStart(context: StepContext, script: string, what: string): Promise<string> {
  const { code, signal, stdout, stderr } = await tryScript(context, script, { timeoutMs: startTimeoutMs })
  if (code === 0) return stdout
  const reason = findStartError(stdout) ?? (`${stderr}${stdout}`.trim().split('\n').slice(-6).join('; ') || `ended by ${signal ?? code}`)
  throw new ClusterError('bootstrap.failed', `${what} did not start: ${reason.slice(-2_000)}. ${remedyFor(reason)}`, {
    details: { machineId: context.machine.machineId },
  })
}

export const lookAgainMs = [0, 300, 1_000, 2_000, 4_000, 8_000]
const mostStatusBytes = 64 * 1024 * 1024

/** The cluster has the node, and the head's machine reaches the port of a worker's: others fetch objects there. */
export async function verify(context: StepContext): Promise<StepEnd> {
  const { input, machine } = context
  const { root, sessionFolder, payload: sha256 } = machine
  for (const waitMs of lookAgainMs) {
    await pause(waitMs, context.signal)
    const script = showStatus({ root, sessionFolder, sha256 })
    const status = readStatus(await runScript(context, script, { isQuiet: true, maxOutputBytes: mostStatusBytes }))
    const own = status.nodes.find(
      (node) => node.state === 'alive' && (machine.role === 'head' ? node.isHead : node.name === machine.name && !node.isHead),
    )
    if (!own) continue
    context.say(`the cluster lists ${own.name} at ${own.address} as alive, of ${status.nodes.length} nodes\n`)
    if (machine.role === 'worker') await dialFrom(context, input.head, { target: machine, port: machine.agentPort })
    return done('alive')
  }
  throw new ClusterError(
    'bootstrap.failed',
    `the cluster does not list ${machine.name} as alive; look at ${sessionFolder}/logs/agent.log there, and retry`,
  )
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(new ClusterError('link.closed', 'stopped'))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

/** What brings a node back when its machine starts. */
export function serviceOf(input: OperationInput, machine: MachineTarget, wish: 'auto' | 'systemd' | 'cron') {
  const { clusterId, clusterName } = input
  const { root, sessionFolder, payload: sha256, role } = machine
  const own = { root, sessionFolder, sha256, isHead: role === 'head', flags: startFlags(input, machine) }
  return { sessionFolder, clusterId, clusterName, wish, commands: input.ray ? rayBootCommands(machine) : bootCommands(own) }
}

export async function serveAtBoot(context: StepContext): Promise<StepEnd> {
  const { input, machine } = context
  if (input.service === 'none') return skipped('not asked for')
  const [, kind, why] = /^service (\S+) ?(.*)$/m.exec(await runScript(context, addService(serviceOf(input, machine, input.service)))) ?? []
  if (kind === 'systemd') return done('a unit of the user’s systemd')
  if (kind === 'cron') return done('a line of its crontab')
  return skipped(`it will not come back by itself after a reboot: ${why ?? 'nothing there does that'}`)
}

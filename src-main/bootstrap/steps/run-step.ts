import { ClusterError } from '../../../runtime/base/errors.ts'
import type { StepId } from '../list-steps.ts'
import type { OperationInput } from '../operation-input.ts'
import { rayRunners } from '../ray/run-ray.ts'
import { startExtraNodes, submitSamples } from './extra.ts'
import { deleteAll, drain, forget, prune, stop } from './end.ts'
import { reachHead, serveAtBoot, start, verify } from './start.ts'
import { done, skipped, type StepContext, type StepEnd } from './step-context.ts'
import { transferPayload, unpack } from './transfer.ts'

type Runner = (context: StepContext) => Promise<StepEnd>

/** What each step does. All can be repeated: what is there already is left as it is. */
const ownRunners: Readonly<Record<StepId, Runner>> = {
  connect,
  probe,
  upload: transferPayload,
  unpack,
  wheels: rayRunners.wheels,
  ray: rayRunners.ray,
  network: reachHead,
  start,
  verify,
  'extra-nodes': startExtraNodes,
  samples: submitSamples,
  service: serveAtBoot,
  drain,
  stop,
  delete: deleteAll,
  prune,
  forget,
}

export const isStepId = (id: string): id is StepId => Object.hasOwn(ownRunners, id)

/** In a cluster of Ray some do the same in another way. */
export const runnerOf = (id: StepId, { ray }: OperationInput): Runner => ({ ...ownRunners, ...(ray && rayRunners) })[id]

async function connect(context: StepContext): Promise<StepEnd> {
  const { target } = await context.connection()
  if (context.machine.isLocal === true) return done('this computer')
  return done(`${target.user}@${target.host}:${target.port}`)
}

/** @throws ClusterError `machine.unfit` with every blocker and what to do about it */
async function probe(context: StepContext): Promise<StepEnd> {
  const { io, machine } = context
  if (!io.probe) return skipped('it was checked for the plan')
  const { findings } = await io.probe(machine.machineId, await context.connection())
  for (const { level, title, detail, remedy } of findings) {
    if (level !== 'ok') context.say(`${level}: ${title}: ${detail} ${remedy}\n`)
  }
  // Who holds a port is judged by the start: on a second try it may be our own node.
  const blockers = findings.filter(({ level, id }) => level === 'blocker' && !id.startsWith('port.'))
  const warnings = findings.filter(({ level }) => level === 'warning').length
  if (blockers.length === 0) return done(`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`)
  const reasons = blockers.map(({ title, detail, remedy }) => `${title} (${detail}). ${remedy}`)
  throw new ClusterError('machine.unfit', `${machine.name} cannot be a node: ${reasons.join(' ')}`, {
    details: { machineId: machine.machineId, blockers: blockers.length },
  })
}

import { invariant } from '../../../runtime/base/invariant.ts'
import { isOver, isWell, type MachineState, type OperationState } from './state.ts'

/** What must hold after every step of the core. Run by tests and simulation. */
export function checkInvariants(state: OperationState): void {
  const machines = [...state.machines.values()]
  const ordered = machines.filter(({ inFlight }) => inFlight)
  invariant(ordered.length <= state.limits.machinesAtOnce, `${ordered.length} machines at work, more than ${state.limits.machinesAtOnce}`)
  const uploads = ordered.filter(({ inFlight }) => inFlight?.source === 'here').length
  invariant(uploads <= state.limits.uploadsAtOnce, `${uploads} uploads at once`)
  for (const machine of machines) checkMachine(state, machine)
  checkPeers(state, ordered)
  if (state.phase === 'running') return
  invariant(
    machines.every(({ state: reached, inFlight }) => state.phase === 'interrupted' || (isOver(reached) && !inFlight)),
    `the operation is ${state.phase}, but not all of its machines are over`,
  )
  invariant((state.endedAtMs === null) === (state.phase === 'interrupted'), 'an operation that is over has an end')
}

function checkMachine(state: OperationState, { plan, steps, state: reached, failure, inFlight }: MachineState): void {
  const { machineId } = plan
  const running = steps.filter((run) => run.state === 'running')
  invariant(running.length <= 1, `${machineId} runs ${running.length} steps at once`)
  invariant(running.length === 0 || steps[inFlight?.stepIndex ?? -1] === running[0], `${machineId} runs a step that nobody ordered`)
  const firstOpen = steps.findIndex((run) => !isWell(run.state))
  invariant(
    firstOpen < 0 || steps.slice(firstOpen + 1).every((run) => run.state === 'waiting' || run.state === 'cancelled'),
    `${machineId} went past a step that is not done`,
  )
  invariant((reached === 'done') === steps.every((run) => isWell(run.state)), `${machineId} is ${reached}, its steps say otherwise`)
  invariant((reached === 'failed') === (failure !== null), `${machineId} is ${reached} and its failure is ${failure?.code ?? 'none'}`)
  const begun = plan.steps.filter((_, index) => steps[index]?.state === 'running')
  for (const { machineId: other, stepId } of begun.flatMap(({ needs }) => needs)) {
    const needed = state.machines.get(other)
    if (!needed) continue
    const index = needed.plan.steps.findIndex(({ id }) => id === stepId)
    // a retry of the other one may have set it back meanwhile: it was done when this one began
    invariant(
      isWell(needed.steps[index]?.state) || !isOver(needed.state) || needed.attempt > 0,
      `${machineId} began before ${other} was ready`,
    )
  }
}

function checkPeers(state: OperationState, ordered: readonly MachineState[]): void {
  const served = new Map<string, number>()
  for (const { plan, inFlight } of ordered) {
    if (!inFlight?.source || inFlight.source === 'here') continue
    const { peer } = inFlight.source
    served.set(peer, (served.get(peer) ?? 0) + 1)
    invariant(peer !== plan.machineId, `${peer} fetches from itself`)
  }
  for (const [peer, count] of served) invariant(count <= state.limits.fetchesPerPeer, `${peer} serves ${count} at once`)
}

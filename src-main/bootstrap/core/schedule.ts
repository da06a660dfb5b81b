import { chooseSource } from './choose-source.ts'
import { type Command, isOver, isWell, type MachineState, type OperationState, type StepPlan } from './state.ts'

/** Begins what can begin, fails what can never begin, ends the operation when nothing is left. */
export function schedule(state: OperationState, nowMs: number): Command[] {
  if (state.phase !== 'running') return []
  failTheHopeless(state, nowMs)
  const begun = beginReady(state, nowMs)
  return [...begun, ...releaseIdle(state), ...maybeEnd(state, nowMs)]
}

/** A machine that fails may be what another waits for, so again until nothing changes. */
function failTheHopeless(state: OperationState, nowMs: number): void {
  let hasChanged = true
  while (hasChanged) {
    hasChanged = false
    for (const machine of state.machines.values()) {
      const next = nextStep(machine)
      const culprit = next && findCulprit(state, next.plan)
      if (!next || !culprit) continue
      Object.assign(next.run, { state: 'failed', startedAtMs: nowMs, endedAtMs: nowMs, note: `waited for ${culprit.plan.name}` })
      machine.state = 'failed'
      machine.serves = 'no'
      const why = culprit.state === 'cancelled' ? 'was cancelled' : 'failed'
      machine.failure = {
        code: 'bootstrap.waiting',
        message: `"${next.plan.title}" on ${machine.plan.name} was not begun: it needs ${culprit.plan.name} first, which ${why}. Mend ${culprit.plan.name} and retry; what is done here stays.`,
        isRetryable: true,
      }
      hasChanged = true
    }
  }
}

/** Over a step that is waiting, with nothing unanswered on its machine. */
function nextStep(machine: MachineState): { index: number; plan: StepPlan; run: MachineState['steps'][number] } | undefined {
  if (isOver(machine.state) || machine.inFlight) return undefined
  const index = machine.steps.findIndex((run) => !isWell(run.state))
  const [plan, run] = [machine.plan.steps[index], machine.steps[index]]
  return plan && run?.state === 'waiting' ? { index, plan, run } : undefined
}

function findCulprit(state: OperationState, plan: StepPlan): MachineState | undefined {
  for (const { machineId, stepId } of plan.needs) {
    const machine = state.machines.get(machineId)
    if (machine && isOver(machine.state) && !isWell(stepState(machine, stepId))) return machine
  }
  return undefined
}

const stepState = ({ plan, steps }: MachineState, stepId: string) => steps[plan.steps.findIndex(({ id }) => id === stepId)]?.state

function mayBegin(state: OperationState, { needs, after }: StepPlan): boolean {
  const hasNeeds = needs.every(({ machineId, stepId }) => {
    const machine = state.machines.get(machineId)
    return machine === undefined || isWell(stepState(machine, stepId)) // what is not part of this operation was there before
  })
  return hasNeeds && after.every((machineId) => isOver(state.machines.get(machineId)?.state ?? 'done'))
}

function beginReady(state: OperationState, nowMs: number): Command[] {
  const commands: Command[] = []
  const dry = new Set<string>() // who begins only takes away: where one got no source, the next of its kind gets none either
  let running = [...state.machines.values()].filter(({ inFlight }) => inFlight).length
  for (const machine of state.machines.values()) {
    if (running >= state.limits.machinesAtOnce) break
    const next = nextStep(machine)
    if (!next || !mayBegin(state, next.plan)) continue
    const kind = `${machine.plan.archive} ${machine.mustUpload}`
    const source = next.plan.kind !== 'transfer' ? null : dry.has(kind) ? undefined : chooseSource(state, machine)
    if (source === undefined) {
      dry.add(kind)
      continue
    }
    const { machineId } = machine.plan
    machine.attempt++
    machine.inFlight = { stepIndex: next.index, attempt: machine.attempt, source }
    machine.state = 'running'
    Object.assign(next.run, { state: 'running', startedAtMs: next.run.startedAtMs ?? nowMs })
    running++
    commands.push({ do: 'run-step', machineId, stepId: next.plan.id, attempt: machine.attempt, source })
  }
  return commands
}

/** Where all is over and nobody will fetch from. */
function releaseIdle(state: OperationState): Command[] {
  return [...state.machines.values()].flatMap((machine): Command[] => {
    if (machine.isReleased || machine.inFlight || !isOver(machine.state)) return []
    if (machine.serves !== 'no' && isAwaited(state, machine.plan.archive)) return []
    machine.isReleased = true
    return [{ do: 'release-machine', machineId: machine.plan.machineId }]
  })
}

const isAwaited = (state: OperationState, archive: string): boolean =>
  [...state.machines.values()].some(
    ({ plan, state: reached, steps }) =>
      plan.archive === archive &&
      !isOver(reached) &&
      plan.steps.some(({ kind }, index) => kind === 'transfer' && !isWell(steps[index]?.state)),
  )

function maybeEnd(state: OperationState, nowMs: number): Command[] {
  const machines = [...state.machines.values()]
  if (machines.some(({ state: reached, inFlight }) => !isOver(reached) || inFlight)) return []
  const well = machines.filter(({ state: reached }) => isWell(reached)).length
  const isAll = well === machines.length
  state.phase = isAll ? 'done' : state.isCancelled ? 'cancelled' : well > 0 ? 'partly-done' : endOfNone(machines)
  state.endedAtMs = nowMs
  return [{ do: 'end-operation' }]
}

const endOfNone = (machines: readonly MachineState[]) =>
  machines.every(({ state }) => state === 'cancelled') ? ('cancelled' as const) : ('failed' as const)

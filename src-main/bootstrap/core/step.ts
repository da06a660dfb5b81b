import type { Failure } from '../../contract/operations.ts'
import { schedule } from './schedule.ts'
import {
  type Command,
  freshStep,
  isOver,
  isWell,
  longestLog,
  type MachineState,
  type OperationEvent,
  type OperationState,
  type Outcome,
  type StepRun,
} from './state.ts'

/** All decisions of an operation. Changes `state`, returns what the shell must do. Same inputs, same outputs. */
export function step(state: OperationState, event: OperationEvent): Command[] {
  const commands = decide(state, event)
  if (event.type === 'step.progressed' || event.type === 'step.said') return commands // frequent, and they free nothing
  return [...commands, ...schedule(state, event.nowMs)]
}

function decide(state: OperationState, event: OperationEvent): Command[] {
  switch (event.type) {
    case 'operation.begun':
      return []
    case 'step.progressed': {
      const run = runningStep(state, event)
      if (run) run.progress = event.progress
      return []
    }
    case 'step.said': {
      const run = runningStep(state, event)
      if (run) run.log = (run.log + event.text).slice(-longestLog)
      return []
    }
    case 'step.ended':
      return endStep(state, event)
    case 'link.lost':
      return loseLink(state, event)
    case 'cancel.asked':
      return cancel(state, event)
    case 'retry.asked':
      retry(state, event.machineId)
      return []
  }
}

/** The step that this attempt is about, while it counts as running. */
function runningStep(state: OperationState, { machineId, attempt }: { machineId: string; attempt: number }): StepRun | undefined {
  const machine = state.machines.get(machineId)
  if (machine?.inFlight?.attempt !== attempt) return undefined
  const run = machine.steps[machine.inFlight.stepIndex]
  return run?.state === 'running' ? run : undefined
}

type Ended = { readonly machineId: string; readonly attempt: number; readonly outcome: Outcome; readonly nowMs: number }

function endStep(state: OperationState, { machineId, attempt, outcome, nowMs }: Ended): Command[] {
  const machine = state.machines.get(machineId)
  const { inFlight } = machine ?? {}
  if (!machine || !inFlight || inFlight.attempt !== attempt) return [] // late, or told twice
  const run = machine.steps[inFlight.stepIndex]
  const kind = machine.plan.steps[inFlight.stepIndex]?.kind
  machine.inFlight = null
  if (run?.state !== 'running') return [] // cancelled, or its link was lost: that was its end
  if (outcome.kind === 'not-fetched') {
    countBadFetch(state, machine, inFlight.source)
    Object.assign(run, { state: 'waiting', progress: null, note: outcome.why.slice(0, 1_024) })
    return []
  }
  if (outcome.kind === 'failed') {
    failMachine(machine, run, { failure: outcome.failure, nowMs })
    return []
  }
  if (inFlight.source !== null && inFlight.source !== 'here') state.fetches.good++
  const note = [run.note, outcome.note].filter((text) => text !== null).join('; ')
  Object.assign(run, { state: outcome.kind, endedAtMs: nowMs, note: note === '' ? null : note.slice(0, 1_024) })
  if (kind === 'transfer') machine.serves = outcome.kind === 'done' ? 'soon' : 'no'
  if (kind === 'unpack' && machine.serves === 'soon') machine.serves = 'yes'
  machine.state = machine.steps.every((each) => isWell(each.state)) ? 'done' : 'running'
  return []
}

function countBadFetch(state: OperationState, machine: MachineState, source: { peer: string } | 'here' | null): void {
  machine.mustUpload = true
  state.fetches.bad++
  const peer = source === null || source === 'here' ? undefined : state.machines.get(source.peer)
  if (peer) peer.failedFetches++
}

function failMachine(machine: MachineState, run: StepRun, { failure, nowMs }: { failure: Failure; nowMs: number }): void {
  Object.assign(run, { state: 'failed', endedAtMs: nowMs })
  machine.state = 'failed'
  machine.failure = failure
  machine.serves = 'no'
}

function loseLink(state: OperationState, { machineId, failure, nowMs }: { machineId: string; failure: Failure; nowMs: number }): Command[] {
  const machine = state.machines.get(machineId)
  if (!machine) return []
  machine.serves = 'no'
  const run = machine.inFlight ? machine.steps[machine.inFlight.stepIndex] : undefined
  if (!machine.inFlight || run?.state !== 'running') return [] // nothing ran there: the next step connects anew
  failMachine(machine, run, { failure, nowMs })
  return [{ do: 'abort-step', machineId, attempt: machine.inFlight.attempt }]
}

function cancel(state: OperationState, { machineId, nowMs }: { machineId: string | null; nowMs: number }): Command[] {
  if (machineId === null && state.phase === 'running') state.isCancelled = true
  return chosen(state, machineId).flatMap((machine): Command[] => {
    if (isOver(machine.state)) return []
    for (const run of machine.steps) {
      if (run.state === 'running') run.endedAtMs = nowMs
      if (!isOver(run.state)) run.state = 'cancelled'
    }
    machine.state = 'cancelled'
    machine.serves = 'no'
    return machine.inFlight ? [{ do: 'abort-step', machineId: machine.plan.machineId, attempt: machine.inFlight.attempt }] : []
  })
}

/** From the first step on: each finds what is there already and leaves it. Who waited for one of them goes on too. */
function retry(state: OperationState, machineId: string | null): void {
  const again = new Set(chosen(state, machineId).filter((machine) => machine.state === 'failed' || machine.state === 'cancelled'))
  for (const machine of state.machines.values()) {
    const waitsFor = machine.plan.steps.flatMap(({ needs }) => needs.map((need) => state.machines.get(need.machineId)))
    const wasWaiting = machine.failure?.code === 'bootstrap.waiting'
    if (wasWaiting && waitsFor.some((other) => other !== undefined && again.has(other))) again.add(machine)
  }
  if (again.size > 0 || state.phase === 'interrupted') {
    state.phase = 'running'
    state.endedAtMs = null
    state.isCancelled = false
  }
  for (const machine of again) {
    machine.steps.splice(0, machine.steps.length, ...machine.plan.steps.map(freshStep))
    Object.assign(machine, { state: 'waiting', failure: null, serves: 'no', isReleased: false })
  }
}

function chosen(state: OperationState, machineId: string | null): MachineState[] {
  if (machineId === null) return [...state.machines.values()]
  const machine = state.machines.get(machineId)
  return machine ? [machine] : []
}

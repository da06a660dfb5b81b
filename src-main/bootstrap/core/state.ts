import type { Failure, Operation, StepState } from '../../contract/operations.ts'

/** A step of another machine. */
export type StepRef = { readonly machineId: string; readonly stepId: string }

export type StepPlan = {
  readonly id: string
  readonly title: string
  /** What is run there, for people; null for what runs nothing. */
  readonly command: string | null
  /** Steps of other machines that must be done. When the machine of one of them ended otherwise, this one is not begun and its machine fails. */
  readonly needs: readonly StepRef[]
  /** Machines that must have ended, well or not. */
  readonly after: readonly string[]
  /** `transfer` brings the archive there, from here or from a peer; after the `unpack` that follows it the machine can serve others. */
  readonly kind: 'plain' | 'transfer' | 'unpack'
}

export type MachinePlan = {
  readonly machineId: string
  readonly name: string
  readonly role: 'head' | 'worker' | 'none'
  /** Machines with the same archive; only those can be peers. */
  readonly archive: string
  readonly steps: readonly StepPlan[]
}

export type Limits = {
  /** Machines with a step that runs. */
  readonly machinesAtOnce: number
  /** Transfers from this computer. */
  readonly uploadsAtOnce: number
  /** Transfers that one machine serves. */
  readonly fetchesPerPeer: number
  /** From so many machines on, the archive is passed on from machine to machine. */
  readonly peersFrom: number
  /** So many get it from here before the others fetch from them. */
  readonly seeds: number
}

export const usualLimits: Limits = { machinesAtOnce: 12, uploadsAtOnce: 4, fetchesPerPeer: 3, peersFrom: 10, seeds: 4 }

/** Where a transfer comes from: this computer, or the machine of that id. */
export type Source = 'here' | { readonly peer: string }

export type StepRun = {
  state: StepState
  startedAtMs: number | null
  endedAtMs: number | null
  progress: { done: number; total: number; unit: 'bytes' | 'items' } | null
  log: string
  note: string | null
}

export type MachineState = {
  readonly plan: MachinePlan
  readonly steps: StepRun[]
  state: StepState
  failure: Failure | null
  /** Grows with every step that is begun on it; an outcome of an older one is late and changes nothing. */
  attempt: number
  /** What was ordered and has not been answered. It may outlive its step, which a person cancelled or a lost link ended. */
  inFlight: { readonly stepIndex: number; readonly attempt: number; readonly source: Source | null } | null
  /** `soon`: the archive is there and is being unpacked. */
  serves: 'no' | 'soon' | 'yes'
  /** Fetches from it that went wrong. */
  failedFetches: number
  /** A fetch went wrong here: the next try comes from this computer. */
  mustUpload: boolean
  /** Its connection is not needed any more. */
  isReleased: boolean
}

export type OperationState = {
  readonly head: Omit<Operation, 'state' | 'endedAtMs' | 'machines' | 'failure'>
  readonly limits: Limits
  /** In the order in which they are begun: heads first. */
  readonly machines: Map<string, MachineState>
  phase: Operation['state']
  endedAtMs: number | null
  isCancelled: boolean
  /** Fetches that went well and wrong, over all machines: where none goes well, the machines cannot reach each other. */
  fetches: { good: number; bad: number }
}

/** What happened. Outcomes may come late or twice: `attempt` tells. */
export type OperationEvent = { readonly nowMs: number } & (
  | { readonly type: 'operation.begun' }
  | { readonly type: 'step.progressed'; readonly machineId: string; readonly attempt: number; readonly progress: StepRun['progress'] }
  | { readonly type: 'step.said'; readonly machineId: string; readonly attempt: number; readonly text: string }
  | { readonly type: 'step.ended'; readonly machineId: string; readonly attempt: number; readonly outcome: Outcome }
  | { readonly type: 'link.lost'; readonly machineId: string; readonly failure: Failure }
  | { readonly type: 'cancel.asked'; readonly machineId: string | null }
  | { readonly type: 'retry.asked'; readonly machineId: string | null }
)

export type Outcome =
  | { readonly kind: 'done' | 'skipped'; readonly note: string | null }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** The peer did not deliver; this computer will. */
  | { readonly kind: 'not-fetched'; readonly why: string }

export type Command =
  | {
      readonly do: 'run-step'
      readonly machineId: string
      readonly stepId: string
      readonly attempt: number
      readonly source: Source | null
    }
  /** Its outcome is awaited all the same. */
  | { readonly do: 'abort-step'; readonly machineId: string; readonly attempt: number }
  /** Nothing more is done there, nor fetched from there. */
  | { readonly do: 'release-machine'; readonly machineId: string }
  | { readonly do: 'end-operation' }

export const longestLog = 65_536

export function createState(head: OperationState['head'], plans: readonly MachinePlan[], limits: Limits = usualLimits): OperationState {
  const machines = plans.map((plan): [string, MachineState] => [
    plan.machineId,
    {
      plan,
      steps: plan.steps.map(freshStep),
      state: 'waiting',
      failure: null,
      attempt: 0,
      inFlight: null,
      serves: 'no',
      failedFetches: 0,
      mustUpload: false,
      isReleased: false,
    },
  ])
  return {
    head,
    limits,
    machines: new Map(machines),
    phase: 'running',
    endedAtMs: null,
    isCancelled: false,
    fetches: { good: 0, bad: 0 },
  }
}

export const freshStep = (): StepRun => ({
  state: 'waiting',
  startedAtMs: null,
  endedAtMs: null,
  progress: null,
  log: '',
  note: null,
})

export const isOver = (state: StepState): boolean => state !== 'waiting' && state !== 'running'
export const isWell = (state: StepState | undefined): boolean => state === 'done' || state === 'skipped'

/** The operation as others see it; a copy that stays as it is. */
export function operationOf(state: OperationState): Operation {
  const machines = [...state.machines.values()].map(({ plan, steps, state: reached, failure }) => ({
    machineId: plan.machineId,
    name: plan.name,
    role: plan.role,
    state: reached,
    steps: plan.steps.map(({ id, title, command }, index) => ({ id, title, command, ...(steps[index] ?? freshStep()) })),
    failure,
  }))
  const failure = machines.find((machine) => machine.failure !== null && machine.failure.code !== 'bootstrap.waiting')?.failure ?? null
  return { ...state.head, state: state.phase, endedAtMs: state.endedAtMs, machines, failure }
}

import { isOver, type MachineState, type OperationState, type Source } from './state.ts'

/** So many fetches that went wrong, and none that went well, say that the machines cannot reach each other. */
const hopelessFetches = 3
/** A machine that let down so many is not asked again. */
const badPeer = 2

/**
 * Where a machine gets the archive from now; undefined: it waits. The first few get it from this computer, whose line is thin and
 * shared by all; the others from those, and each that has it serves in turn, so their number doubles.
 */
export function chooseSource(state: OperationState, machine: MachineState): Source | undefined {
  const { limits } = state
  const inFlight = [...state.machines.values()].flatMap((each) => (each.inFlight?.source ? [each] : []))
  const uploads = inFlight.filter((each) => each.inFlight?.source === 'here')
  const kept = uploads.length + placesKept(state, machine)
  const canUpload = kept < limits.uploadsAtOnce
  const kin = [...state.machines.values()].filter(({ plan }) => plan.archive === machine.plan.archive)
  const usesPeers = !machine.mustUpload && kin.length >= limits.peersFrom && !areHopeless(state)
  if (!usesPeers) return canUpload ? 'here' : undefined
  const able = kin.filter((each) => each !== machine && each.serves !== 'no' && each.failedFetches < badPeer)
  const free = able.find((each) => each.serves === 'yes' && servedBy(inFlight, each) < limits.fetchesPerPeer)
  if (free) return { peer: free.plan.machineId }
  const seedsComing = uploads.filter((each) => each.plan.archive === machine.plan.archive && !isOver(each.state)).length
  return canUpload && able.length + seedsComing + placesKept(state, machine) < limits.seeds ? 'here' : undefined
}

/** One for the head, whom all others wait for: it does not queue behind them. */
function placesKept(state: OperationState, machine: MachineState): number {
  const heads = [...state.machines.values()].filter((each) => each.plan.role === 'head' && each !== machine)
  const isWaiting = ({ plan, steps, state: reached, inFlight }: MachineState) =>
    !isOver(reached) && !inFlight?.source && plan.steps.some(({ kind }, index) => kind === 'transfer' && steps[index]?.state === 'waiting')
  return heads.some(isWaiting) ? 1 : 0
}

const areHopeless = ({ fetches }: OperationState): boolean => fetches.good === 0 && fetches.bad >= hopelessFetches

function servedBy(inFlight: readonly MachineState[], peer: MachineState): number {
  return inFlight.filter(({ inFlight: order }) => {
    const source = order?.source
    return source !== null && source !== undefined && source !== 'here' && source.peer === peer.plan.machineId
  }).length
}

import { backoffMs } from '../../base/random.ts'
import type { WorkerId } from '../../base/ids.ts'
import { newWorkerId } from '../../base/ids.ts'
import type { WorkerExit } from '../../protocol/failures.ts'
import { construct, failPlacedActor, loseActor } from './actors.ts'
import type { Turn } from './events.ts'
import { releaseAllocation } from './holdings.ts'
import { buryOwner, grant, loseLease } from './leases.ts'
import type { AgentState, Worker } from './state.ts'
import { askToLeave, endWorker, makeIdle, removeIdle, retire, takeIdle, unblock } from './worker-orders.ts'
import { refuse } from './wishes.ts'

/** So many processes in a row that end before they are ready: what waits for one fails, and says why. */
const maxStartFailures = 5
/** One that says it leaves has this long to write out what it has. */
const leavingByItselfMs = 30_000

/** Gives workers to who has resources, and starts processes for the rest. */
export function serveStarts(turn: Turn): void {
  const { state } = turn
  const unserved: AgentState['starts'] = []
  for (const start of state.starts) {
    if (start.kind === 'wish' ? start.wish.gone || start.wish.allocation === null : state.actors.get(start.actor.actorId) !== start.actor)
      continue
    const worker = takeIdle(state, start.kind === 'wish' ? start.wish.jobId : start.actor.spec.jobId)
    if (!worker) unserved.push(start)
    else if (start.kind === 'wish') grant(turn, start.wish, worker)
    else construct(turn, start.actor, worker)
  }
  state.starts = unserved
  spawnMissing(turn)
}

/** Processes for who waits, and to keep the pool at its size. */
function spawnMissing(turn: Turn): void {
  const { state } = turn
  if (turn.nowMs < state.spawnNotBeforeMs || state.left) return
  const spare = state.draining ? 0 : Math.max(0, state.config.preforkWorkers - taskWorkers(state))
  const missing = Math.max(state.starts.length - state.startingCount, Math.min(spare, state.config.preforkWorkers - state.startingCount))
  for (let count = 0; count < missing && state.startingCount < state.config.maxStartingWorkers; count += 1) {
    const workerId = newWorkerId(state.config.randomHex)
    const phase = { kind: 'starting', sinceMs: turn.nowMs } as const
    state.workers.set(workerId, { workerId, phase, address: null, jobId: null, blocked: false, owns: false, ending: null })
    state.startingCount += 1
    turn.out.push({ do: 'spawn-worker', workerId })
  }
}

export function onWorkerReady(turn: Turn, workerId: WorkerId, socketPath: string): void {
  const { state } = turn
  const worker = state.workers.get(workerId)
  if (worker?.phase.kind !== 'starting') return
  state.startingCount -= 1
  state.startFailures = 0
  const { nodeId, agentAddress } = state.config
  worker.address = { workerId, nodeId, socketPath, agentAddress }
  if (worker.ending) retire(worker, null)
  else makeIdle(turn, worker)
  state.reportDue = true
}

/** It ends by itself soon: nothing new goes to it. */
export function onWorkerLeaving(turn: Turn, workerId: WorkerId, reason: string): void {
  const worker = turn.state.workers.get(workerId)
  if (!worker || worker.ending) return
  if (worker.phase.kind === 'idle') {
    removeIdle(turn.state, worker)
    retire(worker, null)
  }
  worker.ending = { reason, deadlineMs: turn.nowMs + leavingByItselfMs, forced: false }
}

/** Its process is gone, and with it what it owned. */
export function onWorkerExited(turn: Turn, workerId: WorkerId, seen: WorkerExit): void {
  const { state } = turn
  const worker = state.workers.get(workerId)
  if (!worker) return
  const memory = worker.endedForMemory && { memory: worker.endedForMemory }
  const exit: WorkerExit = { ...seen, reason: worker.ending?.reason ?? seen.reason, ...memory }
  const { phase } = worker
  unblock(state, worker)
  state.workers.delete(workerId)
  state.reportDue = true
  switch (phase.kind) {
    case 'starting':
      onStartFailed(turn, worker, exit)
      break
    case 'idle':
      removeIdle(state, worker)
      break
    case 'leased': {
      const lease = state.leases.get(phase.leaseId)
      if (lease) loseLease(turn, lease, exit)
      break
    }
    case 'actor': {
      const actor = state.actors.get(phase.actorId)
      const leftByItself = worker.ending !== null && !worker.ending.forced
      if (actor) loseActor(turn, actor, { exit, leftByItself })
      break
    }
    case 'leaving':
      if (phase.kept) releaseAllocation(turn, phase.kept)
      break
  }
  buryOwner(turn, workerId)
  turn.out.push({ do: 'tell-head', message: { type: 'clients.gone', nodeId: state.config.nodeId, workerIds: [workerId] } })
}

/** Ends workers that are past a deadline, and idle ones that the pool does not need. */
export function sweepWorkers(turn: Turn): void {
  const { state } = turn
  const { workerStartMs, idleWorkerMs, preforkWorkers } = state.config
  let surplus = state.draining ? Number.POSITIVE_INFINITY : taskWorkers(state) - preforkWorkers
  for (const worker of state.workers.values()) {
    const { ending, phase } = worker
    if (ending && !ending.forced && ending.deadlineMs !== null && turn.nowMs >= ending.deadlineMs) endWorker(turn, worker, ending.reason)
    else if (phase.kind === 'starting' && turn.nowMs - phase.sinceMs >= workerStartMs) endWorker(turn, worker, 'start-timed-out')
    else if (phase.kind === 'idle' && !worker.owns && surplus > 0 && turn.nowMs - phase.sinceMs >= idleWorkerMs) {
      surplus -= 1
      removeIdle(state, worker)
      retire(worker, null)
      askToLeave(turn, worker, { graceful: false, reason: 'idle' })
    }
  }
}

/** What may run again goes before what may not, and of these the newest: it loses the least (Ray: its policy by time). */
export function onMemoryShort(turn: Turn, { usedBytes, totalBytes }: { usedBytes: number; totalBytes: number }): void {
  const { state } = turn
  let victim: ({ worker: Worker } & Candidate) | undefined
  for (const worker of state.workers.values()) {
    if (worker.ending?.reason === 'out-of-memory') return // its memory comes back soon
    const candidate = rankForEnding(state, worker)
    if (!candidate || worker.ending?.forced) continue
    const goesBefore = !victim || (candidate.retriable === victim.retriable ? candidate.order > victim.order : candidate.retriable)
    if (goesBefore) victim = { worker, ...candidate }
  }
  if (!victim) return
  victim.worker.endedForMemory = { usedBytes, totalBytes }
  endWorker(turn, victim.worker, 'out-of-memory')
}

type Candidate = { readonly retriable: boolean; readonly order: number }

function rankForEnding(state: AgentState, worker: Worker): Candidate | undefined {
  switch (worker.phase.kind) {
    case 'leased': {
      const lease = state.leases.get(worker.phase.leaseId)
      return { retriable: lease?.retriable ?? false, order: lease?.order ?? 0 }
    }
    case 'actor': {
      const actor = state.actors.get(worker.phase.actorId)
      return { retriable: actor?.spec.maxRestarts !== 0, order: actor?.order ?? 0 }
    }
    case 'starting':
    case 'idle':
    case 'leaving':
      return undefined
  }
}

/** Processes that serve tasks, are about to, or wait to. */
export function taskWorkers(state: AgentState): number {
  let idle = 0
  for (const stack of state.idle.values()) idle += stack.length
  return idle + state.startingCount + state.leases.size - state.blockedLeases
}

function onStartFailed(turn: Turn, worker: Worker, exit: WorkerExit): void {
  const { state } = turn
  state.startingCount -= 1
  if (worker.ending && worker.ending.reason !== 'start-timed-out') return
  state.startFailures += 1
  state.spawnNotBeforeMs = turn.nowMs + backoffMs(state.startFailures, { baseMs: 50, maxMs: 10_000 }, state.config.random)
  const how = exit.signal === null ? `exit code ${exit.exitCode}` : `signal ${exit.signal}`
  state.lastStartFailure = `${how}; its last lines: ${exit.lastLines.join(' | ').slice(0, 1_000) || 'none'}`
  if (state.startFailures < maxStartFailures) return
  state.startFailures = 0
  const message = `node ${state.config.nodeId.slice(0, 12)} could not start a worker process ${maxStartFailures} times in a row (${state.lastStartFailure}). See the worker logs of that node.`
  for (const start of state.starts.splice(0)) {
    if (start.kind === 'actor') failPlacedActor(turn, start.actor, message)
    else if (!start.wish.gone) refuse(turn, start.wish, { code: 'worker.crashed', message })
  }
}

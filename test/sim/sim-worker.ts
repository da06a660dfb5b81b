import type { ActorSpec } from '#runtime/protocol/actors.ts'
import type { TaskOutcome, TaskResult } from '#runtime/protocol/tasks.ts'
import type { AgentToClient, ClientToAgent, Job, OwnerToWorker, WorkerToOwner } from './messages.ts'
import type { Port } from './network.ts'
import { bytesOf, mix, numberOf, type TaskPlan } from './plans.ts'
import type { SimAgent } from './sim-agent.ts'
import { SimOwner } from './sim-owner.ts'
import type { Host, SimTask } from './sim-task.ts'
import type { World } from './world.ts'

type Run = { readonly port: Port; readonly job: Job; children: SimTask[] }
type Actor = { readonly spec: ActorSpec; readonly restarts: number; isBuilt: boolean; isDraining: boolean }

/** A worker's process: runs plans for virtual time, one after another, as the real one runs functions. */
export class SimWorker {
  readonly #world: World
  readonly agent: SimAgent
  readonly workerId: string
  readonly place: string
  isAlive = true
  isReady = false
  #agentPort: Port | undefined
  readonly #ports = new Set<Port>()
  #host: Host | undefined
  owner: SimOwner | undefined
  #leaseId: string | undefined
  #jobId = ''
  readonly #pastLeases = new Set<string>()
  #early: { port: Port; leaseId: string; jobs: readonly Job[] }[] = []
  #lane: Run[] = []
  #running: Run | null = null
  #isBlocked = false
  actor: Actor | null = null

  constructor(world: World, agent: SimAgent, workerId: string) {
    this.#world = world
    this.agent = agent
    this.workerId = workerId
    this.place = agent.place
    const fails = world.random() < world.settings.startFailChance
    world.scheduler.after(world.settings.startMs * (0.5 + world.random()), () => (fails ? this.die() : this.#connect()))
  }

  #connect(): void {
    if (!this.isAlive) return
    const [near, far] = this.#world.network.connect(this.place, this.place)
    this.#agentPort = near
    this.agent.acceptClient(this.workerId, far, false)
    near.onMessage = (message: AgentToClient) => this.#onAgent(message)
    near.onClosed = () => this.die()
    this.isReady = true
    this.#tell({ kind: 'ready' })
  }

  die(): void {
    if (!this.isAlive) return
    this.isAlive = false
    if (this.#host) this.#host.isAlive = false
    this.#agentPort?.close()
    for (const port of this.#ports) port.close()
    this.owner?.closeAll()
    this.#world.workers.delete(this.workerId)
    if (this.agent.isAlive) this.agent.workerEnded(this)
  }

  /** An owner dialed. */
  accept(port: Port): void {
    this.#ports.add(port)
    port.onMessage = (message: OwnerToWorker) => this.#onOwner(port, message)
    port.onClosed = () => {
      this.#ports.delete(port)
      this.#lane = this.#lane.filter((run) => run.port !== port)
      this.#early = this.#early.filter((early) => early.port !== port)
    }
  }

  #tell(message: ClientToAgent): void {
    this.#agentPort?.send(message)
  }

  #onAgent(message: AgentToClient): void {
    if (!this.isAlive) return
    if (message.kind !== 'order') return this.owner?.onAgentMessage(message)
    const { command } = message
    if (command.do === 'assign-worker') return this.#assign(command.message.leaseId, command.message.jobId)
    if (command.do === 'construct-actor') return this.#construct(command.message.spec, command.message.restarts)
    if (!command.graceful) return this.die()
    if (this.actor) this.actor.isDraining = true
    this.#next()
  }

  #onOwner(port: Port, message: OwnerToWorker): void {
    if (!this.isAlive) return
    if (message.kind === 'cancel') return this.#cancel(message.taskId)
    if (message.kind === 'push') return this.#push(port, message.leaseId, message.jobs)
    if (this.actor?.spec.actorId !== message.actorId) {
      for (const job of message.jobs) this.#refuse(port, job, 'actor.unavailable')
    } else if (this.actor.isDraining) this.#giveBack(port, message.jobs, true)
    else this.#queue(port, message.jobs)
  }

  // --- plain tasks

  #push(port: Port, leaseId: string, jobs: readonly Job[]): void {
    if (this.#pastLeases.has(leaseId)) return this.#giveBack(port, jobs, true)
    if (leaseId !== this.#leaseId) return void this.#early.push({ port, leaseId, jobs })
    if (this.#isBlocked) return this.#giveBack(port, jobs, false)
    this.#queue(port, jobs)
  }

  #assign(leaseId: string, jobId: string): void {
    if (leaseId === this.#leaseId) return
    if (this.#leaseId !== undefined) this.#pastLeases.add(this.#leaseId)
    this.#giveBackLane(true)
    this.#leaseId = leaseId
    this.#jobId = jobId
    for (const early of this.#early.splice(0)) this.#push(early.port, early.leaseId, early.jobs)
  }

  #queue(port: Port, jobs: readonly Job[]): void {
    for (const job of jobs) this.#lane.push({ port, job, children: [] })
    this.#next()
  }

  #giveBackLane(leaving: boolean): void {
    for (const { port, job } of this.#lane.splice(0)) this.#giveBack(port, [job], leaving)
  }

  #giveBack(port: Port, jobs: readonly Job[], leaving: boolean): void {
    port.send({ kind: 'returned', taskIds: jobs.map(({ taskId }) => taskId), leaving } satisfies WorkerToOwner)
  }

  #refuse(port: Port, { taskId, attempt }: Job, code: 'actor.unavailable' | 'actor.died' | 'task.cancelled'): void {
    const outcome: TaskOutcome = { kind: 'failed', failure: { code, message: code, details: {} } }
    port.send({ kind: 'ended', taskId, attempt, outcome, runMs: 0 } satisfies WorkerToOwner)
  }

  #cancel(taskId: string): void {
    const waiting = this.#lane.find((run) => run.job.taskId === taskId)
    if (waiting) {
      this.#lane = this.#lane.filter((run) => run !== waiting)
      return this.#refuse(waiting.port, waiting.job, 'task.cancelled')
    }
    const run = this.#running
    if (run?.job.taskId !== taskId || run.job.plan.kind === 'call') return
    for (const child of run.children) this.owner?.cancel(child, false)
    this.#end(run, { kind: 'failed', failure: { code: 'task.cancelled', message: 'cancelled', details: {} } })
  }

  // --- running

  #next(): void {
    if (this.#running || !this.isAlive) return
    const isHeld = this.actor !== null && !this.actor.isBuilt
    const run = isHeld ? undefined : this.#lane.shift()
    if (run) return this.#run(run)
    if (this.actor?.isDraining && this.actor.isBuilt) this.die()
  }

  #run(run: Run): void {
    this.#running = run
    const { job } = run
    const { plan } = job
    const values: number[] = []
    for (const { objectId, result } of job.args) {
      const value = this.#read(objectId, result)
      if (value === undefined)
        return this.#end(run, { kind: 'failed', failure: { code: 'object.lost', message: 'lost', details: { objectId } } })
      values.push(value)
    }
    this.#world.checks.started(job, this, run.port.id)
    const half = (plan.runMs / 2) * (0.5 + this.#world.random())
    this.#later(run, half, () => {
      if (plan.kind === 'call') return this.#later(run, half, () => this.#finishCall(run, values))
      if (job.attempt < plan.crashesFor) return this.die()
      if (plan.children.length === 0) return this.#later(run, half, () => this.#finishTask(run, plan, values))
      this.#runChildren(run, plan, () => this.#later(run, half, () => this.#finishTask(run, plan, values)))
    })
  }

  #later(run: Run, delayMs: number, go: () => void): void {
    this.#world.scheduler.after(delayMs, () => {
      if (this.isAlive && this.#running === run) go()
    })
  }

  #read(objectId: string, { place }: TaskResult): number | undefined {
    if (place.kind === 'inline') return numberOf(place.bytes)
    for (const { nodeId } of place.copies) {
      const value = this.#world.readStored(this.place, nodeId, objectId)
      if (value !== undefined) return value
    }
    return undefined
  }

  #runChildren(run: Run, plan: TaskPlan, done: () => void): void {
    const owner = this.#ownerOf()
    run.children = plan.children.map((child) => owner.submit(child))
    this.#setBlocked(true)
    let left = run.children.length
    for (const child of run.children) {
      owner.whenSettled(child, () => {
        left -= 1
        if (left > 0 || this.#running !== run || !this.isAlive) return
        this.#setBlocked(false)
        done()
      })
    }
  }

  #ownerOf(): SimOwner {
    const port = this.#agentPort
    if (!port) throw new Error('a worker runs without an agent')
    const address = { workerId: this.workerId, nodeId: this.agent.nodeId, socketPath: '/s/w.sock', agentAddress: `${this.place}:7000` }
    this.#host ??= { address, place: this.place, agent: port, isAlive: true }
    this.owner ??= this.#world.addOwner(new SimOwner(this.#world, this.#host, this.#jobId))
    return this.owner
  }

  #setBlocked(isBlocked: boolean): void {
    this.#isBlocked = isBlocked
    this.#tell({ kind: isBlocked ? 'blocked' : 'unblocked' })
    if (isBlocked) this.#giveBackLane(false)
  }

  #finishTask(run: Run, plan: TaskPlan, values: readonly number[]): void {
    const { taskId, attempt } = run.job
    const isBroken = run.children.some(({ status }) => status === 'failed')
    for (let index = 0; index < plan.items; index += 1)
      run.port.send({
        kind: 'yielded',
        taskId,
        attempt,
        index,
        result: { place: { kind: 'inline', bytes: bytesOf(index) }, nested: [] },
      } satisfies WorkerToOwner)
    if (isBroken || attempt < plan.throwsFor) {
      const classNames = [isBroken ? 'ChildFailed' : 'Planned', 'Error']
      return this.#end(run, { kind: 'threw', error: { bytes: new Uint8Array(), classNames } })
    }
    const children = run.children.map(({ objectId, result }) => (result ? (this.#read(objectId, result) ?? 0) : 0))
    this.#end(run, this.#resultOf(run.job, mix(plan.seed, ...values, ...children), plan.isStored))
  }

  #resultOf({ taskId }: Job, value: number, isStored: boolean): TaskOutcome {
    if (!isStored) return { kind: 'done', results: [{ place: { kind: 'inline', bytes: bytesOf(value) }, nested: [] }] }
    this.agent.stored.set(`${taskId}01000000`, value)
    const copies = [{ nodeId: this.agent.nodeId, agentAddress: `${this.place}:7000` }]
    return { kind: 'done', results: [{ place: { kind: 'stored', copies, sizeBytes: 4 }, nested: [] }] }
  }

  #end(run: Run, outcome: TaskOutcome): void {
    if (this.#isBlocked) this.#setBlocked(false)
    const { taskId, attempt, plan } = run.job
    run.port.send({ kind: 'ended', taskId, attempt, outcome, runMs: plan.runMs } satisfies WorkerToOwner)
    this.#running = null
    this.#next()
  }

  // --- an actor

  #construct(spec: ActorSpec, restarts: number): void {
    if (this.actor) return
    this.actor = { spec, restarts, isBuilt: false, isDraining: false }
    this.#jobId = spec.jobId
    this.#world.checks.actorBuilt(spec.actorId, restarts, this)
    this.#world.scheduler.after(this.#world.settings.startMs * this.#world.random(), () => {
      if (!this.isAlive || !this.actor) return
      if (spec.className === 'Crashing' && restarts === 0) return this.die()
      const threw = spec.className === 'Throwing'
      this.actor.isBuilt = !threw
      this.#tell({ kind: 'constructed', actorId: spec.actorId, restarts, threw })
      this.#next()
    })
  }

  #finishCall(run: Run, values: readonly number[]): void {
    const { plan } = run.job
    if (plan.kind !== 'call') return
    if (plan.does === 'crash' && run.job.attempt === 0) return this.die()
    if (plan.does !== 'exit') return this.#end(run, this.#resultOf(run.job, mix(plan.seed, ...values), false))
    this.#tell({ kind: 'leaving' })
    for (const { port, job } of [run, ...this.#lane]) this.#refuse(port, job, 'actor.died')
    this.die()
  }
}

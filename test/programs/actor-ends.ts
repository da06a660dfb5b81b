import assert from 'node:assert/strict'
import * as shoal from 'shoal'
import { check, finish, ownCluster, rejection, until } from '../support/checks.ts'

await shoal.init(ownCluster({ numCpus: 2 }))

await check('a constructor that throws fails every call with ActorDiedError, whose cause is its error', async () => {
  class BadStart extends Error {}
  class Broken {
    constructor() {
      throw new BadStart('no such table')
    }
    run(): number {
      return 1
    }
  }
  const broken = shoal.actor(Broken).remote()
  const calls = [broken.run.remote(), broken.run.remote()]
  for (const call of calls) {
    const error = await rejection(shoal.get(call))
    assert(error instanceof shoal.ActorDiedError, error.name)
    assert(error.cause instanceof Error)
    assert.match(error.cause.message, /no such table/)
    assert(error.cause instanceof BadStart)
  }
  assert((await rejection(shoal.get(broken.run.remote()))) instanceof shoal.ActorDiedError)
})

await check('an argument of the constructor that failed fails every call', async () => {
  const fail = shoal.remote((): number => {
    throw new TypeError('no number')
  })
  class Holder {
    readonly n: number
    constructor(n: number) {
      this.n = n
    }
    read(): number {
      return this.n
    }
  }
  const holder = shoal.actor(Holder).remote(fail.remote())
  const error = await rejection(shoal.get(holder.read.remote()))
  assert(error instanceof shoal.ActorDiedError, `${error.name}: ${error.message}`)
  assert.match(String(error.cause ?? error.message), /no number/)
})

await check('kill ends an actor at once; calls that waited and later ones fail with ActorDiedError', async () => {
  class Slow {
    async wait(): Promise<void> {
      await new Promise(() => {})
    }
    begun(): boolean {
      return true
    }
  }
  const slow = shoal
    .actor(Slow, { maxConcurrency: 1, concurrencyGroups: { look: 1 }, methods: { begun: { concurrencyGroup: 'look' } } })
    .remote()
  const [running, waiting] = [slow.wait.remote(), slow.wait.remote()]
  await shoal.get(slow.begun.remote())
  await shoal.kill(slow)
  for (const ref of [running, waiting, slow.wait.remote()]) {
    const error = await rejection(shoal.get(ref))
    assert(error instanceof shoal.ActorDiedError, `${error.name}: ${error.message}`)
    assert.match(error.message, /kill/)
  }
})

await check('kill of an actor whose constructor still runs ends it', async () => {
  class Never {
    constructor() {
      const until = Date.now() + 60_000
      while (Date.now() < until);
    }
    run(): number {
      return 1
    }
  }
  const never = shoal.actor(Never).remote()
  const call = never.run.remote()
  await shoal.kill(never)
  assert((await rejection(shoal.get(call, { timeout: '10s' }))) instanceof shoal.ActorDiedError)
})

await check('exitActor ends the actor; the call that did it and later ones fail with ActorDiedError', async () => {
  class Quitter {
    quit(): void {
      shoal.exitActor()
    }
    pid(): number {
      return process.pid
    }
  }
  const quitter = shoal.actor(Quitter, { maxRestarts: 3 }).remote()
  const pid = await shoal.get(quitter.pid.remote())
  const error = await rejection(shoal.get(quitter.quit.remote()))
  assert(error instanceof shoal.ActorDiedError, `${error.name}: ${error.message}`)
  assert.match(error.message, /exitActor/)
  assert((await rejection(shoal.get(quitter.pid.remote()))) instanceof shoal.ActorDiedError)
  await until('its process is gone', () => !isAlive(pid))
})

await check('a call that waits can be cancelled, and the ones around it run', async () => {
  class Log {
    readonly seen: number[] = []
    async note(k: number): Promise<void> {
      if (k === 0) await new Promise((resolve) => setTimeout(resolve, 200))
      this.seen.push(k)
    }
    all(): number[] {
      return this.seen
    }
  }
  const log = shoal.actor(Log, { maxConcurrency: 1 }).remote()
  const [first, second, third] = [log.note.remote(0), log.note.remote(1), log.note.remote(2)]
  shoal.cancel(second)
  assert((await rejection(shoal.get(second))) instanceof shoal.TaskCancelledError)
  await shoal.get([first, third])
  assert.deepEqual(await shoal.get(log.all.remote()), [0, 2])
})

await check('a running async call is cancelled through its signal; force is refused', async () => {
  class Patient {
    aborted = 0
    started = 0
    async wait(): Promise<string> {
      this.started += 1
      const { signal } = shoal.runtimeContext()
      await new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      return 'never'
    }
    async counts(): Promise<number> {
      return this.started
    }
  }
  const patient = shoal.actor(Patient).remote()
  const ref = patient.wait.remote()
  await until('the call runs', async () => (await shoal.get(patient.counts.remote())) === 1)
  const refused = await rejection((async () => shoal.cancel(ref, { force: true }))())
  assert(refused instanceof shoal.ClusterError && refused.code === 'bad-argument')
  shoal.cancel(ref)
  assert((await rejection(shoal.get(ref))) instanceof shoal.TaskCancelledError)
  assert.equal(await shoal.get(patient.counts.remote()), 1) // it lives
})

await check('calls above maxPendingCalls are refused where they are made', async () => {
  class Slow {
    async wait(ms: number): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, ms))
    }
  }
  const slow = shoal.actor(Slow, { maxPendingCalls: 3, maxConcurrency: 1 }).remote()
  const refs = [1, 2, 3].map(() => slow.wait.remote(50))
  const refused = await rejection((async () => slow.wait.remote(1))())
  assert(refused instanceof shoal.PendingCallsLimitError, refused.name)
  await shoal.get(refs)
  await shoal.get(slow.wait.remote(1))
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

await shoal.shutdown()
finish()

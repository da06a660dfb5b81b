// Trains a small neural net with a parameter server: one actor holds the weights, others hold the points and send gradients. In the middle
// a worker is killed, and later the server. The worker is made anew and its call is sent again; the server goes on from its checkpoint.
//
//   shoal job submit --working-dir . -- node main.ts             or: shoal run main.ts, on this machine alone
//   node main.ts [--rounds 300] [--kill-worker-at 100] [--kill-server-at 215] [--checkpoint FILE]
//                                                                with a file that is there on every run, another run goes on where this one was
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import * as shoal from 'shoal'
import { type Checkpoint, Learner, ParameterServer } from './actors.ts'
import { accuracyOn, makePoints, type Weights } from './model.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    'kill-worker-at': { type: 'string', default: '100' },
    'kill-server-at': { type: 'string', default: '215' },
    checkpoint: { type: 'string' },
  },
})
const rounds = Number(values.rounds)
const checkpointEvery = 20
const shownEvery = 20
const learners = 3

await shoal.init()
// Actors that take no whole CPU, so that all of them fit on small clusters. `maxRestarts: -1`: made anew as often as it needs.
const server = shoal.actor(ParameterServer, { name: 'weights', numCpus: 0.1, maxRestarts: -1 }).remote()
const LearnerActor = shoal.actor(Learner, { numCpus: 0.3, maxRestarts: -1, maxTaskRetries: -1, schedulingStrategy: 'SPREAD' })
const workers = Array.from({ length: learners }, (_, index) => LearnerActor.remote(2_000, 100 + index))

let checkpoint = readCheckpoint() ?? (await shoal.get(server.checkpoint.remote()))
let weights: Weights = await shoal.get(server.resume.remote(checkpoint))
let round = checkpoint.round
if (round > 0) console.log(`going on from round ${round} of ${values.checkpoint}`)
/** What is killed, and in which round; each once, also where rounds come again. */
const kills = new Map([
  [Number(values['kill-worker-at']), { what: 'a worker', actor: workers[0] }],
  [Number(values['kill-server-at']), { what: 'the server', actor: server }],
])

while (round < rounds) {
  try {
    await trainTo(round + 1)
    round += 1
  } catch (error) {
    if (!isLost(error)) throw error
    const why = error instanceof RangeError ? 'it was made anew' : error.name
    console.log(`round ${round + 1}: the server was lost (${why}): going on from the checkpoint of round ${checkpoint.round}`)
    weights = await resumeServer()
    round = checkpoint.round
  }
}
const unseen = makePoints(5_000, 7)
console.log(`\n${rounds} rounds: ${(accuracyOn(unseen, weights) * 100).toFixed(1)} % of ${unseen.length / 3} unseen points right`)

async function trainTo(next: number): Promise<void> {
  const shared = await shoal.put(weights) // once for all workers
  const asked = workers.map((worker) => worker.slope.remote(shared))
  await killInRound(next) // while they are at work
  const slopes = await shoal.get(asked)
  weights = await shoal.get(server.step.remote(next, slopes))
  const loss = slopes.reduce((sum, one) => sum + one.loss, 0) / slopes.length
  if (next % shownEvery === 0 || next === 1)
    console.log(`round ${String(next).padStart(3)}: loss ${loss.toFixed(3)} ${'#'.repeat(Math.min(60, Math.round(loss * 60)))}`)
  if (next % checkpointEvery !== 0) return
  const made = await shoal.get(server.checkpoint.remote())
  if (made.round !== next) throw new RangeError(`the server is at round ${made.round}`) // it died since the step
  keep(made)
}

async function killInRound(next: number): Promise<void> {
  const kill = kills.get(next)
  if (!kill?.actor || !kills.delete(next)) return
  console.log(`round ${next}: ${kill.what} is killed`)
  await shoal.kill(kill.actor, { noRestart: false })
}

/** Whether the server is not the one that it was: gone, or made anew and at round 0. */
function isLost(error: unknown): error is Error {
  return error instanceof shoal.ActorDiedError || error instanceof shoal.ActorUnavailableError || error instanceof RangeError
}

/** It is being made anew, and may not take calls yet. */
async function resumeServer(): Promise<Weights> {
  for (;;) {
    try {
      return await shoal.get(server.resume.remote(checkpoint))
    } catch (error) {
      if (!(error instanceof shoal.ActorUnavailableError)) throw error
      await pause(100)
    }
  }
}

function keep(next: Checkpoint): void {
  checkpoint = next
  if (values.checkpoint === undefined) return
  const record = { round: next.round, weights: [...next.weights], speed: [...next.speed] }
  writeFileSync(`${values.checkpoint}.new`, JSON.stringify(record))
  renameSync(`${values.checkpoint}.new`, values.checkpoint) // so that there is always a whole one
}

function readCheckpoint(): Checkpoint | undefined {
  if (values.checkpoint === undefined || !existsSync(values.checkpoint)) return undefined
  const { round: at, weights: kept, speed } = JSON.parse(readFileSync(values.checkpoint, 'utf8')) as Record<keyof Checkpoint, never> // as written above
  return { round: at, weights: Float64Array.from(kept), speed: Float64Array.from(speed) }
}

import { Socket } from 'node:net'
import { systemClock } from '../../base/clock.ts'
import { createLogger } from '../../base/logger.ts'
import { useBackend } from '../../sdk/current-backend.ts'
import { loadShoal, provideShoal } from '../../sdk/provide-shoal.ts'
import type { Context } from '../../sdk/ray-backend/messages.ts'
import { RayBackend } from '../../sdk/ray-backend/ray-backend.ts'
import { RayClient } from '../../sdk/ray-backend/ray-client.ts'
import { createExecutor, type Executor } from '../executor.ts'
import { countOutput } from '../output-counter.ts'
import { RayCalls } from './calls.ts'
import { createRayServices } from './ray-services.ts'

/** The Node process of a Ray worker: started by the Python process at the other end of its socket, and ended with it. */
async function main(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}) // on a full disk a line is lost, and its task goes on
  const output = countOutput(process)
  const descriptor = Number(process.env['SHOAL_RAY_DESCRIPTOR'])
  for (const name of ['SHOAL_RAY_DESCRIPTOR', 'NODE_COMPILE_CACHE']) delete process.env[name] // not for what user code starts
  provideShoal('always')
  const shoal = await loadShoal() // now, as `require` refuses a module that is still being imported
  const modules = {
    importModule: (specifier: string) => (specifier === 'shoal' ? Promise.resolve(shoal) : import(specifier)),
    resolveSync: (specifier: string) => (specifier === 'shoal' ? shoal : undefined),
  }
  let calls: RayCalls | undefined
  let executor: Executor | undefined
  const start = (context: Context): void => {
    client.enter(context)
    const backend = new RayBackend(client, async () => {})
    const services = createRayServices(backend)
    const made = createExecutor({
      services,
      agent: {
        send: ({ type }) => {
          if (type === 'worker.blocked' || type === 'worker.unblocked') client.link.send({ type })
        },
        flush: () => {},
      },
      clock: systemClock,
      logger: createLogger('worker', (line) => void process.stderr.write(line), { level: 'warn' }),
      exit: () => {}, // Python ends the actor, and this process with it
      env: process.env,
      output,
    })
    executor = made
    backend.onExitActor = () => made.exitActor()
    useBackend(backend)
    calls = new RayCalls(backend, services, made)
  }
  const client: RayClient = new RayClient(new Socket({ fd: descriptor }), modules, {
    onMessage: (message, buffers) => {
      if (message.type === 'worker.start') start(message)
      else if (message.type === 'actor.made') client.actorMade(message)
      else calls?.take(message, buffers)
    },
    onClosed: () => process.exit(0),
  })
  process.on('exit', () => executor?.flush())
}

main().catch((error: unknown) => {
  process.stderr.write(`the worker could not start: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})

import { flushCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { createLogger } from '../base/logger.ts'
import { Client } from '../sdk/client/client.ts'
import { createExecutionServices } from '../sdk/client/execution-services.ts'
import { ShoalBackend } from '../sdk/client/shoal-backend.ts'
import type { Caller } from '../sdk/client/own-server.ts'
import { useBackend } from '../sdk/current-backend.ts'
import { loadShoal, provideShoal } from '../sdk/provide-shoal.ts'
import { randomHex } from '../sdk/random-hex.ts'
import { createExecutor, type Executor } from './executor.ts'
import { countOutput } from './output-counter.ts'

/** A worker leaves what Node compiled for the next ones this long after its start: by then most of what a start runs has been compiled. */
const leaveCompiledMs = 250

/** A worker process: started by its agent, ended by it, or when the link to it closes. */
async function main(): Promise<void> {
  // What user code prints goes to a log: on a full disk the line is lost, and its task goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const output = countOutput(process)
  const { values } = parseArgs({
    options: {
      'worker-id': { type: 'string' },
      'node-id': { type: 'string' },
      'agent-socket': { type: 'string' },
      socket: { type: 'string' },
    },
  })
  const token = process.env['SHOAL_WORKER_TOKEN'] ?? ''
  for (const name of ['SHOAL_WORKER_TOKEN', 'NODE_COMPILE_CACHE']) delete process.env[name] // not for what user code starts
  provideShoal('always')
  const shoal = await loadShoal() // now, as `require` refuses a module that is still being imported
  const logger = createLogger('worker', (line) => void process.stderr.write(line), { level: 'warn' })
  let executor: Executor | undefined
  const client = await Client.connect({
    role: 'worker',
    agentSocket: values['agent-socket'] ?? '',
    socketPath: values.socket ?? '',
    workerId: values['worker-id'] ?? '',
    token,
    logger,
    entrypoint: 'worker',
    namespace: null,
    randomHex,
    importModule: (specifier) => (specifier === 'shoal' ? Promise.resolve(shoal) : import(specifier)),
    resolveSync: (specifier) => (specifier === 'shoal' ? shoal : undefined),
    warn: (message) => void process.stderr.write(`shoal: ${message}\n`),
    onWork: (caller, message) => executor?.onOwnerMessage(caller, message),
    onCode: (functionId, code) => client.functions.offer(functionId, code),
    onCallerGone: (caller: Caller) => executor?.onOwnerGone(caller),
    onAgentMessage: (message) => {
      if (message.type === 'worker.assign') {
        client.serveJob(message.jobId, client.namespace)
        executor?.assign(message)
      } else if (message.type === 'worker.leave') void executor?.leave(message)
    },
    onAgentRequest: (message) => {
      if (message.type !== 'actor.construct') return undefined
      client.serveJob(message.spec.jobId, message.spec.namespace)
      return executor?.construct(message)
    },
    onAgentGone: () => process.exit(1),
    beforeReady: (made) => {
      const backend = new ShoalBackend(made, async () => {})
      executor = createExecutor({
        services: createExecutionServices(made, backend),
        agent: { send: (message) => void made.agent.send(message), flush: () => made.agent.flush() },
        clock: systemClock,
        logger,
        exit: (code) => void exitWhenSent(made, code),
        env: process.env,
        output,
      })
      backend.onExitActor = () => (executor as Executor).exitActor() // set the line before
      useBackend(backend)
    },
  })
  setTimeout(flushCompileCache, leaveCompiledMs).unref() // most workers are killed: none would leave it at its end
  // User code that calls process.exit: tasks before it have ended, and their owners must know, or the wrong one is charged with the crash.
  process.on('exit', () => executor?.flush())
}

/** Sockets take what was written before the process ends. */
async function exitWhenSent(client: Client, code: number): Promise<void> {
  await client.drained()
  process.exit(code)
}

main().catch((error: unknown) => {
  process.stderr.write(`the worker could not start: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})

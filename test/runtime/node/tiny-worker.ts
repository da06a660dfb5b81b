import { silentLogger } from '#runtime/base/logger.ts'
import { toClientFromAgent, workerRequests } from '#runtime/protocol/clients.ts'
import { dialUnix } from '#runtime/transport/dial.ts'

/** The smallest process that an agent takes for a worker: says that it is ready, and leaves when asked. */
const flag = (name: string): string => process.argv[process.argv.indexOf(name) + 1] ?? ''
if (process.env['TINY_WORKER'] === 'broken') {
  process.stdout.write('cannot find module left-pad\n')
  process.exit(3)
}
const workerId = flag('--worker-id')
const token = process.env['SHOAL_WORKER_TOKEN'] ?? ''
const dialed = await dialUnix(flag('--agent-socket'), { hello: { role: 'worker', workerId, token, version: 'test' } })
const link = dialed.link({ incoming: { ...toClientFromAgent, ...workerRequests }, logger: silentLogger })
link.onMessage((message) => {
  if (message.type === 'worker.leave') process.exit(0)
  if (message.type === 'worker.assign') process.stdout.write(`serving ${message.leaseId}\n`)
})
link.onRequest((message) => (message.type === 'actor.construct' ? { kind: 'ready' } : undefined))
void link.closed.then(() => process.exit(1))
process.stdout.write(`tiny worker ${process.pid} is up\n`)
link.send({ type: 'client.ready', workerId, pid: process.pid, socketPath: flag('--socket') })

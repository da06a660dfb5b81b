import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { newActorId, newNodeId, newWorkerId } from '#runtime/base/ids.ts'
import { silentLogger } from '#runtime/base/logger.ts'
import type { ActorSpec } from '#runtime/protocol/actors.ts'
import { JobRegistered } from '#runtime/protocol/clients.ts'
import { NodeRegistered, type NodeRegister, toAgentFromHead } from '#runtime/protocol/nodes.ts'
import { sessionLayout } from '#runtime/session/layout.ts'
import { dialUnix } from '#runtime/transport/dial.ts'
import type { Link } from '#runtime/transport/link.ts'
import { scaled } from '../settings.ts'
import { Daemons } from './daemons.ts'
import type { OurRows } from './row-types.ts'

const agentCount = 16
const onTheirWay = 512
const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex')

export const registrationRows: OurRows = {
  'actor registrations of the head, simulated agents': {
    async sample(scale) {
      const daemons = new Daemons()
      try {
        const folder = daemons.makeFolder()
        await daemons.start('head', folder, [])
        return await measureRegistrations(sessionLayout(folder).headSocket, scaled(50_000, scale))
      } finally {
        await daemons.stop()
      }
    },
  },
}

/** One agent as the head sees it: it starts every actor at once. */
type SimulatedAgent = { readonly nodeId: string; readonly link: Link; readonly jobId: string; readonly driverId: string }

/** Actors per second from the first request to the last report that one runs. */
async function measureRegistrations(headSocket: string, total: number): Promise<number> {
  const landed = new Map<string, () => void>()
  const agents = await Promise.all(Array.from({ length: agentCount }, () => connectAgent(headSocket, (actorId) => landed.get(actorId)?.())))
  const startMs = performance.now()
  let asked = 0
  const askInTurn = async () => {
    while (asked < total) {
      const agent = agents[asked % agentCount]
      asked += 1
      if (agent) await createActor(agent, landed)
    }
  }
  await Promise.all(Array.from({ length: onTheirWay }, askInTurn))
  const rate = (total * 1_000) / (performance.now() - startMs)
  for (const { link } of agents) link.close()
  return rate
}

async function connectAgent(headSocket: string, onStart: (actorId: string) => void): Promise<SimulatedAgent> {
  const nodeId = newNodeId(randomHex)
  const dialed = await dialUnix(headSocket, { hello: { role: 'agent', nodeId, version: '0' } })
  const link = dialed.link({ incoming: toAgentFromHead, logger: silentLogger, peer: 'head' })
  const driverId = newWorkerId(randomHex)
  link.onMessage((message) => {
    if (message.type !== 'actor.start') return
    const { actorId } = message.spec
    const address = { workerId: newWorkerId(randomHex), nodeId, socketPath: '/simulated', agentAddress: '' }
    link.send({ type: 'actor.started', actorId, restarts: message.restarts, attempt: message.attempt, address, devices: {} })
    onStart(actorId)
  })
  await link.request(registrationOf(nodeId), { reply: NodeRegistered })
  let sequence = 0
  const heartbeat = setInterval(() => {
    sequence += 1
    link.send({ type: 'node.reported', nodeId, sequence, available: { CPU: 64 }, demand: [], storeUsedBytes: 0, workers: 0 })
  }, 1_000)
  void link.closed.then(() => clearInterval(heartbeat))
  const driver = { type: 'job.register', driverId, pid: 1, entrypoint: 'bench', namespace: null }
  const { jobId } = await link.request(driver, { reply: JobRegistered })
  return { nodeId, link, jobId, driverId }
}

function registrationOf(nodeId: string): NodeRegister {
  const resources = { CPU: 64 }
  return {
    type: 'node.register',
    facts: {
      ...{ nodeId, agentAddress: '', hostname: 'simulated', pid: 1, isHead: false, resources, labels: {} },
      ...{ objectStoreBytes: 0, startedAtMs: 0, nodeName: '', version: '0' },
    },
    available: resources,
    actors: [],
    actorsEnded: [],
    bundles: [],
    clients: [],
  }
}

/** Resolves when an agent was told to start it and the head has answered the one who asked. */
async function createActor(agent: SimulatedAgent, landed: Map<string, () => void>): Promise<void> {
  const spec = specFor(agent)
  const started = new Promise<void>((resolve) => landed.set(spec.actorId, resolve))
  await agent.link.request({ type: 'actor.create', spec, getIfExists: false }, { reply: z.unknown() })
  await started
  landed.delete(spec.actorId)
}

function specFor({ nodeId, jobId, driverId }: SimulatedAgent): ActorSpec {
  return {
    ...{ actorId: newActorId(randomHex, jobId), jobId, classId: 'f'.repeat(64), className: 'Bench', name: null, namespace: 'bench' },
    owner: { workerId: driverId, nodeId, socketPath: '/simulated', agentAddress: '' },
    ...{ detached: false, args: new Uint8Array(), refArgs: [], heldResources: {}, concurrencyGroups: {}, methodGroups: {} },
    shape: { resources: {}, labels: [], fallbackLabels: [], strategy: { kind: 'default' } },
    ...{ maxRestarts: 0, maxTaskRetries: 0, maxConcurrency: 1, maxPendingCalls: -1, methodReturns: {}, methodNames: ['call'] },
  }
}

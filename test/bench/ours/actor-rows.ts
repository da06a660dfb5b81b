import { availableParallelism } from 'node:os'
import * as shoal from 'shoal'
import { scaled } from '../settings.ts'
import { Actor, ArgClient, AsyncActor, Client, endActors, type Server } from './actors.ts'
import type { Calls, OurRows } from './row-types.ts'

/** Half of the logical CPUs, at least one: n in the names of the rows (Ray: n_cpu). */
const serverCount = Math.max(1, Math.floor(availableParallelism() / 2))

const callInTurn = shoal.remote(async function callInTurn(servers: readonly Server[], count: number) {
  const refs: shoal.ObjectRef<Uint8Array>[] = []
  for (let index = 0; index < count; index += 1) {
    const server = servers[index % servers.length]
    if (server) refs.push(server.smallValue.remote())
  }
  await shoal.get(refs)
})

export const actorRows: OurRows = {
  '1:1 actor calls sync': { prepare: () => oneByOne(Actor.remote()) },
  '1:1 actor calls async': { prepare: () => thousandAtOnce(Actor.remote()) },
  '1:1 actor calls concurrent': { prepare: () => thousandAtOnce(Actor.options({ maxConcurrency: 16 }).remote()) },
  '1:n actor calls async': { prepare: (scale) => oneToMany(makeMany(Actor), scaled(5_000, scale)) },
  'n:n actor calls async': { prepare: (scale) => manyToMany(makeMany(Actor), scaled(5_000, scale)) },
  'n:n actor calls with arg async': { prepare: manyToManyWithArg },
  '1:1 async-actor calls sync': { prepare: () => oneByOne(AsyncActor.remote()) },
  '1:1 async-actor calls async': { prepare: () => thousandAtOnce(AsyncActor.remote()) },
  '1:1 async-actor calls with args async': {
    prepare() {
      const actor = AsyncActor.remote()
      const call = () => shoal.get(Array.from({ length: 1_000 }, (_, index) => actor.smallValueWithArg.remote(index)))
      return { call, counts: 1_000, end: () => endActors([actor]) }
    },
  },
  '1:n async-actor calls async': { prepare: (scale) => oneToMany(makeMany(AsyncActor), scaled(5_000, scale)) },
  'n:n async-actor calls async': { prepare: (scale) => manyToMany(makeMany(AsyncActor), scaled(5_000, scale)) },
}

type Handle = Server & shoal.ActorHandle<unknown>

function makeMany(kind: { remote(): Handle }): Handle[] {
  return Array.from({ length: serverCount }, () => kind.remote())
}

function oneByOne(actor: Handle): Calls {
  return { call: () => shoal.get(actor.smallValue.remote()), counts: 1, end: () => endActors([actor]) }
}

function thousandAtOnce(actor: Handle): Calls {
  const call = () => shoal.get(Array.from({ length: 1_000 }, () => actor.smallValue.remote()))
  return { call, counts: 1_000, end: () => endActors([actor]) }
}

function oneToMany(servers: Handle[], count: number): Calls {
  const client = Client.remote(servers)
  return {
    call: () => shoal.get(client.callEach.remote(count)),
    counts: count * servers.length,
    end: () => endActors([client, ...servers]),
  }
}

function manyToMany(servers: Handle[], count: number): Calls {
  const call = () => shoal.get(Array.from({ length: 4 }, () => callInTurn.remote(servers, count)))
  return { call, counts: 4 * count, end: () => endActors(servers) }
}

function manyToManyWithArg(): Calls {
  const servers = Array.from({ length: serverCount }, () => Actor.remote())
  const clients = servers.map((server) => ArgClient.remote(server))
  const call = () => shoal.get(clients.map((client) => client.callWithRef.remote(1_000)))
  return { call, counts: 1_000 * servers.length, end: () => endActors([...clients, ...servers]) }
}

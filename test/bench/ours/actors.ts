import * as shoal from 'shoal'

export const okBytes = new Uint8Array([0x6f, 0x6b])

/** Whatever has the method that most rows call. */
export type Server = { readonly smallValue: { remote(): shoal.ObjectRef<Uint8Array> } }
type ArgServer = { readonly smallValueArg: { remote(x: shoal.ObjectRef<number>): shoal.ObjectRef<Uint8Array> } }
type Task = { remote(): shoal.ObjectRef<Uint8Array> }

/** One call at a time, none of them async: Ray's plain actor. */
export const Actor = shoal.actor(
  class Actor {
    smallValue() {
      return okBytes
    }
    smallValueArg(_x: number) {
      return okBytes
    }
  },
  { numCpus: 0 },
)

export const AsyncActor = shoal.actor(
  class AsyncActor {
    async smallValue() {
      return okBytes
    }
    async smallValueWithArg(_x: number) {
      return okBytes
    }
  },
)

/** Its methods wait for others, so here they are async; one call at a time, as Ray's plain actor. */
export const Batcher = shoal.actor(
  class Batcher {
    readonly #task: Task
    constructor(task: Task) {
      this.#task = task
    }
    async runTasks(count: number) {
      await shoal.get(Array.from({ length: count }, () => this.#task.remote()))
    }
  },
  { numCpus: 0, maxConcurrency: 1 },
)

export const Client = shoal.actor(
  class Client {
    readonly #servers: readonly Server[]
    constructor(servers: readonly Server[]) {
      this.#servers = servers
    }
    async callEach(count: number) {
      await shoal.get(this.#servers.flatMap((server) => Array.from({ length: count }, () => server.smallValue.remote())))
    }
  },
  { numCpus: 0, maxConcurrency: 1 },
)

export const ArgClient = shoal.actor(
  class ArgClient {
    readonly #server: ArgServer
    constructor(server: ArgServer) {
      this.#server = server
    }
    async callWithRef(count: number) {
      const x = await shoal.put(0)
      await shoal.get(Array.from({ length: count }, () => this.#server.smallValueArg.remote(x)))
    }
  },
  { numCpus: 0, maxConcurrency: 1 },
)

export const endActors = async (actors: readonly shoal.ActorHandle<unknown>[]): Promise<void> =>
  void (await Promise.all(actors.map((actor) => shoal.kill(actor))))

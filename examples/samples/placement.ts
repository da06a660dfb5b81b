// A placement group: two bundles on different nodes where there are two, with a pair of actors in them that play ball.
import { setTimeout as pause } from 'node:timers/promises'
import * as shoal from 'shoal'

await shoal.init()

const minutes = Number(process.argv[2] ?? 10)
const group = shoal.placementGroup({ bundles: [{ CPU: 0.25 }, { CPU: 0.25 }], strategy: 'SPREAD', name: 'pair' })
await group.ready()

class Player {
  readonly #name: string
  constructor(name: string) {
    this.#name = name
  }
  hit(balls: number): string {
    return `${this.#name} on ${shoal.runtimeContext().nodeId.slice(0, 8)} has hit ${balls} balls`
  }
}

const PlayerActor = shoal.actor(Player)
const players = ['left', 'right'].map((name, bundleIndex) =>
  PlayerActor.options({ numCpus: 0.25, name: `player-${name}`, schedulingStrategy: { placementGroup: group, bundleIndex } }).remote(name),
)

const startedMs = Date.now()
for (let ball = 1; Date.now() - startedMs < minutes * 60_000; ball += 1) {
  const said = await shoal.get(players.map((player) => player.hit.remote(ball)))
  if (ball % 15 === 1) console.log(said.join('; '))
  await pause(1_000)
}
await shoal.removePlacementGroup(group)

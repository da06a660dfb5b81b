// Linear regression with a parameter server: one actor holds the weights, tasks on shared data send gradients.
import * as shoal from 'shoal'

await shoal.init()

class ParameterServer {
  readonly #weights: Float64Array
  constructor(size: number) {
    this.#weights = new Float64Array(size)
  }
  weights() {
    return this.#weights
  }
  apply(gradients: Float64Array[], rate: number) {
    for (const gradient of gradients)
      for (const [index, slope] of gradient.entries())
        this.#weights[index] = (this.#weights[index] ?? 0) - (rate * slope) / gradients.length
    return this.#weights
  }
}

// y = 2·x₀ − 3·x₁ + 0.5, on points of a grid: [x₀, x₁, 1, y] in a row, in four shards that are stored once and read in place.
const points = 40_000
const shardOf = (shard: number) =>
  Float64Array.from({ length: points * 4 }, (_, cell) => {
    const point = Math.floor(cell / 4) * 4 + shard
    const [x0, x1] = [(point % 400) / 200 - 1, Math.floor(point / 400) / 200 - 1]
    return [x0, x1, 1, 2 * x0 - 3 * x1 + 0.5][cell % 4] as number
  })
const shards = await Promise.all([0, 1, 2, 3].map((shard) => shoal.put(shardOf(shard))))

const gradientOn = shoal.remote((rows: Float64Array, weights: Float64Array) => {
  const gradient = new Float64Array(weights.length)
  for (let row = 0; row < rows.length; row += 4) {
    let error = -(rows[row + 3] ?? 0)
    for (let i = 0; i < 3; i += 1) error += (weights[i] ?? 0) * (rows[row + i] ?? 0)
    for (let i = 0; i < 3; i += 1) gradient[i] = (gradient[i] ?? 0) + (error * (rows[row + i] ?? 0)) / (rows.length / 4)
  }
  return gradient
})

const server = shoal.actor(ParameterServer).remote(3)
let weights = await shoal.get(server.weights.remote())
for (let round = 1; round <= 60; round += 1) {
  const gradients = await shoal.get(shards.map((shard) => gradientOn.remote(shard, weights)))
  weights = await shoal.get(server.apply.remote(gradients, 1))
  if (round % 20 === 0) console.log(`round ${round}: weights ${Array.from(weights, (weight) => weight.toFixed(2)).join(', ')}`)
}

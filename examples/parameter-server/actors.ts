// The two kinds of actors: one server that holds the weights, and workers that hold the points.
import { firstWeights, makePoints, type Points, type Slope, slopeOn, type Weights } from './model.ts'

/** All that training needs to go on. */
export type Checkpoint = { readonly round: number; readonly weights: Weights; readonly speed: Float64Array }

const rate = 0.3
const momentum = 0.9

/** Holds the weights. Made anew after a crash it begins at round 0, so it says at which round it is. */
export class ParameterServer {
  #round = 0
  #weights = firstWeights()
  #speed = new Float64Array(this.#weights.length)

  /** One step against the mean of the gradients. Round by round: what does not follow on its own is refused. */
  step(round: number, slopes: readonly Slope[]): Weights {
    if (round !== this.#round + 1) throw new RangeError(`the server is at round ${this.#round} and cannot take round ${round}`)
    for (let index = 0; index < this.#weights.length; index += 1) {
      const mean = slopes.reduce((sum, { gradient }) => sum + (gradient[index] ?? 0), 0) / slopes.length
      this.#speed[index] = momentum * (this.#speed[index] ?? 0) - rate * mean
      this.#weights[index] = (this.#weights[index] ?? 0) + (this.#speed[index] ?? 0)
    }
    this.#round = round
    return this.#weights
  }

  checkpoint(): Checkpoint {
    return { round: this.#round, weights: this.#weights, speed: this.#speed }
  }

  resume({ round, weights, speed }: Checkpoint): Weights {
    this.#round = round
    this.#weights = Float64Array.from(weights) // what came is a view on memory that others read, too
    this.#speed = Float64Array.from(speed)
    return this.#weights
  }
}

/** Makes its points when it begins, so one that is made anew has the same again. */
export class Learner {
  readonly #points: Points
  constructor(points: number, seed: number) {
    this.#points = makePoints(points, seed)
  }
  slope(weights: Weights): Slope {
    return slopeOn(this.#points, weights)
  }
}

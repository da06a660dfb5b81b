import { pickOne, type Random, randomBelow, seededRandom } from '#runtime/base/random.ts'

/** Each with the least and the most time that it lasts, in ms; 0 where it is over at once. */
export const faultKinds = {
  /** Nothing comes or goes, for less time than a node may be silent. */
  'link-short': [1_500, 3_500],
  /** Longer than that: the node is lost, fences itself, and joins anew. */
  'link-long': [16_000, 26_000],
  /** Down and up again and again, as with a bad plug. */
  'link-flaps': [6_000, 10_000],
  /** Delay and loss, where the kernel has netem. */
  'link-slow': [10_000, 20_000],
  /** Every process of the machine stands still. */
  freeze: [1_500, 4_000],
  'kill-agent': [0, 3_000],
  /** The same program is started again, as a supervisor would. */
  'kill-head': [500, 6_000],
  /** Killed, and restarted by the panel, with the node of its machine. */
  'restart-head': [0, 2_000],
  'full-disk': [6_000, 14_000],
  'full-memory': [6_000, 14_000],
  /** The SSH server is killed, and with it every session. */
  'cut-ssh': [1_000, 5_000],
} as const satisfies Record<string, readonly [number, number]>
export type FaultKind = keyof typeof faultKinds

export type PlannedFault = {
  readonly kind: FaultKind
  /** Number of the host; 0 is the head's. */
  readonly host: number
  readonly lastsMs: number
  /** After everything is well again, before the next one. */
  readonly pauseMs: number
}

/** Whose machine it may happen to. The head's own link, agent and machine are left to the faults that name the head. */
const onHead: readonly FaultKind[] = ['kill-head', 'restart-head']
const anywhere: readonly FaultKind[] = ['cut-ssh', 'full-disk', 'full-memory', 'link-short']

/**
 * An endless list: each round has every kind once, in an order of its own, but of those that end the head one and then the other, so that a
 * head has time to grow. `leftOut`: kinds that cannot be had here.
 */
export function* planFaults(seed: number, hosts: number, leftOut: readonly FaultKind[] = []): Generator<PlannedFault, never> {
  const random = seededRandom(seed)
  // Drawn for kinds that are left out too: a seed means the same on every machine.
  const kinds = Object.keys(faultKinds) as FaultKind[] // its own keys
  for (let round = 0; ; round += 1) {
    for (const kind of shuffled(kinds, random)) {
      const [least, most] = faultKinds[kind]
      const host = onHead.includes(kind) ? 0 : anywhere.includes(kind) ? randomBelow(random, hosts) : 1 + randomBelow(random, hosts - 1)
      const lastsMs = least + randomBelow(random, most - least + 1)
      const pauseMs = 2_000 + randomBelow(random, 6_000)
      const isHeads = onHead.includes(kind) && onHead[round % onHead.length] !== kind
      if (!leftOut.includes(kind) && !isHeads) yield { kind, host, lastsMs, pauseMs }
    }
  }
}

/** Of workers, which are killed beside all that. */
export function* planKills(
  seed: number,
  hosts: number,
): Generator<{ readonly host: number; readonly afterMs: number; readonly dice: number }, never> {
  const random = seededRandom(seed ^ 0x5bd1e995)
  for (;;) yield { host: randomBelow(random, hosts), afterMs: 4_000 + randomBelow(random, 8_000), dice: random() }
}

export const jobKinds = ['shell', 'fails', 'stopped', 'tasks', 'objects', 'actors'] as const
/** `steady` runs all the time beside the others, with its log followed. */
export type JobKind = (typeof jobKinds)[number] | 'steady'

export type PlannedJob = { readonly kind: JobKind; readonly number: number; readonly size: number; readonly onHead: boolean }

export function* planJobs(seed: number): Generator<PlannedJob, never> {
  const random = seededRandom(seed ^ 0x27d4eb2f)
  for (let number = 0; ; number += 1) {
    // The first ones are one of each: a short run has them all.
    const kind = jobKinds[number] ?? pickOne(random, ['shell', 'shell', ...jobKinds])
    yield { kind, number, size: random(), onHead: random() < 0.2 }
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  return items.map(() => left.splice(randomBelow(random, left.length), 1)[0] as T) // as many are taken as there are
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BedHost } from '#test/support/bed/bed-host.ts'
import type { Allowance, Reading } from './growth.ts'
import type { SoakCluster } from './soak-cluster.ts'

/** What is read, and how much each may grow. Memory is what a process alone holds (RssAnon): shared memory and files are the system's. */
export const measured = {
  'panel: memory, MB': { once: 60, perHour: 30, atMost: 450 },
  'panel: open descriptors': { once: 12, perHour: 0, atRest: 12 },
  /** Without its operations, of which the last 200 are kept on purpose. */
  'panel: files of its data folder': { once: 20, perHour: 0 },
  /** It keeps figures of the last 15 minutes in memory, and what it lists. */
  'head: memory, MB': { once: 80, perHour: 60, atMost: 500 },
  'head: open descriptors': { once: 16, perHour: 0, atRest: 16 },
  'agents: memory, MB': { once: 80, perHour: 40, atMost: 300 },
  'agents: open descriptors': { once: 60, perHour: 0, atRest: 16 },
  /** Workers and jobs come and go with the load. */
  'hosts: processes': { once: 12, perHour: 0, atRest: 6 },
  /** Without logs and unpacked packages, which are kept on purpose, up to limits of their own. */
  'hosts: files': { once: 25, perHour: 0, atRest: 20 },
  'hosts: files in /dev/shm': { once: 4, perHour: 0, atRest: 2 },
  'page: memory, MB': { once: 40, perHour: 30, atMost: 600 },
  'page: objects, MB': { once: 6, perHour: 4 },
  /** Held, and not part of what is shown. */
  'page: hidden elements': { once: 1_500, perHour: 0 },
  'page: listeners': { once: 400, perHour: 0 },
} as const satisfies Record<string, Allowance>
export type Measured = keyof typeof measured

export class Measures {
  readonly series = new Map<Measured, Reading[]>()
  readonly #cluster: SoakCluster
  #atRest: (Reading & { readonly what: Measured; readonly when: 'start' | 'rest' })[] = []

  constructor(cluster: SoakCluster) {
    this.#cluster = cluster
  }

  add(what: Measured, value: number, life: string): void {
    const readings = this.series.get(what) ?? []
    this.series.set(what, readings)
    if (Number.isFinite(value)) readings.push({ atMs: Date.now(), value, life })
  }

  last(what: Measured): number {
    return this.series.get(what)?.at(-1)?.value ?? Number.NaN
  }

  /** What is read of each thing while no job runs: `start` before the first, `rest` after the last. */
  readAtRest(when: 'start' | 'rest'): void {
    const before = new Map([...this.series].map(([what, readings]) => [what, readings.length]))
    this.read()
    for (const [what, readings] of this.series)
      this.#atRest.push(...readings.slice(before.get(what) ?? 0).map((reading) => ({ ...reading, what, when })))
  }

  forgetRest(): void {
    this.#atRest = this.#atRest.filter(({ when }) => when === 'start')
  }

  /** More than at the start, and more than may be left, a line each. */
  get leftAtRest(): string[] {
    return (Object.keys(measured) as Measured[]).flatMap((what) => {
      // its own keys
      const allowance: Allowance = measured[what]
      const most = (when: 'start' | 'rest') =>
        Math.max(...this.#atRest.filter((each) => each.what === what && each.when === when).map(({ value }) => value))
      const [start, rest] = [most('start'), most('rest')]
      if (allowance.atRest === undefined || !(rest > start + allowance.atRest)) return []
      return [`${what}: ${rest} when no job runs any more, and ${start} before the first`]
    })
  }

  /** Of the panel's process and folder, the daemons, and the hosts. */
  read(): void {
    const { world, hosts } = this.#cluster
    this.#process('panel', '/proc', world.panel.pid)
    this.add(
      'panel: files of its data folder',
      countFiles(join(world.home, 'panel'), (path) => path.endsWith('/panel/operations')),
      'panel',
    )
    for (const host of hosts) {
      for (const daemon of ['head', 'agent'] as const) {
        const pid = this.#cluster.pidOf(daemon, host)
        if (pid !== undefined) this.#process(daemon === 'head' ? 'head' : 'agents', `${host.rootDir}/proc`, pid)
      }
      this.add('hosts: processes', host.processes().length, host.name)
      this.add('hosts: files', this.#filesOf(host), host.name)
      this.add('hosts: files in /dev/shm', countFiles(`${host.rootDir}/dev/shm`), host.name)
    }
  }

  #filesOf(host: BedHost): number {
    const session = `${host.rootDir}${this.#cluster.sessionFolder(host)}`
    return countFiles(session, (path) => /\/(logs|log-copies|packages|compile-cache)$/.test(path)) + countFiles(`${host.rootDir}/tmp`)
  }

  #process(name: 'panel' | 'head' | 'agents', proc: string, pid: number): void {
    try {
      const status = readFileSync(`${proc}/${pid}/status`, 'latin1')
      const stat = readFileSync(`${proc}/${pid}/stat`, 'latin1')
      const life = `${proc} ${pid} ${stat.slice(stat.lastIndexOf(')')).split(' ')[20]}` // when it began: a pid may be used again
      this.add(`${name}: memory, MB`, (Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024) / 1e6, life)
      this.add(`${name}: open descriptors`, readdirSync(`${proc}/${pid}/fd`).length, life)
    } catch {
      // it has ended meanwhile
    }
  }
}

function countFiles(folder: string, isLeftOut: (path: string) => boolean = () => false): number {
  let count = 0
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (isLeftOut(path)) continue
      count += entry.isDirectory() ? countFiles(path, isLeftOut) : 1
    }
  } catch {
    // it has gone meanwhile
  }
  return count
}

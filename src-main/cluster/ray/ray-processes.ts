import * as z from 'zod'
import type { ApiClient } from '../../../runtime/client/api-client.ts'
import type { Row } from './list-page.ts'
import { recordOf, recordsOf } from './ray-figures.ts'

const LooseDetail = z.object({ data: z.object({ detail: z.record(z.string(), z.unknown()) }) })

/** A process of Ray on a node, in the words of our own figures, with what tells of its worker. */
export type RayProcess = {
  readonly role: 'agent' | 'head' | 'worker' | 'driver'
  readonly pid: number
  readonly workerId: string | null
  readonly jobId: string | null
  readonly actorId: string | null
  /** As Ray names the process: by what it runs, or IDLE. */
  readonly title: string
  readonly command: string
  readonly startedAtMs: number
  readonly cpuPercent: number
  readonly rssBytes: number
  readonly virtualBytes: number
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly files: number | null
}

type Known = { readonly askedAtMs: number; readonly processes: readonly RayProcess[] }

/** Nodes tell Ray of their processes every 5 s. */
const freshMs = 4_000
const forgottenMs = 600_000
/** Nodes that are asked for in one go: each is a call of its own. */
const nodesAtOnce = 32
/** An answer so much older than the last sign of its node comes from a cache of Ray's, which fills itself only then. */
const staleMs = 12_000

/** What processes Ray runs on its nodes, and what each takes. Of many nodes some are asked at a time, those first of which it was longest ago. */
export class RayProcesses {
  readonly #api: ApiClient
  readonly #known = new Map<string, Known>()
  #asking: Promise<void> = Promise.resolve()

  constructor(api: ApiClient) {
    this.#api = api
  }

  /** By node; of those that were not asked yet, or do not answer, nothing. `living`: by id, when each was last heard of. */
  async of(living: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, readonly RayProcess[]>> {
    await this.#asking // several screens ask at a time: what the first got serves all
    this.#asking = this.#refresh(living)
    await this.#asking
    return new Map(
      [...living.keys()].flatMap((nodeId) => {
        const known = this.#known.get(nodeId)
        return known === undefined ? [] : [[nodeId, known.processes] as const]
      }),
    )
  }

  async #refresh(living: ReadonlyMap<string, number>): Promise<void> {
    const nowMs = performance.now()
    for (const [nodeId, { askedAtMs }] of this.#known) if (nowMs - askedAtMs > forgottenMs) this.#known.delete(nodeId)
    const askedAt = (nodeId: string) => this.#known.get(nodeId)?.askedAtMs ?? Number.NEGATIVE_INFINITY
    const due = [...living.keys()].filter((nodeId) => nowMs - askedAt(nodeId) > freshMs).sort((one, other) => askedAt(one) - askedAt(other))
    await Promise.all(
      due.slice(0, nodesAtOnce).map(async (nodeId) => {
        const before = this.#known.get(nodeId)?.processes ?? []
        const processes = await this.#ask(nodeId, living.get(nodeId) ?? 0).catch(() => before) // one that is silent keeps nobody from the others
        this.#known.set(nodeId, { askedAtMs: nowMs, processes })
      }),
    )
  }

  async #ask(nodeId: string, heardAtMs: number): Promise<RayProcess[]> {
    const read = async () => {
      const { data } = await this.#api.getJson(`/nodes/${nodeId}`, LooseDetail, { query: { nocache: 1 } })
      return data.detail
    }
    const first = await read()
    const isOld = Number(first['now'] ?? 0) * 1_000 < heardAtMs - staleMs
    return processesOf(isOld ? await read() : first)
  }
}

function processesOf(detail: Row): RayProcess[] {
  const workers = recordsOf(detail['workers']).map((each) => processOf(each, 'agent'))
  const head = recordOf(detail['gcs'])
  const all = typeof head['pid'] === 'number' ? [...workers, processOf(head, 'head')] : workers
  return [...new Map(all.map((each) => [each.pid, each])).values()].slice(0, 4_096)
}

function processOf(row: Row, role: 'agent' | 'head'): RayProcess {
  const [worker] = recordsOf(row['coreWorkerStats'])
  const memory = recordOf(row['memoryInfo'])
  const times = recordOf(row['cpuTimes'])
  // The title of a process takes the place of its command line, with hundreds of empty words behind it.
  const words = Array.isArray(row['cmdline'])
    ? row['cmdline'].filter((word: unknown) => typeof word === 'string' && word !== '').map(String)
    : []
  const [title = ''] = words
  const command = words.join(' ').slice(0, 256)
  const isOfProgram = worker !== undefined && !/^ray::\w*Agent$/.test(title)
  return {
    role: !isOfProgram ? role : worker['workerType'] === 'DRIVER' ? 'driver' : 'worker',
    pid: numberOf(row['pid']),
    workerId: isOfProgram ? idOf(worker['workerId']) : null,
    jobId: idOf(worker?.['jobId']),
    actorId: idOf(worker?.['actorId']),
    title: title.replace(/^ray::/, '').slice(0, 200),
    command,
    startedAtMs: numberOf(row['createTime']) * 1_000,
    cpuPercent: numberOf(row['cpuPercent']),
    rssBytes: numberOf(memory['rss']),
    virtualBytes: numberOf(memory['vms']),
    userSeconds: numberOf(times['user']),
    systemSeconds: numberOf(times['system']),
    files: typeof row['numFds'] === 'number' ? row['numFds'] : null,
  }
}

const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
/** Older versions send some ids as base64; all of f stands for none. */
const idOf = (value: unknown): string | null => (typeof value === 'string' && /^(?!f+$)[0-9a-f]{8,64}$/.test(value) ? value : null)

/** Rows of Ray's list of workers with what each does, for whom, and what it takes; null where that is not known. */
export function withProcesses(rows: readonly Row[], byNode: ReadonlyMap<string, readonly RayProcess[]>): Row[] {
  const known = new Map([...byNode].map(([nodeId, processes]) => [nodeId, new Map(processes.map((each) => [each.pid, each]))]))
  return rows.map((row) => {
    const process = row['is_alive'] === true ? known.get(String(row['node_id']))?.get(Number(row['pid'])) : undefined
    return {
      ...row,
      job_id: process?.jobId ?? null,
      actor_id: process?.actorId ?? null,
      phase: process === undefined ? null : process.title === 'IDLE' ? 'idle' : process.role === 'worker' ? process.title : null,
      cpu_percent: process?.cpuPercent ?? null,
      memory_bytes: process?.rssBytes ?? null,
    }
  })
}

import type { ListPage, ListQuestion } from '../cluster-calls.ts'
import type { ClusterRecord } from './cluster-record.ts'
import type { Row } from './core/rows.ts'
import { taskOfList } from './core/task-row.ts'
import type { Live } from './live.ts'

const pageRows = 1_000
/** Pages of one run: a cluster that ends more tasks than this is caught up with when it is quieter. */
const pagesPerRun = 2
/** Attempts that had ended before the cluster was first watched. */
const firstRows = 20_000
/** Reports of one moment come within this time of each other. */
const lateMs = 2_000
const watermark = 'tasks-ended-ms'

/**
 * Whole rows of attempts: events tell that they changed, not all that there is to know. Reads by the time at which they ended, from where
 * the last run came to, so that nothing is missed that came too fast to be told one by one.
 */
export class TaskSync {
  readonly #record: ClusterRecord
  /** A page that was full: the next one goes on with the same question. */
  #going: { readonly question: ListQuestion; readonly cursor: string } | undefined
  #isBehind = true

  constructor(record: ClusterRecord) {
    this.#record = record
  }

  changed(): void {
    this.#isBehind = true
  }

  get isBehind(): boolean {
    return this.#isBehind
  }

  async run(live: Live, nowMs: () => number): Promise<void> {
    if (this.#record.fact(watermark) === undefined) return this.#first(live, nowMs)
    this.#isBehind = false
    for (let read = 0; read < pagesPerRun; read += 1) {
      const from = Number(this.#record.fact(watermark)) - lateMs
      await this.#page(live, this.#going?.question ?? { filter: [`end_time_ms:ge:${from}`], sort: 'end_time_ms' }, nowMs)
      if (this.#going !== undefined) continue
      const running = await live.client.page('pageTasks', { filter: ['state:nin:FINISHED,FAILED'], detail: true, limit: pageRows })
      this.#put(running.rows, nowMs())
      return
    }
    this.#isBehind = true
  }

  /** The newest that had ended, and a note of how many older ones are left out. */
  async #first(live: Live, nowMs: () => number): Promise<void> {
    let read = 0
    do {
      const page = await this.#page(live, { sort: '-end_time_ms' }, nowMs)
      read += page.rows.length
      this.#record.setFact('tasks-left-out', Math.max(0, page.matched - read))
    } while (read < firstRows && this.#going !== undefined)
    this.#going = undefined
    if (this.#record.fact(watermark) === undefined) this.#record.setFact(watermark, 0)
  }

  async #page(live: Live, question: ListQuestion, nowMs: () => number): Promise<ListPage> {
    const place = this.#going === undefined ? {} : { cursor: this.#going.cursor }
    this.#going = undefined // a cursor that the head refuses is not tried again
    const page = await live.client.page('pageTasks', { ...question, ...place, detail: true, limit: pageRows })
    this.#put(page.rows, nowMs())
    if (page.next !== null) this.#going = { question, cursor: page.next }
    return page
  }

  #put(rows: readonly Row[], atMs: number): void {
    this.#record.together(() => {
      let endedMs = Number(this.#record.fact(watermark) ?? 0)
      for (const row of rows) {
        const task = taskOfList(row)
        this.#record.putTask(task, atMs)
        endedMs = Math.max(endedMs, task.endedMs ?? 0)
      }
      if (endedMs > 0) this.#record.setFact(watermark, endedMs)
    })
  }
}

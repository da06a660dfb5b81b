import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError } from '../../runtime/base/errors.ts'
import { Operation } from '../contract/operations.ts'
import type { DataFolder } from './data-folder.ts'
import { JsonFile } from './json-file.ts'
import { hasCode, writeFileSafely } from './write-file-safely.ts'

export const maxOperations = 200
const maxJournalBytes = 16 * 1_048_576

/** Enough for a list; the steps and logs of each stay in its file. */
export type OperationSummary = Pick<Operation, 'id' | 'kind' | 'title' | 'clusterId' | 'state' | 'startedAtMs' | 'endedAtMs' | 'failure'>

/** The last operations, each in its own file. What ran when the panel ended is found as `interrupted`. */
export type OperationStore = {
  readonly warnings: readonly string[]
  /** The newest first. */
  list(): OperationSummary[]
  /** Read from its file. @throws ClusterError `not-found` */
  get(id: string): Promise<Operation>
  /** Writes it whole; the oldest ended ones go beyond 200. @throws ClusterError `limit.reached` when 200 run */
  save(operation: Operation): Promise<void>
  /** Keeps what is needed to go on with it, on disk when this resolves. A text of the caller's making, without secrets, at most 16 MiB. */
  saveJournal(id: string, journal: string): Promise<void>
  /** Undefined: none was saved, or it has gone with its operation. */
  readJournal(id: string): Promise<string | undefined>
  remove(id: string): Promise<void>
}

const fileName = /^(op-[0-9a-f]{16})\.json$/

export async function openOperationStore(data: DataFolder): Promise<OperationStore> {
  const folder = await data.folder('operations')
  const summaries = new Map<string, OperationSummary>()
  const writers = new Map<string, Promise<JsonFile<Operation | null>>>() // of those that run
  const warnings: string[] = []
  const open = (id: string) =>
    JsonFile.open<Operation | null>({
      path: join(folder, `${known(id)}.json`),
      schema: Operation.nullable(),
      version: 1,
      empty: () => null,
      isDurable: false, // its journal is what it goes on from
    })
  const journalPath = (id: string) => join(folder, `${known(id)}.journal`)
  const remove = async (id: string) => {
    summaries.delete(id)
    writers.delete(id)
    await rm(join(folder, `${known(id)}.json`), { force: true })
    await rm(journalPath(id), { force: true })
  }
  const save = async (operation: Operation) => {
    for (const id of beyondLimit(summaries, operation.id)) await remove(id)
    summaries.set(operation.id, summaryOf(operation))
    const writer = writers.get(operation.id) ?? open(operation.id)
    writers.set(operation.id, writer)
    await (await writer).update(() => operation)
    if (summaries.get(operation.id)?.state !== 'running') writers.delete(operation.id) // the logs of one that has ended need no memory
  }
  for (const name of await readdir(folder)) {
    const id = fileName.exec(name)?.[1]
    const file = id === undefined ? undefined : await open(id)
    if (file?.warning !== undefined) warnings.push(file.warning)
    if (!file?.data) continue
    const wasRunning = file.data.state === 'running'
    if (wasRunning) await save({ ...file.data, state: 'interrupted', endedAtMs: file.data.endedAtMs ?? Date.now() })
    else summaries.set(file.data.id, summaryOf(file.data))
  }
  return {
    warnings,
    list: () => [...summaries.values()].sort((a, b) => b.startedAtMs - a.startedAtMs),
    save,
    remove,
    async get(id) {
      const operation = summaries.has(id) ? (await (writers.get(id) ?? open(id))).data : null
      if (operation) return operation
      throw new ClusterError('not-found', `there is no operation ${JSON.stringify(id)}: the last ${maxOperations} are kept`)
    },
    async saveJournal(id, journal) {
      if (Buffer.byteLength(journal) > maxJournalBytes) {
        throw new ClusterError(
          'too-large',
          `the journal of ${id} would be ${Buffer.byteLength(journal)} bytes; at most ${maxJournalBytes} are kept`,
        )
      }
      await writeFileSafely(journalPath(id), journal)
    },
    readJournal: async (id) => readJournal(journalPath(id)),
  }
}

/** An id becomes the name of a file. */
function known(id: string): string {
  if (/^op-[0-9a-f]{16}$/.test(id)) return id
  throw new ClusterError('not-found', `${JSON.stringify(id)} is no id of an operation: these are op- and 16 hex digits`)
}

function summaryOf({ id, kind, title, clusterId, state, startedAtMs, endedAtMs, failure }: Operation): OperationSummary {
  return { id, kind, title, clusterId, state, startedAtMs, endedAtMs, failure }
}

/** Which must go so that `next` has room: those that ended, the oldest first; interrupted ones, which can still be continued, only after them. */
function beyondLimit(summaries: ReadonlyMap<string, OperationSummary>, next: string): string[] {
  const tooMany = summaries.size + (summaries.has(next) ? 0 : 1) - maxOperations
  if (tooMany <= 0) return []
  const rank = (each: OperationSummary) => (each.state === 'interrupted' ? 1 : 0)
  const ended = [...summaries.values()].filter((each) => each.state !== 'running' && each.id !== next)
  if (ended.length < tooMany) {
    throw new ClusterError('limit.reached', `${maxOperations} operations run at once; wait until one of them has ended, or cancel one`)
  }
  return ended
    .sort((a, b) => rank(a) - rank(b) || a.startedAtMs - b.startedAtMs)
    .slice(0, tooMany)
    .map((each) => each.id)
}

async function readJournal(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > maxJournalBytes) return undefined // none that we wrote
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

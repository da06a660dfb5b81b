import { parentPort, workerData } from 'node:worker_threads'
import { ClusterError, toError } from '../../base/errors.ts'
import { BatchStore, type StoredEntry } from './batch-store.ts'
import type { FromThread, HistoryQuestions, QuestionName, ThreadData, ToThread } from './messages.ts'
import { TaskHistory } from './task-history.ts'

/**
 * The thread that keeps what happened to tasks: batches on disk, and the columns made of them in memory. It is a thread so that no
 * scan of a million rows and no write ever holds up the head.
 */
const port = parentPort
if (port === null) throw new Error('this file is started as a thread by history.ts')

/** Batches wait this long, or until there are this many bytes of them, so that they share a transaction. */
const flushAfterMs = 200
const flushAtBytes = 1024 * 1024
const changesEveryMs = 50

const { path, limits } = workerData as ThreadData // given by history.ts
const tell = (message: FromThread): void => port.postMessage(message)
const store = new BatchStore(path, limits.keptBytes)
const history = new TaskHistory(limits.keptRows)
let waiting: StoredEntry[] = []
let waitingBytes = 0
let lastNumber = 0
let flushTimer: NodeJS.Timeout | undefined
let watchTimer: NodeJS.Timeout | undefined

load()
port.on('message', (message: ToThread) => onMessage(message))

function load(): void {
  const startedMs = performance.now()
  for (const entry of store.load(limits.keptRows)) takeIn(entry)
  tell({
    type: 'note',
    level: 'info',
    event: 'history.loaded',
    fields: { rows: history.table.live, tookMs: Math.round(performance.now() - startedMs) },
  })
}

function takeIn(entry: StoredEntry): void {
  if (entry.kind === 'ended') return history.ended(entry.ended)
  try {
    history.take(entry.batch)
  } catch (error) {
    const { count, nodeId, workerId } = entry.batch
    history.noteDropped(count)
    tell({
      type: 'note',
      level: 'warn',
      event: 'history.bad-batch',
      fields: { nodeId, workerId, count, reason: toError(error).message.slice(0, 500) },
    })
  }
}

function onMessage(message: ToThread): void {
  switch (message.type) {
    case 'append':
      lastNumber = message.number - 1
      for (const batch of message.batches) {
        takeIn({ kind: 'reports', batch })
        keep({ kind: 'reports', batch }, batch.packed.byteLength)
      }
      if (message.lost > 0) history.noteDropped(message.lost)
      lastNumber = message.number
      if (waiting.length === 0) tell({ type: 'stored', upTo: lastNumber })
      return tell({ type: 'appended', bytes: message.bytes })
    case 'ended':
      takeIn({ kind: 'ended', ended: message.ended })
      return keep({ kind: 'ended', ended: message.ended }, 256)
    case 'ask':
      return answer(message)
    case 'watch':
      return watch(message.perSecond)
    case 'close':
      flush()
      clearInterval(watchTimer)
      store.close()
      tell({ type: 'closed' })
      port?.close()
  }
}

function keep(entry: StoredEntry, bytes: number): void {
  waiting.push(entry)
  waitingBytes += bytes
  if (waitingBytes >= flushAtBytes) flush()
  else flushTimer ??= setTimeout(flush, flushAfterMs)
}

function flush(): void {
  clearTimeout(flushTimer)
  flushTimer = undefined
  if (waiting.length === 0) return
  const entries = waiting
  waiting = []
  waitingBytes = 0
  const why = store.append(entries)
  tell({ type: 'stored', upTo: lastNumber }) // or counted as lost: who waits for it can do no more
  if (why !== undefined)
    tell({ type: 'note', level: 'error', event: 'history.not-written', fields: { batches: entries.length, reason: why } })
}

function watch(perSecond: number): void {
  clearInterval(watchTimer)
  history.isWatched = perSecond > 0
  if (perSecond === 0) return
  const limit = Math.ceil((perSecond * changesEveryMs) / 1_000)
  // What came in one burst may use what the quiet time before did not: up to a second of it.
  let allowance = perSecond
  watchTimer = setInterval(() => {
    allowance = Math.min(perSecond, allowance + limit)
    const { changes, skipped } = history.takeChanges(allowance)
    allowance -= changes.length
    if (changes.length > 0 || skipped > 0) tell({ type: 'changes', changes, skipped })
  }, changesEveryMs)
}

type Answerers = { readonly [Name in QuestionName]: (ask: HistoryQuestions[Name]['ask']) => HistoryQuestions[Name]['answer'] }
const answerers: Answerers = {
  page: (ask) => history.page(ask),
  functions: (ask) => history.functions(ask),
  lineage: (ask) => history.lineage(ask),
  counts: (ask) => history.counts(ask),
  timeline: (ask) => history.timeline(ask),
  batches: (ask) => {
    flush()
    return store.read(ask)
  },
  figures: () => ({
    rows: history.table.live,
    evicted: history.table.evicted,
    dropped: history.table.dropped + store.dropped,
    memoryBytes: history.table.bytes,
    heapBytes: process.memoryUsage().heapUsed,
    storedBytes: store.bytes,
    storedBatches: store.batches,
  }),
}

function answer({ id, name, question }: Extract<ToThread, { type: 'ask' }>): void {
  try {
    const answerer = answerers[name] as (ask: unknown) => unknown // the two ends of this thread share the table of questions
    tell({ type: 'answer', id, value: answerer(question) })
  } catch (thrown) {
    const error = toError(thrown)
    tell({ type: 'failed', id, code: error instanceof ClusterError ? error.code : 'internal', message: error.message })
  }
}

import { taskErrorTypes, taskStates, taskTypes } from '../../../base/task-states.ts'
import { Ranks } from './dictionary.ts'
import { hex8 } from './hex.ts'
import type { IdParts } from './id-test.ts'
import { flag, type TaskTable } from './task-table.ts'

/**
 * How one column of the list is read: as text or as a number, and how it is put in order. `levels` are compared one after the other;
 * NaN stands for no value, which sorts last either way.
 */
export type TaskColumn = {
  readonly kind: 'text' | 'number'
  /** Null: no value. */
  readonly text: (row: number) => string | null
  /** NaN: no value. Texts have none. */
  readonly number: (row: number) => number
  /** The few different values of a text column, by number, and which number a row has: a predicate is tried on each of them only once. */
  readonly distinct?: {
    readonly end: number
    readonly textOf: (number: number) => string | null
    readonly numberOf: (row: number) => number
  }
  /** Of ids of tasks, which are not kept as texts. */
  readonly id?: IdParts
  readonly levels: readonly { readonly ofRow: (row: number) => number; readonly ofValue: (value: string | number) => number }[]
}

export const taskColumnNames = [
  'task_id',
  'attempt_number',
  'name',
  'state',
  'job_id',
  'actor_id',
  'type',
  'func_or_class_name',
  'parent_task_id',
  'node_id',
  'worker_id',
  'worker_pid',
  'owner_worker_id',
  'error_type',
  'error_message',
  'placement_group_id',
  'language',
  'is_debugger_paused',
  'creation_time_ms',
  'start_time_ms',
  'end_time_ms',
  'duration_ms',
  'queued_ms',
] as const
export type TaskColumnName = (typeof taskColumnNames)[number]

export const isTaskColumn = (name: string): name is TaskColumnName => (taskColumnNames as readonly string[]).includes(name)

const noNumber = () => Number.NaN
const two21 = 2_097_152

/** Readers of every column of one table. Made once: they follow the table as it grows. */
export function taskColumnsOf(table: TaskTable): Readonly<Record<TaskColumnName, TaskColumn>> {
  const names = textOfDictionary(
    table.kinds,
    (kind) => kind.name,
    (row) => table.columns.kind[row] ?? 0,
  )
  const time = (read: (row: number) => number): TaskColumn => numberColumn((row) => read(row) || Number.NaN)
  const none: TaskColumn = { kind: 'text', text: () => null, number: noNumber, levels: [{ ofRow: noNumber, ofValue: noNumber }] }
  const tail = (row: number) => table.columns.tail[row] ?? 0
  const worker = (row: number) => table.columns.worker[row] ?? 0
  return {
    task_id: idColumn(table),
    attempt_number: numberColumn((row) => table.columns.attempt[row] ?? 0),
    name: names,
    func_or_class_name: names,
    state: listed(taskStates, (row) => table.columns.state[row] ?? 0),
    type: listed(taskTypes, (row) => table.columns.type[row] ?? 0),
    error_type: listed(taskErrorTypes, (row) => (table.columns.error[row] ?? 0) - 1),
    job_id: textOfDictionary(table.tails, ({ jobId }) => jobId, tail),
    actor_id: textOfDictionary(table.tails, ({ actorId }) => actorId, tail),
    parent_task_id: parentColumn(table),
    node_id: textOfDictionary(table.workers, ({ nodeId }) => nodeId, worker),
    worker_id: textOfDictionary(table.workers, ({ workerId }) => workerId, worker),
    owner_worker_id: textOfDictionary(
      table.workers,
      ({ workerId }) => workerId,
      (row) => table.columns.owner[row] ?? 0,
    ),
    worker_pid: numberColumn((row) => table.workers.get(worker(row))?.pid || Number.NaN),
    placement_group_id: textOfDictionary(
      table.kinds,
      ({ groupId }) => groupId ?? null,
      (row) => table.columns.kind[row] ?? 0,
    ),
    error_message: messageColumn(table),
    language: none,
    is_debugger_paused: none,
    creation_time_ms: time((row) => table.columns.createdMs[row] ?? 0),
    start_time_ms: time((row) => table.columns.startedMs[row] ?? 0),
    end_time_ms: time((row) => table.columns.endedMs[row] ?? 0),
    duration_ms: numberColumn((row) => difference(table.columns.startedMs[row], table.columns.endedMs[row])),
    queued_ms: numberColumn((row) => difference(table.columns.createdMs[row], table.columns.startedMs[row])),
  }
}

const difference = (from = 0, to = 0): number => (from > 0 && to > 0 ? Math.max(0, to - from) : Number.NaN)

function numberColumn(read: (row: number) => number): TaskColumn {
  const text = (row: number) => {
    const value = read(row)
    return Number.isNaN(value) ? null : String(value)
  }
  return { kind: 'number', text, number: read, levels: [{ ofRow: read, ofValue: Number }] }
}

function listed(values: readonly string[], place: (row: number) => number): TaskColumn {
  const order = [...values].sort()
  const ranks = values.map((value) => order.indexOf(value))
  const rank = (value: string | number) => order.findIndex((other) => other >= String(value))
  return {
    kind: 'text',
    text: (row) => values[place(row)] ?? null,
    number: noNumber,
    distinct: { end: values.length + 1, textOf: (number) => values[number - 1] ?? null, numberOf: (row) => place(row) + 1 },
    levels: [{ ofRow: (row) => ranks[place(row)] ?? Number.NaN, ofValue: rank }],
  }
}

type DictionaryLike<Value> = ConstructorParameters<typeof Ranks<Value>>[0]

function textOfDictionary<Value>(
  dictionary: DictionaryLike<Value>,
  textOf: (value: Value) => string | null,
  numberOf: (row: number) => number,
): TaskColumn {
  const ranks = new Ranks(dictionary, textOf)
  const text = (number: number) => {
    const value = dictionary.get(number)
    return value === undefined ? null : textOf(value)
  }
  return {
    kind: 'text',
    text: (row) => text(numberOf(row)),
    number: noNumber,
    get distinct() {
      return { end: dictionary.end, textOf: text, numberOf }
    },
    levels: [
      {
        ofRow: (row) => ranks.get()[numberOf(row)] ?? Number.NaN,
        ofValue: (value) => ranks.rankOf(String(value)),
      },
    ],
  }
}

function idColumn(table: TaskTable): TaskColumn {
  const ranks = new Ranks(table.tails, ({ text }) => text)
  const high = (row: number) => table.columns.high[row] ?? 0
  const low = (row: number) => table.columns.low[row] ?? 0
  return {
    kind: 'text',
    text: (row) => taskIdOf(table, row),
    number: noNumber,
    get id() {
      const tailText = (number: number) => table.tails.get(number)?.text ?? ''
      return { high, low, tail: (row: number) => table.columns.tail[row] ?? 0, tailText, tailEnd: table.tails.end }
    },
    levels: idLevels(high, low, {
      ofRow: (row) => ranks.get()[table.columns.tail[row] ?? 0] ?? Number.NaN,
      ofText: (text) => ranks.rankOf(text),
    }),
  }
}

/** 64 bits do not fit in a number: the upper 53 first, then the others. */
function idLevels(
  high: (row: number) => number,
  low: (row: number) => number,
  tail: { ofRow: (row: number) => number; ofText: (text: string) => number },
): TaskColumn['levels'] {
  const word = (value: string | number, at: number) =>
    Number.parseInt(
      String(value)
        .slice(at, at + 8)
        .padEnd(8, '0'),
      16,
    ) || 0
  return [
    {
      ofRow: (row) => high(row) * two21 + (low(row) >>> 11),
      ofValue: (value) => word(value, 0) * two21 + (word(value, 8) >>> 11),
    },
    { ofRow: (row) => low(row) & 0x7ff, ofValue: (value) => word(value, 8) & 0x7ff },
    { ofRow: tail.ofRow, ofValue: (value) => tail.ofText(String(value).slice(16)) },
  ]
}

export function taskIdOf({ columns, tails }: TaskTable, row: number): string {
  return hex8(columns.high[row] ?? 0) + hex8(columns.low[row] ?? 0) + (tails.get(columns.tail[row] ?? 0)?.text ?? '')
}

/** What a driver made, and a driver itself, belongs to the driver's own task. */
export function parentIdOf({ columns, parents, tails }: TaskTable, row: number): string {
  if (parents === undefined || ((columns.flags[row] ?? 0) & flag.hasParent) === 0) {
    return 'f'.repeat(40) + (tails.get(columns.tail[row] ?? 0)?.jobId ?? '')
  }
  return hex8(parents.high[row] ?? 0) + hex8(parents.low[row] ?? 0) + (tails.get(parents.tail[row] ?? 0)?.text ?? '')
}

/**
 * The parent of what a driver made is the driver's task, whose tail need not be one of the tails of the table: such rows are given
 * numbers behind those of the tails, one for each tail of a child.
 */
function parentColumn(table: TaskTable): TaskColumn {
  const driverTail = (number: number) => 'f'.repeat(24) + (table.tails.get(number)?.jobId ?? '')
  const ranks = new Ranks(table.tails, ({ text }) => text)
  const driverRanks = new Map<number, number>()
  let version = -1
  const driverRank = (tail: number): number => {
    if (version !== table.tails.version) driverRanks.clear()
    version = table.tails.version
    const known = driverRanks.get(tail)
    if (known !== undefined) return known
    const rank = ranks.rankOf(driverTail(tail))
    driverRanks.set(tail, rank)
    return rank
  }
  const hasParent = (row: number) => ((table.columns.flags[row] ?? 0) & flag.hasParent) !== 0
  const word = (column: 'high' | 'low') => (row: number) => (hasParent(row) ? (table.parents?.[column][row] ?? 0) : 0xffff_ffff)
  const own = (row: number) => table.columns.tail[row] ?? 0
  const given = (row: number) => table.parents?.tail[row] ?? 0
  return {
    kind: 'text',
    text: (row) => parentIdOf(table, row),
    number: noNumber,
    get id() {
      const { end } = table.tails
      return {
        high: word('high'),
        low: word('low'),
        tail: (row: number) => (hasParent(row) ? given(row) : end + own(row)),
        tailText: (number: number) => (number < end ? (table.tails.get(number)?.text ?? '') : driverTail(number - end)),
        tailEnd: end * 2,
      }
    },
    levels: idLevels(word('high'), word('low'), {
      ofRow: (row) => (hasParent(row) ? (ranks.get()[given(row)] ?? Number.NaN) : driverRank(own(row))),
      ofText: (text) => ranks.rankOf(text),
    }),
  }
}

function messageColumn(table: TaskTable): TaskColumn {
  // Put in order by their first letters: 6 chars of 8 bits fit a number.
  const key = (text: string | undefined) => {
    if (text === undefined) return Number.NaN
    let value = 0
    for (let at = 0; at < 6; at += 1) value = value * 256 + Math.min(255, text.charCodeAt(at) || 0)
    return value
  }
  return {
    kind: 'text',
    text: (row) => (table.columns.error[row] === 0 ? null : (table.messages.get(row) ?? null)),
    number: noNumber,
    levels: [
      {
        ofRow: (row) => (table.columns.error[row] === 0 ? Number.NaN : key(table.messages.get(row))),
        ofValue: (value) => key(String(value)),
      },
    ],
  }
}

import type { LogSelector } from '../../api/logs.ts'
import { type FlagValues, UsageError } from '../command.ts'
import { parseCount } from '../values.ts'

const kinds = ['cluster', 'job', 'actor', 'worker', 'task'] as const
const levels = ['debug', 'info', 'warn', 'error'] as const

/** What was typed behind `shoal logs`. */
export type WantedLog = {
  readonly kind: (typeof kinds)[number]
  /** Of kind `cluster`: which files. */
  readonly glob: string
  readonly id: string | undefined
  readonly pid: number | undefined
  readonly attempt: number
  readonly nodeId: string | undefined
  readonly nodeIp: string | undefined
  readonly stream: 'out' | 'err'
  readonly tail: number
  readonly follows: boolean
  readonly isRaw: boolean
  readonly grep: string | undefined
  readonly level: (typeof levels)[number] | undefined
}

/** @throws UsageError naming what is wrong. */
export function readWanted(values: FlagValues, words: readonly string[]): WantedLog {
  const [first, second, more] = words
  const kind = kinds.find((each) => each === first) ?? 'cluster'
  const word = kind === first ? second : first
  const extra = kind === first ? more : second
  if (extra !== undefined)
    throw new UsageError(
      `logs ${kind} takes one ${kind === 'cluster' ? 'GLOB' : 'id'}, got ${JSON.stringify(extra)} too; put a GLOB in quotes`,
    )
  const id = kind === 'cluster' ? undefined : (word ?? values.find('id'))
  const pidText = values.find('pid')
  const pid = pidText === undefined ? undefined : parseCount('--pid', pidText)
  if (kind === 'worker' ? pid === undefined : kind !== 'cluster' && id === undefined) {
    throw new UsageError(kind === 'worker' ? 'logs worker needs --pid PID' : `logs ${kind} needs an id: shoal logs ${kind} ID`)
  }
  if (id !== undefined && kind in idLengths) checkId(kind, id)
  const nodeId = values.find('node-id')
  if (nodeId !== undefined) checkId('node', nodeId)
  const level = values.find('level')
  const known = levels.find((each) => each === level)
  if (level !== undefined && known === undefined)
    throw new UsageError(`--level must be one of ${levels.join(', ')}, got ${JSON.stringify(level)}`)
  return {
    kind,
    glob: kind === 'cluster' ? (word ?? '*') : '*',
    id,
    pid,
    attempt: parseCount('--attempt-number', values.find('attempt-number') ?? '0'),
    nodeId,
    nodeIp: values.find('node-ip'),
    stream: values.has('err') ? 'err' : 'out',
    tail: parseTail(values.find('tail') ?? '1000'),
    follows: values.has('follow'),
    isRaw: values.has('raw'),
    grep: values.find('grep'),
    level: known,
  }
}

const idLengths: Readonly<Record<string, number>> = { actor: 32, task: 48, node: 56 }

/** @throws UsageError */
function checkId(kind: string, id: string): void {
  const digits = idLengths[kind] ?? 0
  if (id.length === digits && /^[0-9a-f]+$/.test(id)) return
  throw new UsageError(
    `the id of ${kind === 'actor' ? 'an' : 'a'} ${kind} has ${digits} hex digits, got ${JSON.stringify(id.slice(0, 100))}; see shoal list ${kind}s`,
  )
}

/** The files of it, for the merged stream; `nodeId` is that of `--node-ip`. */
export function selectorOf({ kind, glob, id, pid, stream }: WantedLog, nodeId: string | undefined): LogSelector {
  const node = nodeId === undefined ? {} : { node_id: nodeId }
  switch (kind) {
    case 'cluster':
      return { ...node, file: glob }
    case 'job':
      return { ...node, submission_id: id }
    case 'actor':
      return { ...node, actor_id: id, stream }
    case 'worker':
      return { ...node, pid, stream }
    case 'task':
      throw new UsageError('logs task cannot be followed by lines with --grep: leave --grep out')
  }
}

function parseTail(text: string): number {
  if (text === '-1') return -1
  return parseCount('--tail', text)
}

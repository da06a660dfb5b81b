import { join } from 'node:path'
import { clusterName } from './soak-cluster.ts'
import type { GivenInput } from '#src-main/contract/panel.ts'
import type { JobStatus } from '#runtime/api/jobs.ts'
import { repository } from '../tidy/repository-files.ts'
import type { JobKind, PlannedJob } from './plan.ts'
import { answerOfActors, answerOfObjects, answerOfTasks } from './programs/answers.ts'

/** A job with all that is known of its end before it begins. */
export type KnownJob = {
  readonly id: string
  readonly kind: JobKind
  readonly submit: GivenInput<'jobs.submit'>
  readonly ends: JobStatus
  readonly exitCode: number | null
  /** Numbered lines `id N`: how many there are, or `any` that are in order. */
  readonly lines: number | 'any'
  /** What stands behind `ANSWER ` in its log. */
  readonly answer: string | undefined
  /** When it is stopped, counted from when it runs. */
  readonly stopAfterMs: number | undefined
}

const folder = { kind: 'folder', path: join(repository, 'test', 'soak', 'programs') } as const
const lineEveryS = 0.25

export function knownJob({ kind, number, size, onHead }: PlannedJob): KnownJob {
  const id = `${kind}-${number}`
  const plain = { ends: 'SUCCEEDED', exitCode: 0, lines: 0, answer: undefined, stopAfterMs: undefined } as const
  const submit = (entrypoint: string, isProgram = false) => ({
    cluster: clusterName,
    submissionId: id,
    entrypoint,
    resources: onHead ? {} : { cpus: 0.1 },
    ...(isProgram && { folder }),
  })
  const between = (least: number, most: number) => least + Math.floor(size * (most - least))
  switch (kind) {
    case 'shell': {
      const lines = between(10, 4_000)
      const half = Math.ceil(lines / 2)
      return {
        ...plain,
        id,
        kind,
        lines,
        submit: submit(`${count(id, 1, half)}; sleep ${(size * 3).toFixed(1)}; ${count(id, half + 1, lines)}`),
      }
    }
    case 'fails': {
      const exitCode = between(1, 120)
      return { ...plain, id, kind, lines: 5, ends: 'FAILED', exitCode, submit: submit(`${count(id, 1, 5)}; exit ${exitCode}`) }
    }
    case 'stopped':
      return {
        ...plain,
        id,
        kind,
        lines: 'any',
        ends: 'STOPPED',
        exitCode: null,
        stopAfterMs: between(500, 8_000),
        submit: submit(steadily(id, 100_000)),
      }
    case 'steady': {
      const lines = between(160, 400)
      return { ...plain, id, kind, lines, submit: submit(steadily(id, lines)) }
    }
    case 'tasks': {
      const tasks = between(40, 240)
      return { ...plain, id, kind, answer: answerOfTasks(tasks), submit: submit(`node tasks.ts ${tasks} ${answerOfTasks(tasks)}`, true) }
    }
    case 'objects': {
      const [objects, bytes] = [between(8, 40), 2_000_000]
      return {
        ...plain,
        id,
        kind,
        answer: answerOfObjects(objects, bytes),
        submit: submit(`node objects.ts ${objects} ${bytes} ${answerOfObjects(objects, bytes)}`, true),
      }
    }
    case 'actors': {
      const [actors, calls] = [between(2, 8), 30]
      return {
        ...plain,
        id,
        kind,
        answer: answerOfActors(actors, calls),
        submit: submit(`node actors.ts ${actors} ${calls} ${answerOfActors(actors, calls)}`, true),
      }
    }
  }
}

const count = (id: string, from: number, to: number): string => `seq -f '${id} %.0f' ${from} ${to}`
const steadily = (id: string, lines: number): string =>
  `n=0; while [ $n -lt ${lines} ]; do n=$((n+1)); echo "${id} $n"; sleep ${lineEveryS}; done`

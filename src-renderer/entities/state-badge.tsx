import { Ban, Check, CircleDashed, CircleX, Clock, Loader, type LucideIcon, Skull } from 'lucide-react'
import { Badge, type Tone } from '../ui/badge.tsx'

export type StatefulKind = 'task' | 'actor' | 'job' | 'node' | 'placement-group' | 'worker'

type Look = { readonly tone: Tone; readonly icon: LucideIcon }
const waiting: Look = { tone: 'warn', icon: Clock }
const starting: Look = { tone: 'info', icon: CircleDashed }
const running: Look = { tone: 'info', icon: Loader }
const alive: Look = { tone: 'good', icon: Check }
const done: Look = { tone: 'good', icon: Check }
const failed: Look = { tone: 'bad', icon: CircleX }
const stopped: Look = { tone: 'idle', icon: Ban }
const dead: Look = { tone: 'idle', icon: Skull }

/** The words are Ray's, as everything that speaks of these states uses them. */
const looks: Readonly<Record<StatefulKind, Readonly<Record<string, Look>>>> = {
  task: {
    NIL: starting,
    PENDING_ARGS_AVAIL: waiting,
    PENDING_NODE_ASSIGNMENT: waiting,
    PENDING_OBJ_STORE_MEM_AVAIL: waiting,
    PENDING_ARGS_FETCH: starting,
    SUBMITTED_TO_WORKER: starting,
    PENDING_ACTOR_TASK_ARGS_FETCH: starting,
    PENDING_ACTOR_TASK_ORDERING_OR_CONCURRENCY: waiting,
    GETTING_AND_PINNING_ARGS: starting,
    RUNNING: running,
    RUNNING_IN_RAY_GET: running,
    RUNNING_IN_RAY_WAIT: running,
    FINISHED: done,
    FAILED: failed,
  },
  actor: { DEPENDENCIES_UNREADY: waiting, PENDING_CREATION: waiting, ALIVE: alive, RESTARTING: starting, DEAD: dead },
  job: { PENDING: waiting, RUNNING: running, STOPPED: stopped, SUCCEEDED: done, FAILED: failed },
  node: { ALIVE: alive, DRAINING: waiting, DEAD: failed },
  'placement-group': { PENDING: waiting, PREPARED: starting, CREATED: alive, REMOVED: stopped, RESCHEDULING: starting },
  worker: { ALIVE: alive, DEAD: dead },
}

export const lookOf = (kind: StatefulKind, state: string): Look => looks[kind][state] ?? { tone: 'idle', icon: CircleDashed }

/** A state in its own word, with the tone and sign of what it means. */
export function StateBadge({ kind, state }: { readonly kind: StatefulKind; readonly state: string | null | undefined }) {
  if (state === null || state === undefined || state === '') return <span className="text-faint">–</span>
  const { tone, icon } = lookOf(kind, state)
  return (
    <Badge tone={tone} icon={icon}>
      {state}
    </Badge>
  )
}

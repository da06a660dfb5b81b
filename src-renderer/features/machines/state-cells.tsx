import { Cable, CircleCheck, CircleDashed, CircleX, LoaderCircle, type LucideIcon, MessageCircleQuestion } from 'lucide-react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useQuestions } from '../../api/live-things.ts'
import { verdictOf } from '../../entities/machine-verdict.ts'
import { VerdictBadge } from '../../entities/verdict-badge.tsx'
import { useText } from '../../i18n/messages.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { useIsChecking } from './checking.ts'
import { troubleOf } from './machine-words.ts'
import { messages } from './messages.ts'

type Standing = Machine['reach']['state'] | 'checking' | 'asking'

const looks: Readonly<Record<Standing, { readonly tone: Tone; readonly icon: LucideIcon }>> = {
  connected: { tone: 'good', icon: Cable },
  reachable: { tone: 'good', icon: CircleCheck },
  unreachable: { tone: 'bad', icon: CircleX },
  'never-tried': { tone: 'idle', icon: CircleDashed },
  checking: { tone: 'info', icon: LoaderCircle },
  asking: { tone: 'info', icon: MessageCircleQuestion },
}

/** How we stand with a machine, or what is going on with it. */
export function ReachBadge({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  const isChecking = useIsChecking(machine)
  const isAsking = useQuestions().values.some(({ machineId }) => machineId === machine.id)
  const standing: Standing = isAsking ? 'asking' : isChecking ? 'checking' : machine.reach.state
  const { tone, icon } = looks[standing]
  return (
    <span title={standing === 'unreachable' ? (machine.reach.message ?? undefined) : undefined} className="inline-flex min-w-0">
      <Badge tone={tone} icon={icon}>
        {t(standing)}
      </Badge>
    </span>
  )
}

/** What the last check said, and the worst of it. */
export function ResultCell({ machine }: { readonly machine: Machine }) {
  const verdict = verdictOf(machine)
  const trouble = troubleOf(machine)
  if (verdict === 'unknown') return <span className="text-faint">–</span>
  return (
    <span className="flex items-center gap-2" title={trouble === '' ? undefined : trouble}>
      <VerdictBadge verdict={verdict} findings={machine.findings} />
      {(verdict === 'blocked' || verdict === 'warned') && <span className="min-w-0 truncate text-soft">{trouble}</span>}
    </span>
  )
}

import {
  Cable,
  CircleCheck,
  CircleDashed,
  CircleX,
  LoaderCircle,
  type LucideIcon,
  MessageCircleQuestion,
  TriangleAlert,
} from 'lucide-react'
import type { Machine } from '../../../src-main/contract/machines.ts'
import { useQuestions } from '../../api/live-things.ts'
import { type MachineVerdict, verdictOf } from '../../entities/machine-verdict.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge, textTones, type Tone } from '../../ui/badge.tsx'
import { classNames } from '../../ui/class-names.ts'
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

type Fitness = Exclude<MachineVerdict, 'unknown'>
const results: Readonly<Record<Fitness, { readonly tone: Tone; readonly icon: LucideIcon }>> = {
  fit: { tone: 'good', icon: CircleCheck },
  warned: { tone: 'warn', icon: TriangleAlert },
  blocked: { tone: 'bad', icon: CircleX },
}

/** What the last check said: the worst of it, and how much more there is. */
export function ResultCell({ machine }: { readonly machine: Machine }) {
  const t = useText(messages)
  const verdict = verdictOf(machine)
  if (verdict === 'unknown') return <span className="text-faint">–</span>
  const { tone, icon: Icon } = results[verdict]
  const wrong = machine.findings.filter(({ level }) => level !== 'ok')
  return (
    <span className="flex items-center gap-1.5" title={wrong.map(({ title }) => title).join('\n') || undefined}>
      <Icon size={14} aria-hidden className={classNames('shrink-0', textTones[tone])} />
      <span className="min-w-0 truncate">
        <span className={verdict === 'fit' ? undefined : 'sr-only'}>{t(verdict)}</span> {verdict !== 'fit' && troubleOf(machine)}
      </span>
      {wrong.length > 1 && <span className="shrink-0 text-faint">+{wrong.length - 1}</span>}
    </span>
  )
}

import { Check, CircleDashed, CircleX, LoaderCircle, MessageCircleQuestion, TriangleAlert } from 'lucide-react'
import type { Finding } from '../../../src-main/contract/machines.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge } from '../../ui/badge.tsx'
import type { PreflightVerdict } from './use-preflight.ts'
import { messages } from './new-messages.ts'

type VerdictBadgeProps = { readonly verdict: PreflightVerdict; readonly findings: readonly Finding[] }

export function VerdictBadge({ verdict, findings }: VerdictBadgeProps) {
  const t = useText(messages)
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length
  switch (verdict) {
    case 'unknown':
      return (
        <Badge tone="idle" icon={CircleDashed}>
          {t('unknown')}
        </Badge>
      )
    case 'checking':
      return (
        <Badge tone="info" icon={LoaderCircle}>
          {t('checking')}
        </Badge>
      )
    case 'asking':
      return (
        <Badge tone="info" icon={MessageCircleQuestion}>
          {t('asking')}
        </Badge>
      )
    case 'fit':
      return (
        <Badge tone="good" icon={Check}>
          {t('fit')}
        </Badge>
      )
    case 'warned':
      return (
        <Badge tone="warn" icon={TriangleAlert}>
          {t('warnings', { count: count('warning') })}
        </Badge>
      )
    case 'blocked':
      return (
        <Badge tone="bad" icon={CircleX}>
          {t('blockers', { count: count('blocker') })}
        </Badge>
      )
  }
}

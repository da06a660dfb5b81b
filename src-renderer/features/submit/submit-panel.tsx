import { CheckCircle2, CircleX, Clock, TriangleAlert } from 'lucide-react'
import type { JobPlan } from '../../../src-main/contract/jobs.ts'
import { useFormat } from '../../i18n/format.ts'
import { useText } from '../../i18n/messages.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Meter } from '../../ui/meter.tsx'
import { messages } from './messages.ts'
import type { Submission } from './use-submit.ts'

/** What would become of it, the same as a command, and the button. */
export function SubmitPanel({ submission }: { readonly submission: Submission }) {
  const t = useText(messages)
  const { plan, planError, isBusy, error, cancel, lacksPackages } = submission
  return (
    <div className="flex min-w-0 flex-col gap-4 lg:sticky lg:top-0 lg:self-start">
      <Card title={t('plan')}>
        {plan === undefined && planError === null && <p className="text-faint">{t('commandMissing')}</p>}
        {planError !== null && <ErrorNote error={planError} />}
        {plan !== undefined && <PlanView plan={plan} />}
        <Warnings texts={[...(plan?.warnings ?? []), ...(lacksPackages ? [t('lacksPackages')] : [])]} />
      </Card>
      {error !== undefined && <ErrorNote error={error} title={t('failedTitle')} />}
      <Progress submission={submission} />
      <div className="flex gap-2">
        <Button type="submit" variant="primary" isBusy={isBusy}>
          {isBusy ? t('submitting') : t('submit')}
        </Button>
        {isBusy && <Button onClick={cancel}>{t('cancel')}</Button>}
      </div>
      {plan !== undefined && (
        <Card title={t('cli')}>
          <CodeBlock text={plan.commandLine} label={t('cli')} isWrapped />
        </Card>
      )}
    </div>
  )
}

function Warnings({ texts }: { readonly texts: readonly string[] }) {
  const t = useText(messages)
  return (
    <div role="status">
      {texts.length > 0 && (
        <div className="mt-3 rounded-md border border-warn-line bg-warn-soft px-3 py-2">
          <p className="flex items-center gap-1.5 font-medium text-warn">
            <TriangleAlert size={14} aria-hidden />
            {t('warnings')}
          </p>
          {texts.map((text) => (
            <p key={text} className="break-words">
              {text}
            </p>
          ))}
        </div>
      )}
    </div>
  )
}

function Progress({ submission: { sent, upload } }: { readonly submission: Submission }) {
  const t = useText(messages)
  const format = useFormat()
  if (sent === null && upload === undefined) return null
  const [done, total] = sent === null ? [upload?.sentBytes ?? 0, upload?.totalBytes ?? 0] : [sent.done, sent.total]
  const phase = t(`phase-${sent === null ? (upload?.phase ?? 'sending') : 'receiving'}`)
  return (
    <div role="status" className="flex flex-col gap-1 text-sm">
      <span>
        {phase}: {t('sending', { done: format.bytes(done), total: format.bytes(total) })}
      </span>
      <Meter value={total > 0 ? done / total : 0} tone="info" label={phase} />
    </div>
  )
}

const looks = {
  now: { tone: 'good', icon: CheckCircle2, word: 'fits-now' },
  later: { tone: 'warn', icon: Clock, word: 'fits-later' },
  never: { tone: 'bad', icon: CircleX, word: 'fits-never' },
} as const
const verdictTones: Readonly<Record<JobPlan['nodes'][number]['verdict'], Tone>> = {
  fits: 'good',
  busy: 'info',
  'too-small': 'bad',
  labels: 'warn',
  affinity: 'warn',
  draining: 'warn',
  unreachable: 'bad',
  dead: 'idle',
}
const shownNodes = 8

function PlanView({ plan }: { readonly plan: JobPlan }) {
  const t = useText(messages)
  const format = useFormat()
  const look = looks[plan.fits]
  return (
    <div className="flex flex-col gap-3" aria-live="polite">
      <div>
        <Badge tone={look.tone} icon={look.icon}>
          {t(look.word)}
        </Badge>
        <p className="mt-1">{plan.why}</p>
        <p className="text-sm text-soft">{t('behind', { count: plan.waitsBehind })}</p>
      </div>
      {plan.problems.length > 0 && (
        <div className="rounded-md border border-bad-line bg-bad-soft px-3 py-2">
          <p className="font-medium text-bad">{t('problems')}</p>
          <ul className="list-disc pl-4">
            {plan.problems.map((problem) => (
              <li key={problem} className="break-words">
                {problem}
              </li>
            ))}
          </ul>
        </div>
      )}
      {plan.package !== null && (
        <div className="text-sm">
          <p>{t('package', { files: plan.package.files, size: format.bytes(plan.package.bytes), ignored: plan.package.ignored })}</p>
          <p className="text-faint">
            {t('largest')}:{' '}
            {plan.package.largest
              .slice(0, 3)
              .map(({ path, bytes }) => `${path} (${format.bytes(bytes)})`)
              .join(', ')}
          </p>
        </div>
      )}
      <ul className="text-sm" aria-label={t('where')}>
        {plan.nodes.slice(0, shownNodes).map((node) => (
          <li key={node.nodeId} className="flex items-start gap-2 border-t py-1">
            <Badge tone={verdictTones[node.verdict]}>{t(node.verdict === 'labels' ? 'labelsDiffer' : node.verdict)}</Badge>
            <span className="min-w-0 flex-1">
              <span className="font-medium">{node.name}</span> <span className="text-soft">{node.why}</span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

import { RefreshCw } from 'lucide-react'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { changeDraft, useDraft } from './draft.ts'
import { isFit } from '../../entities/machine-verdict.ts'
import { messages } from './new-messages.ts'
import { PreflightTable } from './preflight-table.tsx'
import { ReachSection } from './reach-section.tsx'
import { StepFooter } from './step-nav.tsx'
import { useMembers } from './use-members.ts'
import { type Preflight, usePreflight } from './use-preflight.ts'

type CheckStepProps = { readonly onBack: () => void; readonly onNext: () => void }

/** Is each machine fit, and do they reach each other? */
export function CheckStep({ onBack, onNext }: CheckStepProps) {
  const t = useText(messages)
  const { members, leftOut } = useMembers()
  const draft = useDraft()
  const preflight = usePreflight(members)
  const fit = members.filter((machine) => ['fit', 'warned'].includes(preflight.verdictFor(machine)))
  const blocked = members.filter((machine) => preflight.verdictFor(machine) === 'blocked')
  const leaveOut = (ids: readonly string[]) => changeDraft({ leftOut: [...new Set([...draft.leftOut, ...ids])] })
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-3">
        <p className="flex-1 text-soft">{t('checkIntro')}</p>
        <Button icon={RefreshCw} disabled={preflight.isRunning} onClick={() => preflight.check(members)}>
          {t('checkAll')}
        </Button>
      </div>
      {preflight.error !== null && <ErrorNote error={preflight.error} onRetry={() => preflight.check(members)} />}
      <PreflightTable members={members} preflight={preflight} onLeaveOut={(id) => leaveOut([id])} />
      {leftOut.length > 0 && (
        <p className="mt-2 flex flex-wrap items-center gap-2 text-soft">
          {t('leftOut', { names: leftOut.map(({ name }) => name).join(', ') })}
          <Button size="sm" onClick={() => changeDraft({ leftOut: [] })}>
            {t('takeIn')}
          </Button>
        </p>
      )}
      <ReachSection
        members={members.filter(isFit)}
        isReady={!preflight.isRunning && members.every(({ id }) => draft.checked.includes(id))}
        isAlone={members.length === 1}
      />
      <StepFooter note={<Note total={members.length} fit={fit.length} blocked={blocked.length} preflight={preflight} />}>
        {blocked.length > 0 && fit.length > 0 && <Button onClick={() => leaveOut(blocked.map(({ id }) => id))}>{t('leaveBlocked')}</Button>}
        <Button onClick={onBack}>{t('back')}</Button>
        <Button variant="primary" disabled={fit.length === 0 || preflight.isRunning} onClick={onNext}>
          {t('next')}
        </Button>
      </StepFooter>
    </>
  )
}

type NoteProps = { readonly total: number; readonly fit: number; readonly blocked: number; readonly preflight: Preflight }

function Note({ total, fit, blocked, preflight: { isRunning } }: NoteProps) {
  const t = useText(messages)
  if (!isRunning && fit === 0) return <span className="text-bad">{t('noneFit')}</span>
  return (
    <>
      <span className="font-medium text-ink">{t('checkedSummary', { fit, count: total })}</span>
      {isRunning && <span> · {t('checkedLeft', { count: total - fit - blocked })}</span>}
      {!isRunning && blocked > 0 && <span> · {t('blockedSummary', { count: blocked })}</span>}
    </>
  )
}

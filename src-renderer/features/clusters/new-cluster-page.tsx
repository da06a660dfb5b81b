import { useState } from 'react'
import { useClusters } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { PathLink } from '../../navigation/link.tsx'
import { paths } from '../../navigation/paths.ts'
import { firstOf } from '../../navigation/query.ts'
import { useQueryState } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { CheckStep } from './check-step.tsx'
import { forgetDraft, useDraft, wantedIds } from './draft.ts'
import { HostsStep } from './hosts-step.tsx'
import { messages } from './new-messages.ts'
import { PlanStep, type PlanStepProps } from './plan-step.tsx'
import { settingsProblems } from './settings-check.ts'
import { SettingsStep } from './settings-step.tsx'
import { StepNav, StepSection } from './step-nav.tsx'
import { type BuildStep, buildSteps } from './steps.ts'
import { useMembers } from './use-members.ts'

/** From hosts to a cluster: which machines, are they fit, how it shall be, what will be done. */
export function NewClusterPage() {
  const t = useText(messages)
  const [query, change] = useQueryState()
  const draft = useDraft()
  const { isKnown } = useMembers()
  const clusters = useClusters()
  const reach = furthest(wantedIds(draft).length > 0, Object.keys(settingsProblems(draft, clusters.values)).length === 0)
  const asked = buildSteps.find((step) => step === firstOf(query['step'])) ?? 'hosts'
  const [isCreating, setCreating] = useState(false) // its name is taken by itself then
  const step = isCreating || buildSteps.indexOf(asked) <= buildSteps.indexOf(reach) ? asked : reach
  const goTo = (next: BuildStep) => change({ step: next === 'hosts' ? undefined : next }, { push: true })
  return (
    <Page
      title={t('title')}
      breadcrumbs={[
        <PathLink key="clusters" to={paths.home()}>
          {t('clusters')}
        </PathLink>,
      ]}
      actions={
        draft.members.length > 0 && (
          <Button
            variant="quiet"
            onClick={() => {
              forgetDraft()
              goTo('hosts')
            }}
          >
            {t('startOver')}
          </Button>
        )
      }
    >
      <StepNav step={step} furthest={reach} onStep={goTo} />
      <StepSection step={step}>
        {isKnown ? <StepView step={step} onStep={goTo} isCreating={isCreating} onCreating={setCreating} /> : <SkeletonRows rows={8} />}
      </StepSection>
    </Page>
  )
}

/** Up to where one may jump: what is before is filled in. */
function furthest(hasMembers: boolean, isSettled: boolean): BuildStep {
  if (!hasMembers) return 'hosts'
  return isSettled ? 'plan' : 'settings'
}

type StepViewProps = Omit<PlanStepProps, 'onBack'> & { readonly step: BuildStep; readonly onStep: (step: BuildStep) => void }

function StepView({ step, onStep, ...creating }: StepViewProps) {
  switch (step) {
    case 'hosts':
      return <HostsStep onNext={() => onStep('check')} />
    case 'check':
      return <CheckStep onBack={() => onStep('hosts')} onNext={() => onStep('settings')} />
    case 'settings':
      return <SettingsStep onBack={() => onStep('check')} onNext={() => onStep('plan')} />
    case 'plan':
      return <PlanStep onBack={() => onStep('settings')} {...creating} />
  }
}

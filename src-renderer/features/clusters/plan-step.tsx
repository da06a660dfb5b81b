import { useQuery } from '@tanstack/react-query'
import { Hammer, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import type { Plan } from '../../../src-main/contract/clusters.ts'
import { useClusters } from '../../api/live-things.ts'
import { panel, panelQuery } from '../../api/panel.ts'
import { useText } from '../../i18n/messages.ts'
import { paths } from '../../navigation/paths.ts'
import { useGo } from '../../navigation/use-navigation.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { ErrorNote } from '../../ui/error-note.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { SkeletonRows } from '../../ui/skeleton.tsx'
import { createCommand, type CreateSpec } from './create-command.ts'
import { forgetDraft, useDraft } from './draft.ts'
import { messages } from './new-messages.ts'
import { blockedOf } from './plan-groups.ts'
import { PlanView } from './plan-view.tsx'
import { clusterNameOf, raySetupOf } from './settings-check.ts'
import { StepFooter } from './step-nav.tsx'
import { useHead } from './use-head.ts'
import { useMembers } from './use-members.ts'

export type PlanStepProps = {
  readonly onBack: () => void
  readonly isCreating: boolean
  readonly onCreating: (isCreating: boolean) => void
}

/** What will be done, before anything is; and then it is done. */
export function PlanStep({ onBack, isCreating, onCreating }: PlanStepProps) {
  const t = useText(messages)
  const { members } = useMembers()
  const spec = useSpec()
  const nameOf = (id: string) => members.find((machine) => machine.id === id)?.name ?? id
  const { data, error, isFetching, refetch } = useQuery({
    ...panelQuery('clusters.planCreate', { spec, probe: true }),
    staleTime: 0,
    gcTime: 0,
    refetchOnReconnect: false,
  })
  const plan = data?.plan
  return (
    <>
      <div className="flex flex-col gap-4">
        {error !== null ? (
          <ErrorNote error={error} onRetry={() => void refetch()} />
        ) : plan === undefined ? (
          <div role="status">
            <p className="text-soft">{t('planning')}</p>
            <SkeletonRows rows={6} />
          </div>
        ) : (
          <PlanView plan={plan} />
        )}
        <section className="flex flex-col gap-1">
          <h3 className="text-sm font-medium text-soft">{t('cli')}</h3>
          <CodeBlock text={createCommand(spec, nameOf)} label={t('cli')} isWrapped />
        </section>
      </div>
      <Decision
        spec={spec}
        plan={plan}
        onBack={onBack}
        isPlanning={isFetching}
        onPlan={() => void refetch()}
        isBusy={isCreating}
        onBusy={onCreating}
      />
    </>
  )
}

function useSpec(): CreateSpec {
  const draft = useDraft()
  const clusters = useClusters().values
  const [name] = useState(() => clusterNameOf(draft, clusters)) // once it is created, that name is taken
  const { members } = useMembers()
  const { engine, service, ports } = draft
  const ray = raySetupOf(draft)
  const { headId = '' } = useHead(members)
  const workers = members.map(({ id }) => id).filter((id) => id !== headId)
  return {
    name,
    engine,
    ...(ray && { ray }),
    head: headId,
    workers,
    service,
    ports: { head: Number(ports.head), agent: Number(ports.agent), api: Number(ports.api) },
  }
}

type DecisionProps = {
  readonly spec: CreateSpec
  readonly plan: Plan | undefined
  readonly isPlanning: boolean
  readonly onPlan: () => void
  readonly onBack: () => void
  readonly isBusy: boolean
  readonly onBusy: (isBusy: boolean) => void
}

function Decision({ spec, plan, isPlanning, onPlan, onBack, isBusy, onBusy }: DecisionProps) {
  const t = useText(messages)
  const go = useGo()
  const [withoutBlocked, setWithoutBlocked] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const blocked = plan === undefined ? { whole: [], machines: [] } : blockedOf(plan)
  const isHeadBlocked = blocked.machines.some(({ machineId }) => machineId === spec.head)
  const mayLeaveOut = blocked.machines.length > 0 && blocked.whole.length === 0 && !isHeadBlocked
  const isReady =
    plan !== undefined && !isPlanning && (blocked.machines.length + blocked.whole.length === 0 || (mayLeaveOut && withoutBlocked))
  const create = async () => {
    onBusy(true)
    setFailure(undefined)
    try {
      const { operationId } = await panel.call('clusters.create', { spec, withoutBlocked })
      go(paths.operation(operationId))
      forgetDraft()
    } catch (error) {
      setFailure(error)
      onBusy(false)
    }
  }
  const count = 1 + (spec.workers?.length ?? 0) - (withoutBlocked ? blocked.machines.length : 0)
  return (
    <>
      {failure !== undefined && (
        <div className="mt-4">
          <ErrorNote title={t('createFailed')} error={failure} />
        </div>
      )}
      <StepFooter
        note={
          isHeadBlocked || blocked.whole.length > 0 ? (
            <span className="text-bad">{t(isHeadBlocked ? 'headIsBlocked' : 'wholeIsBlocked')}</span>
          ) : mayLeaveOut && !withoutBlocked ? (
            t('someBlocked', { count: blocked.machines.length })
          ) : (
            plan !== undefined && t('createOf', { name: spec.name, count })
          )
        }
        choice={
          mayLeaveOut && (
            <Checkbox
              label={t('withoutBlocked', { count: blocked.machines.length })}
              isChecked={withoutBlocked}
              onChange={setWithoutBlocked}
            />
          )
        }
      >
        <Button icon={RefreshCw} isBusy={isPlanning} disabled={isBusy} onClick={onPlan}>
          {t('planAgain')}
        </Button>
        <Button disabled={isBusy} onClick={onBack}>
          {isHeadBlocked ? t('otherHead') : t('back')}
        </Button>
        <Button variant="primary" icon={Hammer} isBusy={isBusy} disabled={!isReady} onClick={() => void create()}>
          {t('create', { name: spec.name })}
        </Button>
      </StepFooter>
    </>
  )
}

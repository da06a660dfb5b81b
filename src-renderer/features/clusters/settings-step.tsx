import { useState } from 'react'
import { useClusters } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Select, TextInput } from '../../ui/field.tsx'
import { changeDraft, useDraft } from './draft.ts'
import { EngineChoice } from './engine-choice.tsx'
import { HeadChoice } from './head-choice.tsx'
import { messages } from './new-messages.ts'
import { clusterNameOf, settingsProblems } from './settings-check.ts'
import { StepFooter } from './step-nav.tsx'
import { useMembers } from './use-members.ts'

type SettingsStepProps = { readonly onBack: () => void; readonly onNext: () => void }

/** What it is called, who is its head, and how it comes back. */
export function SettingsStep({ onBack, onNext }: SettingsStepProps) {
  const t = useText(messages)
  const draft = useDraft()
  const { members } = useMembers()
  const clusters = useClusters().values
  const problems = settingsProblems(draft, clusters)
  const isWrong = Object.keys(problems).length > 0
  return (
    <>
      <form
        className="flex max-w-[560px] flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (!isWrong) onNext()
        }}
      >
        <Field label={t('clusterName')} hint={t('clusterNameHint')} error={problems.name && t(problems.name)}>
          {(control) => (
            <TextInput
              {...control}
              autoFocus
              value={clusterNameOf(draft, clusters)}
              onChange={(event) => changeDraft({ name: event.target.value.trim() })}
            />
          )}
        </Field>
        <HeadChoice members={members} />
        <Field label={t('service')} hint={t('serviceHint')}>
          {(control) => (
            <Select
              {...control}
              value={draft.service}
              onChange={(service) => changeDraft({ service })}
              options={[
                { value: 'none', label: t('serviceNone') },
                { value: 'auto', label: t('serviceAuto') },
                { value: 'systemd', label: t('serviceSystemd') },
                { value: 'cron', label: t('serviceCron') },
              ]}
            />
          )}
        </Field>
        <EngineChoice />
        <Ports />
        <button type="submit" className="hidden" aria-hidden tabIndex={-1} />
      </form>
      <StepFooter note={t('total', { count: members.length })}>
        <Button onClick={onBack}>{t('back')}</Button>
        <Button variant="primary" disabled={isWrong} onClick={onNext}>
          {t('next')}
        </Button>
      </StepFooter>
    </>
  )
}

const portWords = {
  head: { label: 'portHead', hint: 'portHeadHint' },
  agent: { label: 'portAgent', hint: 'portAgentHint' },
  api: { label: 'portApi', hint: 'portApiHint' },
} as const
const portKinds = ['head', 'agent', 'api'] as const

function Ports() {
  const t = useText(messages)
  const draft = useDraft()
  const problems = settingsProblems(draft, [])
  const { head, agent, api } = draft.ports
  const [isUnusual] = useState(head !== '6379' || agent !== '6380' || api !== '8265') // it does not close while somebody types in it
  return (
    <details open={isUnusual}>
      <summary className="w-fit text-sm font-medium text-soft hover:text-ink">{t('ports')}</summary>
      <div className="mt-2 grid gap-3 sm:grid-cols-3">
        {portKinds.map((kind) => {
          const problem = problems[kind]
          return (
            <Field key={kind} label={t(portWords[kind].label)} hint={t(portWords[kind].hint)} error={problem && t(problem)}>
              {(control) => (
                <TextInput
                  {...control}
                  inputMode="numeric"
                  value={draft.ports[kind]}
                  onChange={(event) => changeDraft({ ports: { ...draft.ports, [kind]: event.target.value.trim() } })}
                  className="tabular-nums"
                />
              )}
            </Field>
          )
        })}
      </div>
    </details>
  )
}

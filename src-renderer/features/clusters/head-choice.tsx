import type { Machine } from '../../../src-main/contract/machines.ts'
import { useText } from '../../i18n/messages.ts'
import { Field, Select } from '../../ui/field.tsx'
import { changeDraft } from './draft.ts'
import type { HeadReason } from './head-suggestion.ts'
import { verdictOf } from '../../entities/machine-verdict.ts'
import { messages } from './new-messages.ts'
import { useHead } from './use-head.ts'

const reasonWords = {
  'only-one': 'whyOnlyOne',
  fit: 'whyFit',
  reached: 'whyReached',
  'no-gpu': 'whyNoGpu',
  first: 'whyFirst',
} as const satisfies Record<HeadReason, keyof (typeof messages)['en']>

export function HeadChoice({ members }: { readonly members: readonly Machine[] }) {
  const t = useText(messages)
  const { headId, suggestion } = useHead(members)
  const head = members.find(({ id }) => id === headId)
  const isSuggested = headId === suggestion?.machineId
  const why = isSuggested && suggestion !== undefined ? suggestion.reasons.map((reason) => t(reasonWords[reason])).join(', ') : ''
  const isBlocked = head !== undefined && verdictOf(head) === 'blocked'
  return (
    <Field
      label={t('head')}
      hint={`${t('headHint')}${why === '' ? '' : ` ${t('headWhy', { reasons: why })}`}`}
      error={isBlocked ? t('headBlocked', { name: head.name }) : undefined}
    >
      {(control) => (
        <Select
          {...control}
          value={headId ?? ''}
          onChange={(id) => changeDraft({ head: id === suggestion?.machineId ? null : id })}
          options={members.map(({ id, name }) => ({
            value: id,
            label: id === suggestion?.machineId ? t('headSuggested', { name }) : name,
          }))}
        />
      )}
    </Field>
  )
}

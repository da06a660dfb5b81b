import { type FormEvent, useId, useState } from 'react'
import type { Question } from '../../../src-main/contract/questions.ts'
import { useText } from '../../i18n/messages.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox, Field, TextInput } from '../../ui/field.tsx'
import { answerQuestion } from './answer-question.ts'
import { MaskedInput } from './masked-input.tsx'
import { messages } from './messages.ts'
import { type PromptQuestion, userOf } from './question-queue.ts'
import { SecretFooter } from './secret-dialog.tsx'

type PromptsDialogProps = {
  readonly question: PromptQuestion
  /** Of other machines that want the same password. */
  readonly alike: readonly PromptQuestion[]
  readonly nameOf: (question: Question) => string
  readonly more: number
  readonly onLater: () => void
}

/** What a server asks in its own words, such as a one-time code. */
export function PromptsDialog({ question, alike, nameOf, more, onLater }: PromptsDialogProps) {
  const t = useText(messages)
  const formId = useId()
  const [isForAll, setForAll] = useState(false)
  const { id, where, name, instructions, prompts } = question
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const given = new FormData(form)
    const responses = prompts.map((_, index) => String(given.get(`answer-${index}`) ?? ''))
    form.reset()
    for (const each of [id, ...(isForAll ? alike.map((other) => other.id) : [])])
      void answerQuestion(each, { kind: 'responses', responses })
  }
  return (
    <Dialog
      title={t('asks', { where: nameOf(question) })}
      description={<span className="font-mono">{where}</span>}
      isOpen
      onClose={onLater}
      width="sm"
      footer={<SecretFooter formId={formId} label={t('goOn')} questionId={id} />}
    >
      <form id={formId} onSubmit={submit} autoComplete="off" className="flex flex-col gap-3">
        {[name, instructions]
          .filter((text) => text.trim() !== '')
          .map((text) => (
            <p key={text} className="max-h-40 overflow-y-auto break-words whitespace-pre-wrap">
              {text}
            </p>
          ))}
        {prompts.map(({ prompt, isEchoed }, index) => (
          <Field key={`${index} ${prompt}`} label={prompt.trim() === '' ? t('response') : prompt.trim()}>
            {(control) =>
              isEchoed ? (
                <TextInput {...control} name={`answer-${index}`} autoFocus={index === 0} />
              ) : (
                <MaskedInput control={control} name={`answer-${index}`} isFirst={index === 0} />
              )
            }
          </Field>
        ))}
        {alike.length > 0 && (
          <Checkbox label={t('alsoOthers', { count: alike.length, user: userOf(question) })} isChecked={isForAll} onChange={setForAll} />
        )}
        <p className="text-sm text-faint">
          {t('later')} {more > 0 && t('more', { count: more })}
        </p>
      </form>
    </Dialog>
  )
}

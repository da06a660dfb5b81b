import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import type { Question } from '../../../src-main/contract/questions.ts'
import { panelQuery } from '../../api/panel.ts'
import { type Translate, useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox, Field } from '../../ui/field.tsx'
import { answerQuestion, refuse } from './answer-question.ts'
import { MaskedInput } from './masked-input.tsx'
import { messages } from './messages.ts'
import { type SecretQuestion, userOf } from './question-queue.ts'

type SecretDialogProps = {
  readonly question: SecretQuestion
  /** Of other machines that want the same. */
  readonly alike: readonly SecretQuestion[]
  readonly nameOf: (question: Question) => string
  readonly more: number
  readonly onLater: () => void
}

/** A password, or the passphrase of a key. */
export function SecretDialog({ question, alike, nameOf, more, onLater }: SecretDialogProps) {
  const t = useText(messages)
  const formId = useId()
  const [isEmpty, setEmpty] = useState(false)
  const [isKept, setKept] = useState(false)
  const [isForAll, setForAll] = useState(false)
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const secret = String(new FormData(form).get('answer') ?? '')
    if (secret === '') return setEmpty(true)
    form.reset()
    for (const { id } of [question, ...(isForAll ? alike : [])]) void answerQuestion(id, { kind: 'secret', secret, keep: isKept })
    return undefined
  }
  const name = nameOf(question)
  return (
    <Dialog
      title={question.kind === 'passphrase' ? t('passphrase') : t(question.kind, { where: question.where })}
      description={descriptionOf(question, name, t)}
      isOpen
      onClose={onLater}
      width="sm"
      footer={<SecretFooter formId={formId} label={question.kind === 'passphrase' ? t('unlock') : t('send')} questionId={question.id} />}
    >
      <form id={formId} onSubmit={submit} autoComplete="off" className="flex flex-col gap-3">
        <Field label={t(`${question.kind}Label`)} error={isEmpty ? t('empty') : question.attempt > 0 ? t('wrong') : undefined}>
          {(control) => <MaskedInput control={control} name="answer" isFirst />}
        </Field>
        {alike.length > 0 && (
          <Checkbox label={t('alsoOthers', { count: alike.length, user: userOf(question) })} isChecked={isForAll} onChange={setForAll} />
        )}
        {question.canKeep ? <KeepChoice isKept={isKept} onChange={setKept} /> : <p className="text-sm text-faint">{t('heldOnly')}</p>}
        <p className="text-sm text-faint">
          {t('later')} {more > 0 && t('more', { count: more })}
        </p>
      </form>
    </Dialog>
  )
}

function descriptionOf(question: SecretQuestion, name: string, t: Translate<keyof (typeof messages)['en']>): string {
  switch (question.kind) {
    case 'password':
      return t('passwordFor', { name })
    case 'passphrase':
      return t('passphraseFor', { file: question.keyFile, name })
    case 'token':
      return t('tokenFor', { cluster: question.cluster })
  }
}

type SecretFooterProps = { readonly formId: string; readonly label: string; readonly questionId: string }

export function SecretFooter({ formId, label, questionId }: SecretFooterProps) {
  const t = useText(messages)
  return (
    <>
      <Button onClick={() => void refuse(questionId)}>{t('notNow')}</Button>
      <Button variant="primary" type="submit" form={formId}>
        {label}
      </Button>
    </>
  )
}

function KeepChoice({ isKept, onChange }: { readonly isKept: boolean; readonly onChange: (isKept: boolean) => void }) {
  const t = useText(messages)
  const { data } = useQuery(panelQuery('secrets.status', {}))
  const label = data?.kind === 'keychain' ? t('keepInKeychain') : data?.kind === 'vault' ? t('keepInVault') : t('keep')
  return <Checkbox label={label} isChecked={isKept} onChange={onChange} />
}

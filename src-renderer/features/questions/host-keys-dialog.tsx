import { useState } from 'react'
import type { Question } from '../../../src-main/contract/questions.ts'
import { useText } from '../../i18n/messages.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/code-block.tsx'
import { CopyButton } from '../../ui/copy-id.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { answerQuestion, refuse } from './answer-question.ts'
import { messages } from './messages.ts'
import { compareCommand, type QuestionOf } from './question-queue.ts'

type KeyQuestion = QuestionOf<'host-key'>
type HostKeysDialogProps = {
  readonly questions: readonly KeyQuestion[]
  readonly nameOf: (question: Question) => string
  readonly onLater: () => void
}

const accept = ({ id, fingerprint }: KeyQuestion) => answerQuestion(id, { kind: 'accept-host-key', fingerprint })

/** Keys of machines that were never seen, one or many in one go. */
export function HostKeysDialog({ questions, nameOf, onLater }: HostKeysDialogProps) {
  const t = useText(messages)
  const [isBusy, setBusy] = useState(false)
  const [first] = questions
  const isOne = questions.length === 1
  const all = async (answer: (question: KeyQuestion) => Promise<void>) => {
    setBusy(true)
    await Promise.all(questions.map(answer))
    setBusy(false)
  }
  if (first === undefined) return null
  return (
    <Dialog
      title={isOne ? t('newKey', { name: nameOf(first) }) : t('newKeys', { count: questions.length })}
      description={isOne ? t('newKeyText') : t('newKeysText')}
      isOpen
      onClose={onLater}
      width={isOne ? 'md' : 'lg'}
      footer={
        <>
          <p className="min-w-48 flex-1 self-center text-sm text-faint">{t('later')}</p>
          <Button isBusy={isBusy} onClick={() => void all(({ id }) => refuse(id))}>
            {isOne ? t('notNow') : t('refuseAll')}
          </Button>
          <Button variant="primary" isBusy={isBusy} onClick={() => void all(accept)}>
            {isOne ? t('trust') : t('trustAll', { count: questions.length })}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {isOne ? <OneKey question={first} /> : <KeyTable questions={questions} nameOf={nameOf} />}
        <details className="text-sm">
          <summary className="w-fit text-soft hover:text-ink">{t('howToCompare')}</summary>
          <p className="mt-1">{t('howToCompareText')}</p>
          <CodeBlock text={compareCommand(first.keyType)} label={t('howToCompare')} className="mt-1" />
        </details>
        <p className="text-sm text-faint">{t('remembered')}</p>
      </div>
    </Dialog>
  )
}

function OneKey({ question: { where, keyType, fingerprint } }: { readonly question: KeyQuestion }) {
  const t = useText(messages)
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
      <dt className="text-faint">{t('address')}</dt>
      <dd className="font-mono break-all">{where}</dd>
      <dt className="text-faint">{t('key')}</dt>
      <dd className="font-mono">{keyType}</dd>
      <dt className="text-faint">{t('fingerprint')}</dt>
      <dd className="flex items-start gap-1">
        <code className="font-mono font-medium break-all">{fingerprint}</code>
        <CopyButton text={fingerprint} />
      </dd>
    </dl>
  )
}

function KeyTable({ questions, nameOf }: Omit<HostKeysDialogProps, 'onLater'>) {
  const t = useText(messages)
  return (
    <div className="max-h-[50vh] overflow-auto rounded-md border">
      <table className="w-full text-sm">
        <thead className="sticky top-0 bg-surface text-left text-faint">
          <tr>
            <th scope="col" className="px-3 py-1 font-medium">
              {t('machine')}
            </th>
            <th scope="col" className="px-3 py-1 font-medium">
              {t('fingerprint')}
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {questions.map((question) => (
            <tr key={question.id} className="border-t align-top">
              <td className="px-3 py-1">
                <p className="font-medium">{nameOf(question)}</p>
                <p className="font-mono text-xs text-faint">{question.where}</p>
              </td>
              <td className="px-3 py-1">
                <p className="font-mono break-all">{question.fingerprint}</p>
                <p className="font-mono text-xs text-faint">{question.keyType}</p>
              </td>
              <td className="px-3 py-1 text-right whitespace-nowrap">
                <Button
                  size="sm"
                  variant="quiet"
                  aria-label={t('refuseOne', { name: nameOf(question) })}
                  onClick={() => void refuse(question.id)}
                >
                  {t('notNow')}
                </Button>{' '}
                <Button size="sm" aria-label={t('trustOne', { name: nameOf(question) })} onClick={() => void accept(question)}>
                  {t('trust')}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

import { useEffect, useMemo, useRef, useState } from 'react'
import { toast } from 'sonner'
import type { Question } from '../../../src-main/contract/questions.ts'
import { useMachines, useQuestions } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { answerQuestion } from './answer-question.ts'
import { ChangedKeyDialog } from './changed-key-dialog.tsx'
import { HostKeysDialog } from './host-keys-dialog.tsx'
import { messages } from './messages.ts'
import { PromptsDialog } from './prompts-dialog.tsx'
import { isNotice, type Next, nextOf } from './question-queue.ts'
import { SecretDialog } from './secret-dialog.tsx'
import { useChangedKeys } from './use-changed-keys.ts'
import { useQuietKeyboard } from './use-quiet-keyboard.ts'
import { WaitingBar } from './waiting-bar.tsx'

/** Whatever connections must know from a person, wherever on the page that person is. */
export function QuestionDesk() {
  const { values } = useQuestions()
  const nameOf = useMachineName()
  const [later, setLater] = useState<ReadonlySet<string>>(new Set())
  const changed = useChangedKeys(values)
  const { isExpected } = changed
  const open = useMemo(() => values.filter((question) => !isNotice(question) && !isExpected(question)), [values, isExpected])
  const asked = useMemo(() => nextOf(open.filter(({ id }) => !later.has(id))), [open, later])
  const isQuiet = useQuietKeyboard()
  const next = useHeld(asked, isQuiet)
  useNotices(values, nameOf)
  const putOff = () => setLater(new Set(open.map(({ id }) => id)))
  const [change] = changed.open
  if (change !== undefined)
    return <ChangedKeyDialog key={change.machine.id} change={change} onRefuse={changed.dismiss} onReplace={changed.expect} />
  return (
    <>
      {next !== undefined && <NextDialog next={next} nameOf={nameOf} more={open.length - countOf(next)} onLater={putOff} />}
      {next === undefined && open.length > 0 && <WaitingBar count={open.length} onAnswer={() => setLater(new Set())} />}
    </>
  )
}

const countOf = (next: Next): number => (next.kind === 'host-keys' ? next.questions.length : 1)

type NextDialogProps = {
  readonly next: Next
  readonly nameOf: (question: Question) => string
  readonly more: number
  readonly onLater: () => void
}

function NextDialog({ next, ...rest }: NextDialogProps) {
  switch (next.kind) {
    case 'host-keys':
      return <HostKeysDialog questions={next.questions} {...rest} />
    case 'secret':
      return <SecretDialog key={next.question.id} question={next.question} alike={next.alike} {...rest} />
    case 'prompts':
      return <PromptsDialog key={next.question.id} question={next.question} alike={next.alike} {...rest} />
  }
}

function useMachineName(): (question: Question) => string {
  const { values } = useMachines()
  const names = useMemo(() => new Map(values.map(({ id, name }) => [id, name])), [values])
  return ({ machineId, where }) => names.get(machineId ?? '') ?? where
}

/** A dialog does not open under the fingers of somebody who types elsewhere; one that is open stays, whoever types. */
function useHeld(asked: Next | undefined, isQuiet: boolean): Next | undefined {
  const [isOpen, setOpen] = useState(false)
  const wanted = asked !== undefined && (isOpen || isQuiet)
  if (wanted !== isOpen) setOpen(wanted)
  return wanted ? asked : undefined
}

/** Servers that only say something before they go on. */
function useNotices(questions: readonly Question[], nameOf: (question: Question) => string): void {
  const t = useText(messages)
  const told = useRef(new Set<string>())
  useEffect(() => {
    for (const question of questions) {
      if (!isNotice(question) || told.current.has(question.id)) continue
      told.current.add(question.id)
      void answerQuestion(question.id, { kind: 'responses', responses: [] })
      const text = [question.name, question.instructions].filter((part) => part !== '').join(' – ')
      if (text !== '') toast.info(t('says', { where: nameOf(question), text }))
    }
  }, [questions, nameOf, t])
}

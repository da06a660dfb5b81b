import { useEffect, useMemo, useRef, useState } from 'react'
import type { Question } from '../../../src-main/contract/questions.ts'
import { useMachines } from '../../api/live-things.ts'
import { answerQuestion } from './answer-question.ts'
import { type ChangedKey, changedKeyOf, changeId, hasChangedKey } from './changed-keys.ts'

type ChangedKeys = {
  /** That nobody has looked at yet. */
  readonly open: readonly ChangedKey[]
  readonly dismiss: (change: ChangedKey) => void
  /** Somebody has compared this key and wants it: when the machine shows it again, it is taken. */
  readonly expect: (change: ChangedKey) => void
  readonly isExpected: (question: Question) => boolean
}

/** Machines that showed another host key since this page was opened. */
export function useChangedKeys(questions: readonly Question[]): ChangedKeys {
  const { values } = useMachines()
  const [openedAtMs] = useState(() => Date.now())
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set())
  const [expected, setExpected] = useState<ReadonlyMap<string, string>>(new Map())
  const answered = useRef(new Set<string>())
  const open = useMemo(
    () =>
      values
        .filter((machine) => hasChangedKey(machine) && machine.reach.sinceMs >= openedAtMs && !seen.has(changeId(machine)))
        .map(changedKeyOf),
    [values, openedAtMs, seen],
  )
  const isExpected = useMemo(
    () => (question: Question) =>
      question.kind === 'host-key' && question.machineId !== null && expected.get(question.machineId) === question.fingerprint,
    [expected],
  )
  useEffect(() => {
    for (const question of questions) {
      if (question.kind !== 'host-key' || !isExpected(question) || answered.current.has(question.id)) continue
      answered.current.add(question.id)
      void answerQuestion(question.id, { kind: 'accept-host-key', fingerprint: question.fingerprint })
    }
  }, [questions, isExpected])
  const dismiss = ({ machine }: ChangedKey) => setSeen((before) => new Set(before).add(changeId(machine)))
  const expect = (change: ChangedKey) => {
    setExpected((before) => new Map(before).set(change.machine.id, change.seen))
    dismiss(change)
  }
  return { open, dismiss, expect, isExpected }
}

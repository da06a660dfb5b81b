import { useEffect, useMemo, useRef, useState } from 'react'
import { useMachines } from '../../api/live-things.ts'
import { useText } from '../../i18n/messages.ts'
import { AddFooter, useAdding } from './add-footer.tsx'
import { messages } from './add-messages.ts'
import { FormFields } from './form-fields.tsx'
import { emptyForm, type FormProblems, problemsOf, specOf, withHostSplit } from './form-model.ts'
import { useKnownLabels } from './use-known-labels.ts'

/** One machine, field by field. */
export function AddOne({ onAdded }: { readonly onAdded: () => void }) {
  const t = useText(messages)
  const [form, setForm] = useState(emptyForm)
  const [refusals, setRefusals] = useState(0)
  const element = useRef<HTMLFormElement>(null)
  const labels = useKnownLabels()
  const { values } = useMachines()
  const { add, ...adding } = useAdding(onAdded)
  const others = useMemo(() => new Set(values.map(({ name }) => name.toLowerCase())), [values])
  const problems = problemsOf(form, { others, isLocal: false })
  const send = () => {
    const whole = withHostSplit(form)
    setForm(whole)
    if (Object.keys(problemsOf(whole, { others, isLocal: false })).length === 0) add([specOf(whole)])
    else setRefusals(refusals + 1)
  }
  useEffect(() => {
    if (refusals > 0) element.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus()
  }, [refusals])
  return (
    <form
      ref={element}
      id="add-one"
      className="flex flex-1 flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <FormFields form={form} problems={refusals > 0 ? problems : withoutMissing(problems)} onChange={setForm} {...labels} />
      <AddFooter specs={[specOf(form)]} form="add-one" note={t('nothingDone')} {...adding} />
    </form>
  )
}

/** What nobody wrote yet is no fault before somebody wants to go on. */
const withoutMissing = ({ host, ...rest }: FormProblems): FormProblems =>
  host === undefined || host === 'hostMissing' ? rest : { ...rest, host }

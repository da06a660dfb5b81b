import { useText } from '../../i18n/messages.ts'
import { Field, TextArea, TextInput } from '../../ui/field.tsx'
import type { JobForm } from './job-form.ts'
import { messages } from './messages.ts'
import type { Submission } from './use-submit.ts'

export type FormPart = { readonly form: JobForm; readonly onChange: (part: Partial<JobForm>) => void; readonly submission: Submission }

type TextField = Exclude<keyof JobForm, 'folderKind'>
type TextProps = FormPart & {
  readonly field: TextField
  readonly label: string
  readonly hint?: string
  readonly placeholder?: string
  readonly rows?: number
  readonly isDisabled?: boolean
}

/** A text of the form, with what is wrong with it once one has begun. */
export function FormText({ field, label, hint, placeholder, rows, isDisabled = false, form, onChange, submission }: TextProps) {
  const t = useText(messages)
  const error = submission.read.errors[field]
  const isShown = error !== undefined && (submission.isTried || (form[field] !== '' && error.word !== 'commandMissing'))
  return (
    <Field label={label} hint={hint} error={isShown ? t(error.word, error.values) : undefined}>
      {(control) => {
        const shared = { ...control, value: form[field], placeholder, className: 'font-mono', disabled: isDisabled }
        return rows === undefined ? (
          <TextInput {...shared} onChange={(event) => onChange({ [field]: event.target.value })} />
        ) : (
          <TextArea {...shared} rows={rows} onChange={(event) => onChange({ [field]: event.target.value })} />
        )
      }}
    </Field>
  )
}

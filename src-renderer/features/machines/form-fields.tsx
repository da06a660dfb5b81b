import { useText } from '../../i18n/messages.ts'
import { classNames } from '../../ui/class-names.ts'
import { Checkbox, Field, TextArea, TextInput } from '../../ui/field.tsx'
import { messages } from './form-messages.ts'
import { type FormField, type FormProblems, type MachineForm, nameOf, ways, withHostSplit } from './form-model.ts'

type FormProps = {
  readonly form: MachineForm
  readonly problems: FormProblems
  readonly onChange: (form: MachineForm) => void
  /** The computer that the panel runs on: no SSH leads there. */
  readonly isLocal?: boolean
  /** Known groups and tags, to choose from while one writes. */
  readonly groups: readonly string[]
  readonly tags: readonly string[]
}

/** All that one can say of a machine. */
export function FormFields(props: FormProps) {
  const t = useText(messages)
  const { form, isLocal = false } = props
  const isRare = form.folder !== '' || form.nodeIp !== '' || form.agentPort !== '' || form.auth.length < ways.length
  return (
    <div className="flex flex-col gap-3">
      <div className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
        {!isLocal && <HostField {...props} />}
        <div className={isLocal ? 'sm:col-span-2' : undefined}>
          <TextField {...props} field="name" placeholder={nameOf({ name: '', host: form.host })} />
        </div>
        {!isLocal && (
          <>
            <div className="grid grid-cols-[1fr_96px] gap-x-4">
              <TextField {...props} field="user" hint={t('fromConfig')} />
              <TextField {...props} field="port" placeholder="22" inputMode="numeric" />
            </div>
            <TextField {...props} field="keyFiles" hint={t('keyFilesHint')} placeholder="~/.ssh/id_ed25519" isMono />
            <div className="sm:col-span-2">
              <TextField {...props} field="jump" hint={t('jumpHint')} isMono />
            </div>
          </>
        )}
        <TextField {...props} field="groups" hint={t('groupsHint')} options={props.groups} />
        <TextField {...props} field="tags" hint={t('commas')} options={props.tags} />
      </div>
      <NotesField {...props} />
      <details open={isRare || undefined} className="group">
        <summary className="w-fit cursor-pointer rounded-md py-1 text-sm font-medium text-soft hover:text-ink">{t('more')}</summary>
        <div className="mt-2 grid gap-x-4 gap-y-3 sm:grid-cols-2">
          <TextField {...props} field="folder" hint={t('folderHint')} placeholder="~/.shoal" isMono />
          <TextField {...props} field="nodeIp" hint={t('nodeIpHint')} isMono />
          <TextField {...props} field="agentPort" hint={t('agentPortHint')} inputMode="numeric" />
          {!isLocal && <WaysField {...props} />}
        </div>
      </details>
    </div>
  )
}

type TextFieldProps = FormProps & {
  readonly field: Exclude<FormField, 'auth'>
  readonly hint?: string
  readonly placeholder?: string
  readonly isMono?: boolean
  readonly inputMode?: 'numeric'
  readonly options?: readonly string[]
}

function TextField({ form, problems, onChange, field, hint, placeholder, isMono = false, inputMode, options = [] }: TextFieldProps) {
  const t = useText(messages)
  const problem = problems[field]
  return (
    <Field label={t(field)} hint={hint} error={problem && t(problem)}>
      {(control) => (
        <>
          <TextInput
            {...control}
            value={form[field]}
            placeholder={placeholder}
            inputMode={inputMode}
            list={options.length > 0 ? `${control.id}-known` : undefined}
            onChange={(event) => onChange({ ...form, [field]: event.target.value })}
            className={classNames('w-full', isMono && 'font-mono text-sm')}
          />
          {options.length > 0 && (
            <datalist id={`${control.id}-known`}>
              {options.map((option) => (
                <option key={option} value={option} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  )
}

/** Somebody who pastes `ada@10.0.0.5:2222` here finds each part in its place. */
function HostField({ form, problems, onChange }: FormProps) {
  const t = useText(messages)
  return (
    <Field label={t('host')} hint={t('hostHint')} error={problems.host && t(problems.host)}>
      {(control) => (
        <TextInput
          {...control}
          value={form.host}
          placeholder="10.0.0.5"
          onChange={(event) => onChange({ ...form, host: event.target.value })}
          onBlur={() => onChange(withHostSplit(form))}
          className="font-mono text-sm"
        />
      )}
    </Field>
  )
}

function NotesField({ form, problems, onChange }: FormProps) {
  const t = useText(messages)
  return (
    <Field label={t('notes')} error={problems.notes && t(problems.notes)}>
      {(control) => (
        <TextArea {...control} rows={2} value={form.notes} onChange={(event) => onChange({ ...form, notes: event.target.value })} />
      )}
    </Field>
  )
}

function WaysField({ form, problems, onChange }: FormProps) {
  const t = useText(messages)
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="text-sm font-medium text-soft">{t('auth')}</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {ways.map((way) => (
          <Checkbox
            key={way}
            label={t(way)}
            isChecked={form.auth.includes(way)}
            onChange={(isOn) => onChange({ ...form, auth: ways.filter((each) => (each === way ? isOn : form.auth.includes(each))) })}
          />
        ))}
      </div>
      {problems.auth !== undefined && <p className="text-sm text-bad">{t(problems.auth)}</p>}
    </fieldset>
  )
}

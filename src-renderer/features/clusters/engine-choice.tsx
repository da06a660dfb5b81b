import { useId } from 'react'
import { useText } from '../../i18n/messages.ts'
import { Field, TextInput } from '../../ui/field.tsx'
import { changeDraft, useDraft } from './draft.ts'
import { messages } from './new-messages.ts'
import { settingsProblems } from './settings-check.ts'

const engines = [
  { engine: 'shoal', label: 'engineShoal', hint: 'engineShoalHint' },
  { engine: 'ray', label: 'engineRay', hint: 'engineRayHint' },
] as const

/** The bundled runtime, or real Ray; and how that gets onto the machines. */
export function EngineChoice() {
  const t = useText(messages)
  const draft = useDraft()
  const name = useId()
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 text-sm font-medium text-soft">{t('engine')}</legend>
      {engines.map(({ engine, label, hint }) => (
        <label key={engine} className="flex min-h-6 items-baseline gap-2">
          <input
            type="radio"
            name={name}
            checked={draft.engine === engine}
            onChange={() => changeDraft({ engine })}
            className="translate-y-0.5 accent-accent"
          />
          <span>
            {t(label)} <span className="text-sm text-soft">— {t(hint)}</span>
          </span>
        </label>
      ))}
      {draft.engine === 'ray' && <RayFields />}
    </fieldset>
  )
}

const fields = [
  { field: 'version', label: 'rayVersion', hint: 'rayVersionHint', placeholder: '2.58.0' },
  { field: 'python', label: 'rayPython', hint: 'rayPythonHint', placeholder: 'python3' },
  { field: 'packages', label: 'rayPackages', hint: 'rayPackagesHint', placeholder: 'torch pandas==2.3.1' },
  { field: 'wheels', label: 'rayWheels', hint: 'rayWheelsHint', placeholder: '' },
] as const

function RayFields() {
  const t = useText(messages)
  const draft = useDraft()
  const problems = settingsProblems(draft, [])
  return (
    <div className="mt-2 ml-6 grid gap-3 sm:grid-cols-2">
      {fields.map(({ field, label, hint, placeholder }) => {
        const problem = problems[field]
        return (
          <Field key={field} label={t(label)} hint={t(hint)} error={problem && t(problem)}>
            {(control) => (
              <TextInput
                {...control}
                value={draft.ray[field]}
                placeholder={placeholder}
                spellCheck={false}
                onChange={(event) => changeDraft({ ray: { ...draft.ray, [field]: event.target.value } })}
                onBlur={() => changeDraft({ ray: { ...draft.ray, [field]: draft.ray[field].trim() } })}
                className="font-mono"
              />
            )}
          </Field>
        )
      })}
    </div>
  )
}
